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

from kcarol.corpus.draws import pick_weighted
from kcarol.corpus.lead_sheet.chords import cut_chords, merge_chords, transpose_chord
from kcarol.corpus.lead_sheet.composed_song import ComposedSong, SectionMetre, draw_song
from kcarol.corpus.lead_sheet.editing import changes_of, cut_notes
from kcarol.corpus.lead_sheet.melody import TuneStyle, draw_melody
from kcarol.corpus.lead_sheet.progressions import draw_progression, lay_chords
from kcarol.corpus.tables import read_table
from kcarol.transcription.lead_sheet import Chord, LeadSheet, Metre, Note, Section

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
class _Material:
    """A section's chords and tune from its own beat 0, the same at every return of the section."""

    chords: list[Chord]
    notes: list[Note]
    name: str
    energy: float
    metre: SectionMetre


@dataclass(frozen=True)
class _Span:
    """Some bars of a section of the form."""

    index: int  # in the form
    first_bar: int
    n_bars: int


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
    rng: np.random.Generator,
    length_s: float | None = None,
    title: str | None = None,
    plain: bool = False,
) -> LeadSheet:
    """A pop song by rules; with `length_s` (seconds) an excerpt of the number of bars nearest to
    it, at least two.

    Metres and their tempi are those of `METRES`, keys are twelve, the tune lies within an octave
    and a fourth of one of the voices of SINGERS_MIDI; some songs change their metre with a section.
    `plain`: 4/4 (85 %) or 3/4, the usual voices. At least one section is sung. Chords tile the
    length; sections too. Raises ValueError for a length that is not positive.
    """
    if length_s is not None and not length_s > 0:
        raise ValueError(
            f"expected a length above 0 s, found {length_s}: give seconds, or None for a whole song"
        )
    form = pick_weighted(rng, _table()["forms"]["forms"].split())
    song = draw_song(rng, plain, form)
    composer = _Composer(rng, song, form)
    spans = composer.whole_form()
    if length_s is not None:
        spans = composer.excerpt(n_bars_within(length_s, song.sheet) * song.sheet.beats_per_bar)
    pieces = [(span, composer.material(span), composer.lift_at(span)) for span in spans]
    return _assemble(song, pieces, title or f"composed {int(rng.integers(2**31))}")


def n_bars_within(length_s: float, sheet: LeadSheet) -> int:
    """The number of the sheet's bars nearest to a length, at least two."""
    return max(2, round(length_s * sheet.tempo_bpm / 60 / sheet.beats_per_bar))


class _Composer:
    """Writes each section of a form once, when it is first needed."""

    def __init__(self, rng: np.random.Generator, song: ComposedSong, form: str):
        self.rng = rng
        self.song = song
        self.form = form
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
        kind = self.metre_of(letter).kind
        doubled = 2 if (kind.beats, kind.division) == (2, 2) else 1
        if letter in "ijo":
            return doubled * pick_weighted(self.rng, (2, 4, 8), (0.25, 0.6, 0.15))
        if letter == "p":
            return doubled * pick_weighted(self.rng, (4, 8), (0.75, 0.25))
        return doubled * pick_weighted(self.rng, (8, 4, 16), (0.75, 0.2, 0.05))

    def metre_of(self, letter: str) -> SectionMetre:
        return self.song.others.get(letter, self.song.metre)

    def _bar(self, span: _Span) -> int:
        """Beats of a bar."""
        return self.metre_of(self.form[span.index]).kind.beats

    def whole_form(self) -> list[_Span]:
        return [_Span(i, 0, self.n_bars[letter]) for i, letter in enumerate(self.form)]

    def excerpt(self, n_beats: int) -> list[_Span]:
        """About `n_beats` beats of the form in whole bars, repeated if needed, four in ten of them
        sung.
        """
        whole = self.whole_form()
        n_repeats = 2 + n_beats // sum(span.n_bars * self._bar(span) for span in whole)
        for attempt in range(EXCERPT_ATTEMPTS):
            first = int(self.rng.integers(len(self.form)))
            late = 0
            if attempt <= 5:
                halfway = self.n_bars[self.form[first]] // 2
                late = pick_weighted(self.rng, (0, halfway), (0.75, 0.25))
            spans = self._cut((whole * n_repeats)[first:], late, n_beats)
            n_bars = sum(span.n_bars for span in spans)
            n_sung = sum(span.n_bars for span in spans if self._is_sung(span))
            if n_sung >= max(2, 0.4 * n_bars) or n_sung == n_bars:
                return spans
        first = self.form.index(self.main_section)
        return self._cut((whole * n_repeats)[first:], 0, n_beats)

    def _cut(self, spans: Sequence[_Span], late: int, n_beats: int) -> list[_Span]:
        """The first `n_beats` beats of whole sections, after `late` bars of the first one; in bars
        of another length as many as come nearest.
        """
        cut: list[_Span] = []
        left = n_beats
        for span in spans:
            first_bar = 0 if cut else late
            n_bars = min(span.n_bars - first_bar, round(left / self._bar(span)))
            if n_bars > 0:
                cut.append(_Span(span.index, first_bar, n_bars))
                left -= n_bars * self._bar(span)
        return cut

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
        metre = self.metre_of(letter)
        bar = metre.kind.beats
        beats_per_chord = _draw_beats_per_chord(rng, bar, song.sheet.tempo_bpm, len(symbols))
        chords = lay_chords(rng, symbols, self.n_bars[letter] * bar, beats_per_chord, song.harmony)
        style = _section_tune_style(rng, song.tune, letter, headroom=self.lift)
        style = _in_division(style, metre.kind.division)
        notes = draw_melody(rng, style, chords, bar, metre.accents) if kind.is_sung else []
        energy = float(np.clip(kind.energy + rng.normal(0, 0.08), 0.1, 1.0))
        return _Material(chords, notes, kind.name, energy, metre)

    def lift_at(self, span: _Span) -> int:
        """Semitones up: from the last chorus on."""
        is_lifted = span.index > 2 and span.index >= self.form.rindex(self.main_section)
        return self.lift if is_lifted else 0


def _draw_beats_per_chord(
    rng: np.random.Generator, bar: int, tempo_bpm: float, n_chords: int
) -> float:
    if bar == 2:
        return float(pick_weighted(rng, (1, 2, 4), (0.1, 0.55, 0.35)))
    if bar != 4:
        return float(pick_weighted(rng, (bar, 2 * bar), (0.75, 0.25)))
    is_slow = tempo_bpm < 95
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
        grid = max(6 if base.division == 2 else 4, grid)
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


def _in_division(style: TuneStyle, division: int) -> TuneStyle:
    """The style in a section whose beats divide otherwise than the song's."""
    if style.division == division:
        return style
    grid = 4 if division == 3 else 6
    return replace(style, division=division, grid=grid, density=min(style.density, 11 / grid))


def _assemble(
    song: ComposedSong, pieces: list[tuple[_Span, _Material, int]], title: str
) -> LeadSheet:
    """Sections one after another, cut to their spans and moved up by the lift."""
    notes: list[Note] = []
    chords: list[Chord] = []
    sections: list[Section] = []
    metres: list[Metre] = []
    at = 0.0
    for span, material, lift in pieces:
        metre = Metre(at, material.metre.kind.beats, material.metre.kind.division)
        start = span.first_bar * metre.beats_per_bar
        length = float(span.n_bars * metre.beats_per_bar)
        section_notes = cut_notes(material.notes, start, start + length, at - start, lift)
        section_chords = cut_chords(material.chords, start, start + length, at - start)
        notes += section_notes
        chords += [transpose_chord(chord, lift) for chord in section_chords]
        energy = round(material.energy, 3)
        accents = material.metre.accents if song.others else ()
        is_sung = bool(section_notes)
        sections.append(Section(material.name, at, length, energy, is_sung, accents))
        metres.append(metre)
        at += length
    return replace(
        song.sheet,
        title=title,
        beats_per_bar=metres[0].beats_per_bar,
        division=metres[0].division,
        changes=changes_of(metres),
        accents=pieces[0][1].metre.accents,
        notes=tuple(notes),
        chords=tuple(merge_chords(chords)),
        sections=tuple(sections),
    )
