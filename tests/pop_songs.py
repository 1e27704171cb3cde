"""Plain pop songs and their arrangements, for tests of arrangers."""

from dataclasses import replace

import numpy as np

from kcarol.corpus.arrangement.pop.arrange import PopArrangement, arrange_pop
from kcarol.transcription.lead_sheet import Chord, LeadSheet, Note, Section, TimeGrid

# what jitter (2.5 to 3 deviations of 20 ms), a grace note and laying back may add up to
LOOSE_S = 0.11


def plain_song(seed: int) -> LeadSheet:
    """A plain song of 8 to 12 bars: intro without tune, verse, chorus; metre, key, tempo and swing
    by the seed.
    """
    rng = np.random.default_rng([7, seed])
    beats = 3 if seed % 4 == 3 else 4
    n_bars, key, swing = int(rng.integers(8, 13)), int(rng.integers(12)), 1 / 3 * (seed % 5 == 0)
    mode = ("major", "minor")[seed % 2]
    roots = (0, 7, 9, 5) if mode == "major" else (0, 8, 3, 10)
    qualities = ("maj", "maj", "min", "maj7") if mode == "major" else ("min", "maj", "maj", "7")
    chords = [
        Chord(beats * b, beats, (key + roots[b % 4]) % 12, qualities[b % 4]) for b in range(n_bars)
    ]
    if mode == "major":
        chords[4] = replace(chords[4], bass=(key + 4) % 12)  # the third in the bass
    notes = []
    for bar in range(2, n_bars):
        tones = [60 + (key + (0, 2, 4, 7, 9)[int(i)]) % 12 for i in rng.integers(0, 5, beats)]
        notes += [
            Note(bar * beats + i, 0.5 if i % 2 else 1.0, pitch)
            for i, pitch in enumerate(tones[: beats - 1])
        ]
    sections = (
        Section("intro", 0, 2 * beats, 0.35, sung=False),
        Section("verse", 2 * beats, 3 * beats, 0.5),
        Section("chorus", 5 * beats, (n_bars - 5) * beats, 0.9),
    )
    return LeadSheet(
        f"song {seed}",
        float(rng.uniform(70, 160)),
        beats,
        key,
        mode,
        tuple(notes),
        tuple(chords),
        sections,
        swing,
    )


def arranged(seed: int, hints=None) -> tuple[LeadSheet, TimeGrid, PopArrangement]:
    sheet = plain_song(seed)
    rng = np.random.default_rng(seed)
    grid = TimeGrid.of(sheet, rng)
    return sheet, grid, arrange_pop(sheet, grid, rng, hints)
