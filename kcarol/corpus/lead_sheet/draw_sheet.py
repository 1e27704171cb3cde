"""Random lead sheets: composed songs, and public-domain tunes in new arrangements."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from kcarol.corpus.draws import pick_weighted
from kcarol.corpus.lead_sheet.chords import merge_chords
from kcarol.corpus.lead_sheet.compose import compose, n_bars_within
from kcarol.corpus.lead_sheet.composed_song import (
    SINGER_SHARES,
    SINGERS_MIDI,
    USUAL_SINGERS,
    draw_swing,
)
from kcarol.corpus.lead_sheet.editing import (
    drums_alone,
    in_compound_time,
    instrumental,
    join,
    n_bars_of,
    transpose,
    trim,
)
from kcarol.corpus.lead_sheet.metres import METRES, composed_accents
from kcarol.corpus.lead_sheet.progressions import Harmony, lay_chords
from kcarol.corpus.lead_sheet.tunes import titles, tune
from kcarol.corpus.tables import read_table, shares
from kcarol.transcription.lead_sheet import TOLERANCE, Chord, LeadSheet

# public-domain tunes that training never sees
VALIDATION_TITLES = (
    "Good King Wenceslas",
    "Away in a Manger",
    "Arirang",
    "Oh Susanna",
    "God Rest Ye Merry, Gentlemen",
)
VALIDATION_SHARE = 1 / 16  # of all seeds
REHARMONISED = 0.3  # share of the tunes
COMPOUND = 0.4  # share of the tunes in three that are played in 6/8
DRUMS_ALONE = 0.15  # share of excerpts in which they play some bars alone


def is_validation_seed(seed: int) -> bool:
    """Whether the composed song of this seed is held out: about one in 16, spread by a hash."""
    return (int(seed) * 2_654_435_761 % 2**32) / 2**32 < VALIDATION_SHARE


def draw_sheet(
    rng: np.random.Generator,
    length_s: float,
    composed_share: float = 0.85,
    validation: bool = False,
    plain: bool = False,
) -> LeadSheet:
    """A lead sheet of about `length_s` seconds: composed, or a public-domain tune in another key,
    tempo and harmony.

    Training and validation never meet: with `validation` only tunes of VALIDATION_TITLES and
    composed songs whose seed has `is_validation_seed(seed)`, without it only the others. A composed
    song's title ends in its seed. `plain`: in 4/4 or 3/4, by the usual voices.
    """
    if rng.random() < composed_share:
        seed = int(rng.integers(2**31))
        while is_validation_seed(seed) != validation:
            seed = int(rng.integers(2**31))
        sheet = compose(
            np.random.default_rng(seed), length_s, title=f"composed {seed}", plain=plain
        )
        return _with_drums_alone(sheet, rng)
    allowed = [title for title in titles() if (title in VALIDATION_TITLES) == validation]
    sheet = vary(tune(pick_weighted(rng, allowed)), rng, plain)
    if rng.random() < REHARMONISED:
        sheet = reharmonise(sheet, rng)
    if not plain and sheet.beats_per_bar == 3 and rng.random() < COMPOUND:
        sheet = in_compound_time(sheet, METRES["6/8"].draw_tempo(rng))
    return _with_drums_alone(_redress(_excerpt(sheet, rng, length_s), rng), rng)


def vary(sheet: LeadSheet, rng: np.random.Generator, plain: bool = False) -> LeadSheet:
    """The sheet in a key in which a singer of SINGERS_MIDI reaches all notes, at .75 to 1.33 times
    its tempo. `plain`: a male or a female one of the usual register.

    A tune too wide for the singer keeps its register within an octave.
    """
    singers = USUAL_SINGERS if plain else tuple(SINGERS_MIDI)
    shifts = range(-24, 25)
    if sheet.notes:
        pitches = [note.pitch for note in sheet.notes]
        bottom, top = SINGERS_MIDI[pick_weighted(rng, singers, SINGER_SHARES[: len(singers)])]
        shifts = [s for s in shifts if bottom <= min(pitches) + s and max(pitches) + s <= top]
    shift = pick_weighted(rng, list(shifts) or range(-5, 6))
    tempo_bpm = sheet.tempo_bpm * np.exp(rng.uniform(np.log(0.75), np.log(1.33)))
    tempo_bpm = float(np.round(np.clip(tempo_bpm, 60, 180), 1))
    return replace(transpose(sheet, shift), tempo_bpm=tempo_bpm)


def reharmonise(sheet: LeadSheet, rng: np.random.Generator) -> LeadSheet:
    """Other diatonic chords that hold the tune's notes; the last chord stays."""
    liking = shares(read_table("lead_sheet", "composing.ini")[sheet.mode]["reharmonisation"])
    candidates = lay_chords(rng, list(liking), len(liking), 1.0, Harmony(sheet.key, sheet.mode))
    chords: list[Chord] = []
    for old in sheet.chords:
        weights = []
        for chord, liked in zip(candidates, liking.values(), strict=True):
            is_same = bool(chords) and chord.root == chords[-1].root
            weights.append(liked * _support(sheet, old, chord) * (0.3 if is_same else 1.0))
        chosen = old if old is sheet.chords[-1] else pick_weighted(rng, candidates, weights)
        chords.append(replace(chosen, start=old.start, length=old.length))
    return replace(sheet, chords=tuple(chords))


def _support(sheet: LeadSheet, span: Chord, chord: Chord) -> float:
    """How well a chord carries the notes of a span: the share of time it holds, sharpened."""
    held, total = 0.05, 0.1
    for note in sheet.notes:
        end = min(note.end, span.end)
        overlap = end - max(note.start, span.start)
        if overlap > 0:
            weight = overlap + (0.5 if abs(note.start - span.start) < 1e-6 else 0.0)
            total += weight
            held += weight * (note.pitch % 12 in chord.pitch_classes)
    return (held / total) ** 4


def _excerpt(sheet: LeadSheet, rng: np.random.Generator, length_s: float) -> LeadSheet:
    """About `length_s` seconds from a phrase on, verses repeated, at times with an intro."""
    n_bars = n_bars_within(length_s, sheet)
    whole = n_bars_of(sheet)
    intro_bars = pick_weighted(rng, (0, 2, 4), (0.65, 0.15, 0.2)) if n_bars >= 8 else 0
    tune_bars = n_bars - intro_bars
    starts = [bar for bar in range(0, whole, 4) if whole - bar >= min(tune_bars, whole)] or [0]
    out = _extended(trim(sheet, pick_weighted(rng, starts), tune_bars), sheet, tune_bars)
    if intro_bars:
        head = trim(sheet, max(0, whole - intro_bars), intro_bars)
        out = join(instrumental(_extended(head, sheet, intro_bars)), out)
    return replace(out, chords=tuple(merge_chords(out.chords)))


def _extended(part: LeadSheet, sheet: LeadSheet, n_bars: int) -> LeadSheet:
    """The part, then `sheet` repeated from its beginning up to `n_bars`."""
    while n_bars_of(part) < n_bars:
        part = join(part, trim(sheet, 0, n_bars - n_bars_of(part)))
    return part


def _redress(sheet: LeadSheet, rng: np.random.Generator) -> LeadSheet:
    """Another groove and other energies for a written tune; sometimes swung."""
    accents = pick_weighted(rng, composed_accents(sheet.beats_per_bar, sheet.division))
    offset = rng.normal(0, 0.12)
    sections = tuple(
        replace(s, energy=round(float(np.clip(s.energy + offset, 0.15, 1)), 3))
        for s in sheet.sections
    )
    is_swung = sheet.division == 2 and rng.random() < 0.12
    swing = draw_swing(rng) if is_swung else sheet.swing
    return replace(sheet, accents=accents, sections=sections, swing=swing)


def _with_drums_alone(sheet: LeadSheet, rng: np.random.Generator) -> LeadSheet:
    """In some sheets, one to four bars of drums as an intro or where a section begins."""
    n_bars = n_bars_of(sheet)
    if n_bars < 8 or rng.random() >= DRUMS_ALONE:
        return sheet
    first_bar = 0
    if rng.random() >= 0.6:
        starts = np.searchsorted(sheet.bar_starts(), [s.start - TOLERANCE for s in sheet.sections])
        first_bar = pick_weighted(rng, [int(bar) for bar in starts if bar <= n_bars - 4])
    n_alone = pick_weighted(rng, (1, 2, 4), (0.3, 0.45, 0.25))
    return drums_alone(sheet, first_bar, n_alone, float(np.round(rng.uniform(0.5, 0.95), 3)))
