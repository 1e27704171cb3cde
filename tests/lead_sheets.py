"""What tests of lead sheets share: sheets to test with, and what every sheet keeps to."""

import numpy as np

from kcarol.corpus.lead_sheet.compose import compose
from kcarol.transcription.lead_sheet import Chord, LeadSheet

TOLERANCE = 1e-6  # beats


def composed(seed: int, length_s: float | None = 20.0) -> LeadSheet:
    return compose(np.random.default_rng(seed), length_s)


def assert_tiles(spans, n_beats: float) -> None:
    ends = [0.0] + [span.end for span in spans]
    assert all(abs(span.start - end) < TOLERANCE for span, end in zip(spans, ends, strict=False))
    assert abs(ends[-1] - n_beats) < TOLERANCE
    assert all(span.length > TOLERANCE for span in spans)


def assert_sound(sheet: LeadSheet) -> None:
    """What every lead sheet keeps to."""
    assert_tiles(sheet.chords, sheet.n_beats)
    assert_tiles(sheet.sections, sheet.n_beats)
    for metre, end in sheet.metre_spans():
        n_bars = (end - metre.start) / metre.beats_per_bar
        assert n_bars >= 1 and abs(n_bars - round(n_bars)) < TOLERANCE
    for note, following in zip(sheet.notes, sheet.notes[1:], strict=False):
        assert note.end <= following.start + TOLERANCE
    assert all(note.length > 0 and note.start >= 0 for note in sheet.notes)
    assert (
        not sheet.notes
        or sheet.notes[-1].start + sheet.notes[-1].length <= sheet.n_beats + TOLERANCE
    )
    for section in sheet.sections:
        inside = [n for n in sheet.notes if section.start - TOLERANCE <= n.start < section.end]
        assert section.sung or not inside
    assert len(sheet.accents) == sheet.division * sheet.beats_per_bar
    assert all(0 <= accent <= 1 for accent in sheet.accents)
    assert 0 <= sheet.swing <= 1 / 3 + TOLERANCE
    assert all(0 <= section.energy <= 1 for section in sheet.sections)


def chord_at(sheet: LeadSheet, beat: float) -> Chord:
    return next(c for c in reversed(sheet.chords) if c.start <= beat + TOLERANCE)


def strong_notes(sheet: LeadSheet) -> list[bool]:
    """Of the notes on strong beats: whether they belong to the chord."""
    strong = (0.0, 2.0) if sheet.beats_per_bar == 4 else (0.0,)
    return [
        note.pitch % 12 in chord_at(sheet, note.start).pitch_classes
        for note in sheet.notes
        if min(abs(note.start % sheet.beats_per_bar - beat) for beat in strong) < TOLERANCE
    ]
