"""Pop songs composed by rules.

A song's carol depends only on its lead sheet, so everything that the converter has to hear varies
here: tempo, metre, key, harmony, form, tune. The sound is drawn later, by the
arrangements.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache

import numpy as np

from kcarol.corpus.draws import pick, pick_weighted
from kcarol.corpus.lead_sheet.chords import cut_chords, merge_chords, transpose_chord
from kcarol.corpus.lead_sheet.editing import cut_notes
from kcarol.corpus.lead_sheet.melody import TuneStyle, draw_melody, draw_tune_scale
from kcarol.corpus.lead_sheet.progressions import Harmony, draw_progression, lay_chords
from kcarol.corpus.tables import floats, read_table, rows
from kcarol.transcription.lead_sheet import Chord, LeadSheet, Note, Section

SINGERS_MIDI = {"male": (45, 67), "female": (55, 79)}
MAX_RANGE = 17  # semitones: an octave and a fourth
LIFTED = 0.15  # share of songs whose last chorus goes up by one or two semitones
ONE_LOOP = 0.3  # share of songs whose verse has the chorus's chords
# sections that take the chords of others
BORROWED_CHORDS = {"i": "c", "o": "c", "d": "c", "j": "v"}
EXCERPT_ATTEMPTS = 12  # to find an excerpt with enough singing


@dataclass(frozen=True)
class _SectionKind:
    name: str
    energy: float
    is_sung: bool
    centre: float  # where in the singer's range, 0 to 1


@dataclass(frozen=True)
class _Song:
    """What all sections of a composed song share."""

    sheet: LeadSheet  # without notes, chords and sections
    harmony: Harmony
    tune: TuneStyle


@dataclass(frozen=True)
class _Material:
    """A section's chords and tune from its own beat 0, the same at every return of the section."""

    chords: list[Chord]
    notes: list[Note]
    name: str
    energy: float


@dataclass(frozen=True)
class _Span:
    """Some bars of a section of the form."""

    index: int  # in the form
    first_bar: int
    n_bars: int


@cache
def composed_accents(beats_per_bar: int) -> list[tuple[float, ...]]:
    """Grooves of composed songs: how strong each eighth of a bar is."""
    return [floats(row) for row in rows(_table()["accents"][str(beats_per_bar)])]


@cache
def _section_kinds() -> dict[str, _SectionKind]:
    """By the letter that stands for the section in a form."""
    kinds = {letter: row.split() for letter, row in _table()["sections"].items()}
    return {
        letter: _SectionKind(name, float(energy), how == "sung", float(centre))
        for letter, (name, energy, how, centre) in kinds.items()
    }


def _table():
    return read_table("lead_sheet", "composing.ini")


def compose(
    rng: np.random.Generator, length_s: float | None = None, title: str | None = None
) -> LeadSheet:
    """A pop song by rules; with `length_s` (seconds) an excerpt of the number of bars nearest to
    it, at least two.

    Tempo 60 to 180 bpm, 4/4 (85 %) or 3/4, twelve keys, tune within an octave and a fourth of a
    male (MIDI 45 to 67) or female (55 to 79) voice. At least one section is sung. Chords tile the
    length; sections too. Raises ValueError for a length that is not positive.
    """
    if length_s is not None and not length_s > 0:
        raise ValueError(
            f"expected a length above 0 s, found {length_s}: give seconds, or None for a whole song"
        )
    song = _draw_song(rng)
    composer = _Composer(rng, song)
    spans = composer.whole_form()
    if length_s is not None:
        spans = composer.excerpt(n_bars_within(length_s, song.sheet))
    pieces = [(span, composer.material(span), composer.lift_at(span)) for span in spans]
    return _assemble(song, pieces, title or f"composed {int(rng.integers(2**31))}")


def n_bars_within(length_s: float, sheet: LeadSheet) -> int:
    """The number of the sheet's bars nearest to a length, at least two."""
    return max(2, round(length_s * sheet.tempo_bpm / 60 / sheet.beats_per_bar))


def _draw_song(rng: np.random.Generator) -> _Song:
    beats_per_bar = pick_weighted(rng, (4, 3), (0.85, 0.15))
    tempo_bpm = _draw_tempo(rng, beats_per_bar)
    key = int(rng.integers(12))
    mode = pick_weighted(rng, ("major", "minor"), (0.6, 0.4))
    low, high = _draw_range(rng)
    scale = draw_tune_scale(rng, key, mode)
    groove = np.array(pick_weighted(rng, composed_accents(beats_per_bar)))
    accents = np.clip(groove + rng.normal(0, 0.06, len(groove)), 0, 1)
    tune = _draw_tune_style(rng, tempo_bpm, low, high, scale)
    is_swung = tune.grid != 4 and rng.random() < 0.2
    swing = draw_swing(rng) if is_swung else 0.0
    accents = tuple(round(float(accent), 2) for accent in accents)
    richness = pick(rng, (0.0, 0.15, 0.4, 0.85))
    approach = pick(rng, (0.0, 0.0, 0.1, 0.2, 0.4))
    sheet = LeadSheet("", tempo_bpm, beats_per_bar, key, mode, (), (), (), swing, accents)
    return _Song(sheet, Harmony(key, mode, richness, approach), tune)


def draw_swing(rng: np.random.Generator) -> float:
    return float(np.round(rng.uniform(0.08, 1 / 3), 3))


def _draw_tempo(rng: np.random.Generator, beats_per_bar: int) -> float:
    if beats_per_bar == 3:
        return float(np.round(rng.uniform(75, 180), 1))
    tempo_bpm = rng.uniform(60, 180) if rng.random() < 0.55 else rng.normal(112, 20)
    return float(np.round(np.clip(tempo_bpm, 60, 180), 1))


def _draw_range(rng: np.random.Generator) -> tuple[int, int]:
    low, high = SINGERS_MIDI[pick_weighted(rng, ("male", "female"))]
    width = int(rng.integers(11, MAX_RANGE + 1))
    bottom = int(rng.integers(low, high - width + 1))
    return bottom, bottom + width


def _draw_tune_style(
    rng: np.random.Generator, tempo_bpm: float, low: int, high: int, scale: tuple[int, ...]
) -> TuneStyle:
    grid = _draw_grid(rng, tempo_bpm)
    notes_per_s = float(np.clip(np.exp(rng.normal(1.05, 0.4)), 0.9, 5.0))
    is_wordy = rng.random() < 0.12  # close to rap: many repeated notes
    if is_wordy:
        notes_per_s *= 1.4
    return TuneStyle(
        low=low,
        high=high,
        scale=scale,
        grid=grid,
        density=min(notes_per_s * 60 / tempo_bpm, 11 / grid),
        syncopation=float(rng.beta(1.5, 2.5)),
        anticipation=float(rng.beta(1.0, 4.0)),
        leaps=float(rng.uniform(0.3, 1.8)),
        repeats=float(rng.uniform(3, 7)) if is_wordy else float(rng.uniform(0.5, 1.8)),
        rest=float(rng.uniform(0.0, 0.5)),
        late_start=float(rng.uniform(0, 0.5)),
        staccato=pick(rng, (0.0, 0.1, 0.35)),
    )


def _draw_grid(rng: np.random.Generator, tempo_bpm: float) -> int:
    """Finest step of the tune in ticks: sixteenths only where they are not hurried."""
    if tempo_bpm < 84:
        return pick_weighted(rng, (3, 6, 4), (0.5, 0.42, 0.08))
    if tempo_bpm < 108:
        return pick_weighted(rng, (3, 6, 4), (0.3, 0.64, 0.06))
    return pick_weighted(rng, (6, 12), (0.85, 0.15))


class _Composer:
    """Draws a form and writes each of its sections once, when it is first needed."""

    def __init__(self, rng: np.random.Generator, song: _Song):
        self.rng = rng
        self.song = song
        self.form: str = pick_weighted(rng, _table()["forms"]["forms"].split())
        # semitones that the last chorus goes up
        self.lift = int(rng.integers(1, 3)) if rng.random() < LIFTED else 0
        self.n_bars = {letter: self._draw_bars(letter) for letter in _section_kinds()}
        self.symbols = {letter: draw_progression(rng, song.harmony.mode) for letter in "cv"}
        if rng.random() < ONE_LOOP:
            self.symbols["v"] = self.symbols["c"]
        self.written: dict[str, _Material] = {}

    @property
    def main_section(self) -> str:
        return "c" if "c" in self.form else "v"

    def _draw_bars(self, letter: str) -> int:
        if letter in "ijo":
            return pick_weighted(self.rng, (2, 4, 8), (0.25, 0.6, 0.15))
        if letter == "p":
            return pick_weighted(self.rng, (4, 8), (0.75, 0.25))
        return pick_weighted(self.rng, (8, 4, 16), (0.75, 0.2, 0.05))

    def whole_form(self) -> list[_Span]:
        return [_Span(i, 0, self.n_bars[letter]) for i, letter in enumerate(self.form)]

    def excerpt(self, n_bars: int) -> list[_Span]:
        """`n_bars` bars of the form, repeated if needed, four in ten of them sung."""
        whole = self.whole_form()
        n_repeats = 2 + n_bars // sum(span.n_bars for span in whole)
        for attempt in range(EXCERPT_ATTEMPTS):
            first = int(self.rng.integers(len(self.form)))
            late = 0
            if attempt <= 5:
                halfway = self.n_bars[self.form[first]] // 2
                late = pick_weighted(self.rng, (0, halfway), (0.75, 0.25))
            spans = _cut((whole * n_repeats)[first:], late, n_bars)
            n_sung = sum(span.n_bars for span in spans if self._is_sung(span))
            if n_sung >= max(2, 0.4 * n_bars) or n_sung == n_bars:
                return spans
        first = self.form.index(self.main_section)
        return _cut((whole * n_repeats)[first:], 0, n_bars)

    def _is_sung(self, span: _Span) -> bool:
        return _section_kinds()[self.form[span.index]].is_sung

    def material(self, span: _Span) -> _Material:
        letter = self.form[span.index]
        if letter not in self.written:
            source = BORROWED_CHORDS.get(letter, letter)
            if source not in self.symbols:
                self.symbols[source] = draw_progression(self.rng, self.song.harmony.mode)
            self.written[letter] = self._write(letter, self.symbols[source])
        return self.written[letter]

    def _write(self, letter: str, symbols: list[str]) -> _Material:
        rng, song, kind = self.rng, self.song, _section_kinds()[letter]
        bar = song.sheet.beats_per_bar
        beats_per_chord = _draw_beats_per_chord(rng, song.sheet, len(symbols))
        chords = lay_chords(rng, symbols, self.n_bars[letter] * bar, beats_per_chord, song.harmony)
        style = _section_tune_style(rng, song.tune, letter, headroom=self.lift)
        notes = draw_melody(rng, style, chords, bar, song.sheet.accents) if kind.is_sung else []
        energy = float(np.clip(kind.energy + rng.normal(0, 0.08), 0.1, 1.0))
        return _Material(chords, notes, kind.name, energy)

    def lift_at(self, span: _Span) -> int:
        """Semitones up: from the last chorus on."""
        is_lifted = span.index > 2 and span.index >= self.form.rindex(self.main_section)
        return self.lift if is_lifted else 0


def _cut(spans: Sequence[_Span], late: int, n_bars: int) -> list[_Span]:
    """The first `n_bars` bars of whole sections, after `late` bars of the first one."""
    cut: list[_Span] = []
    for span in spans:
        first_bar = 0 if cut else late
        length = min(span.n_bars - first_bar, n_bars - sum(done.n_bars for done in cut))
        if length > 0:
            cut.append(_Span(span.index, first_bar, length))
    return cut


def _draw_beats_per_chord(rng: np.random.Generator, sheet: LeadSheet, n_chords: int) -> float:
    if sheet.beats_per_bar == 3:
        return float(pick_weighted(rng, (3, 6), (0.75, 0.25)))
    is_slow = sheet.tempo_bpm < 95
    if n_chords > 4:
        weights = (0.10, 0.50, 0.40, 0.0) if is_slow else (0.04, 0.52, 0.44, 0.0)
    else:
        weights = (0.07, 0.30, 0.53, 0.10) if is_slow else (0.02, 0.20, 0.54, 0.24)
    return float(pick_weighted(rng, (1, 2, 4, 8), weights))


def _section_tune_style(
    rng: np.random.Generator, base: TuneStyle, letter: str, headroom: int
) -> TuneStyle:
    """The song's singing style, varied for one section."""
    density = base.density * rng.uniform(0.75, 1.25)
    repeats = base.repeats
    grid = base.grid
    trait = rng.random()
    if letter in "cb" and trait < 0.2:  # long held notes
        density = base.density * 0.5
        grid = max(6, grid)
    elif letter in "vc" and trait > 0.9:  # a chanted hook
        density = min(base.density * 1.5, 11 / grid)
        repeats = 5.0
    centre = _section_kinds()[letter].centre + rng.normal(0, 0.06)
    return replace(
        base,
        high=base.high - headroom,
        density=float(np.clip(density, 0.3, 12 / grid)),
        grid=grid,
        repeats=repeats,
        centre=float(np.clip(centre, 0.25, 0.8)),
        rest=float(np.clip(base.rest * rng.uniform(0.5, 1.5), 0, 0.6)),
    )


def _assemble(song: _Song, pieces: list[tuple[_Span, _Material, int]], title: str) -> LeadSheet:
    """Sections one after another, cut to their spans and moved up by the lift."""
    notes: list[Note] = []
    chords: list[Chord] = []
    sections: list[Section] = []
    at = 0.0
    for span, material, lift in pieces:
        start = span.first_bar * song.sheet.beats_per_bar
        length = float(span.n_bars * song.sheet.beats_per_bar)
        section_notes = cut_notes(material.notes, start, start + length, at - start, lift)
        section_chords = cut_chords(material.chords, start, start + length, at - start)
        notes += section_notes
        chords += [transpose_chord(chord, lift) for chord in section_chords]
        energy = round(material.energy, 3)
        sections.append(Section(material.name, at, length, energy, bool(section_notes)))
        at += length
    return replace(
        song.sheet,
        title=title,
        notes=tuple(notes),
        chords=tuple(merge_chords(chords)),
        sections=tuple(sections),
    )
