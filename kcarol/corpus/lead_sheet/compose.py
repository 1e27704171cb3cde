"""Lead sheets without end: pop songs composed by rules, public-domain tunes, and variations of
both.

The carol that a song becomes depends on its lead sheet only, so what varies here is what the
converter has to hear: tempo, metre, key, harmony, form, tune. How it sounds is drawn later, by the
arrangements.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from kcarol.corpus.lead_sheet.harmony import draw_progression, lay, pick, transpose_chord
from kcarol.corpus.lead_sheet.melody import TuneStyle, sing, tune_scale
from kcarol.corpus.lead_sheet.tunes import TITLES, tune
from kcarol.transcription.lead_sheet import Chord, LeadSheet, Note, Section

# public-domain tunes that training never sees
VALIDATION_TITLES = (
    "Good King Wenceslas",
    "Away in a Manger",
    "Arirang",
    "Oh Susanna",
    "God Rest Ye Merry, Gentlemen",
)
VALIDATION_SHARE = 1 / 16  # of all seeds
DRUMS_ALONE = 0.15  # share of excerpts in which they play some bars by themselves
SINGERS_MIDI = {"male": (45, 67), "female": (55, 79)}
MAX_RANGE = 17  # semitones: an octave and a fourth

# groove of a bar in eighths
GROOVES_4 = (
    (1.0, 0.3, 0.6, 0.3, 0.9, 0.3, 0.6, 0.3),
    (1.0, 0.2, 1.0, 0.2, 1.0, 0.2, 1.0, 0.2),
    (1.0, 0.1, 0.5, 0.9, 0.2, 0.4, 0.9, 0.3),
    (1.0, 0.1, 0.2, 0.9, 0.1, 0.2, 0.8, 0.2),
    (1.0, 0.2, 0.9, 0.2, 0.5, 0.8, 0.9, 0.2),
    (0.9, 0.6, 0.5, 0.8, 0.4, 0.8, 0.6, 0.5),
    (1.0, 0.0, 0.1, 0.2, 0.8, 0.0, 0.1, 0.4),
    (1.0, 0.7, 0.8, 0.7, 0.9, 0.7, 0.8, 0.7),
    (0.8, 0.2, 0.2, 1.0, 0.6, 0.2, 0.9, 0.2),
    (1.0, 0.1, 0.1, 0.7, 0.9, 0.1, 0.7, 0.1),
    (0.9, 0.3, 0.4, 0.3, 0.9, 0.8, 0.4, 0.6),
)
GROOVES_3 = (
    (1.0, 0.2, 0.6, 0.2, 0.6, 0.2),
    (1.0, 0.1, 0.3, 0.1, 0.5, 0.1),
    (1.0, 0.4, 0.6, 0.4, 0.7, 0.4),
    (1.0, 0.0, 0.2, 0.8, 0.2, 0.2),
    (1.0, 0.1, 0.8, 0.1, 0.3, 0.4),
)
# sections of a song, one letter each (see SECTIONS)
FORMS = (
    "ivvpcjvpcbcco",
    "ivpcvpcbco",
    "ivcvcbco",
    "vpcjvpcbc",
    "civcvcco",
    "vvbvjbvo",
    "ipcvpcbccoo",
    "ivvcivcdco",
    "vcvcbcc",
    "ivpdvpdbdo",
    "cvcvjcc",
    "ivvjvvo",
)
# letter -> name, energy, sung, where in the singer's range
SECTIONS = {
    "i": ("intro", 0.35, False, 0.5),
    "v": ("verse", 0.5, True, 0.38),
    "p": ("prechorus", 0.65, True, 0.5),
    "c": ("chorus", 0.9, True, 0.65),
    "b": ("bridge", 0.5, True, 0.55),
    "j": ("interlude", 0.7, False, 0.5),
    "d": ("drop", 1.0, False, 0.5),
    "o": ("outro", 0.4, False, 0.45),
}


@dataclass(frozen=True)
class _Song:
    """What all sections of a composed song share."""

    tempo_bpm: float
    beats_per_bar: int
    key: int
    mode: str
    low: int  # MIDI, range of the tune
    high: int
    scale: tuple[int, ...]
    accents: tuple[float, ...]
    swing: float
    richness: float  # share of chords with sevenths and the like
    approach: float  # chance of secondary dominants
    base: TuneStyle


@dataclass(frozen=True)
class _Material:
    """A section's chords and tune, from its own beat 0; every return of the section uses the same."""

    n_bars: int
    chords: list[Chord]
    notes: list[Note]
    name: str
    energy: float


def is_validation_seed(seed: int) -> bool:
    """Whether a composed song of this seed is held out: about one seed in sixteen, spread by a
    hash.
    """
    return (int(seed) * 2_654_435_761 % 2**32) / 2**32 < VALIDATION_SHARE


def _draw_tempo(rng: np.random.Generator, beats_per_bar: int) -> float:
    if beats_per_bar == 3:
        return float(np.round(rng.uniform(75, 180), 1))
    tempo = rng.uniform(60, 180) if rng.random() < 0.55 else rng.normal(112, 20)
    return float(np.round(np.clip(tempo, 60, 180), 1))


def _draw_range(rng: np.random.Generator) -> tuple[int, int]:
    low, high = SINGERS_MIDI[pick(rng, ("male", "female"))]
    width = int(rng.integers(11, MAX_RANGE + 1))
    bottom = int(rng.integers(low, high - width + 1))
    return bottom, bottom + width


def _draw_grid(rng: np.random.Generator, tempo_bpm: float) -> int:
    """Finest step of the tune in ticks: sixteenths only where they are not hurried."""
    if tempo_bpm < 84:
        return pick(rng, (3, 6, 4), (0.5, 0.42, 0.08))
    if tempo_bpm < 108:
        return pick(rng, (3, 6, 4), (0.3, 0.64, 0.06))
    return pick(rng, (6, 12), (0.85, 0.15))


def _draw_song(rng: np.random.Generator) -> _Song:
    beats_per_bar = pick(rng, (4, 3), (0.85, 0.15))
    tempo = _draw_tempo(rng, beats_per_bar)
    key = int(rng.integers(12))
    mode = pick(rng, ("major", "minor"), (0.6, 0.4))
    low, high = _draw_range(rng)
    scale = tune_scale(rng, key, mode)
    groove = pick(rng, GROOVES_4 if beats_per_bar == 4 else GROOVES_3)
    accents = tuple(
        round(float(a), 2)
        for a in np.clip(np.array(groove) + rng.normal(0, 0.06, len(groove)), 0, 1)
    )
    grid = _draw_grid(rng, tempo)
    per_second = float(np.clip(np.exp(rng.normal(1.05, 0.4)), 0.9, 5.0))
    is_wordy = rng.random() < 0.12  # close to rap: many repeated notes
    base = TuneStyle(
        low=low,
        high=high,
        scale=scale,
        grid=grid,
        density=min(per_second * (1.4 if is_wordy else 1.0) * 60 / tempo, 11 / grid),
        syncopation=float(rng.beta(1.5, 2.5)),
        anticipation=float(rng.beta(1.0, 4.0)),
        leaps=float(rng.uniform(0.3, 1.8)),
        repeats=float(rng.uniform(3, 7)) if is_wordy else float(rng.uniform(0.5, 1.8)),
        rest=float(rng.uniform(0.0, 0.5)),
        late_start=float(rng.uniform(0, 0.5)),
        staccato=float(rng.choice([0, 0.1, 0.35])),
    )
    swing = 0.0
    if grid != 4 and rng.random() < 0.2:
        swing = float(np.round(rng.uniform(0.08, 1 / 3), 3))
    return _Song(
        tempo,
        beats_per_bar,
        key,
        mode,
        low,
        high,
        scale,
        accents,
        swing,
        richness=float(rng.choice([0.0, 0.15, 0.4, 0.85])),
        approach=float(rng.choice([0.0, 0.0, 0.1, 0.2, 0.4])),
        base=base,
    )


def _section_style(rng: np.random.Generator, song: _Song, letter: str, headroom: int) -> TuneStyle:
    """The song's way of singing, bent for one section."""
    base = song.base
    density, repeats, grid = base.density * rng.uniform(0.75, 1.25), base.repeats, base.grid
    trait = rng.random()
    if letter in "cb" and trait < 0.2:  # long held notes
        density, grid = base.density * 0.5, max(6, base.grid)
    elif letter in "vc" and trait > 0.9:  # a chanted hook
        density, repeats = min(base.density * 1.5, 11 / grid), 5.0
    return replace(
        base,
        high=base.high - headroom,
        density=float(np.clip(density, 0.3, 12 / grid)),
        grid=grid,
        repeats=repeats,
        centre=float(np.clip(SECTIONS[letter][3] + rng.normal(0, 0.06), 0.25, 0.8)),
        rest=float(np.clip(base.rest * rng.uniform(0.5, 1.5), 0, 0.6)),
    )


def _draw_beats_per_chord(rng: np.random.Generator, song: _Song, n_chords: int) -> float:
    bar = song.beats_per_bar
    if bar == 3:
        return float(pick(rng, (3, 6), (0.75, 0.25)))
    slow = song.tempo_bpm < 95
    weights = (0.07, 0.30, 0.53, 0.10) if slow else (0.02, 0.20, 0.54, 0.24)
    if n_chords > 4:
        weights = (0.10, 0.50, 0.40, 0.0) if slow else (0.04, 0.52, 0.44, 0.0)
    return float(pick(rng, (1, 2, 4, 8), weights))


def _write_section(
    rng: np.random.Generator,
    song: _Song,
    letter: str,
    n_bars: int,
    symbols: list[str],
    headroom: int,
) -> _Material:
    name, energy, sung, _ = SECTIONS[letter]
    n_beats = n_bars * song.beats_per_bar
    per_chord = _draw_beats_per_chord(rng, song, len(symbols))
    chords = lay(
        rng, symbols, n_beats, per_chord, song.key, song.mode, song.richness, song.approach
    )
    style = _section_style(rng, song, letter, headroom)
    notes = sing(rng, style, chords, song.beats_per_bar, song.accents) if sung else []
    return _Material(
        n_bars, chords, notes, name, float(np.clip(energy + rng.normal(0, 0.08), 0.1, 1.0))
    )


class _Composer:
    """Writes each section of a song once, when it is first needed."""

    def __init__(self, rng: np.random.Generator, song: _Song):
        self.rng, self.song = rng, song
        self.form = pick(rng, FORMS)
        self.lift = int(rng.integers(1, 3)) if rng.random() < 0.15 else 0  # the last chorus goes up
        self.n_bars = {letter: self._draw_bars(letter) for letter in SECTIONS}
        self.symbols = {
            "c": draw_progression(rng, song.mode),
            "v": draw_progression(rng, song.mode),
        }
        if rng.random() < 0.3:
            self.symbols["v"] = self.symbols["c"]  # one loop through the song
        self.written: dict[str, _Material] = {}

    def _draw_bars(self, letter: str) -> int:
        if letter in "ijo":
            return pick(self.rng, (2, 4, 8), (0.25, 0.6, 0.15))
        if letter == "p":
            return pick(self.rng, (4, 8), (0.75, 0.25))
        return pick(self.rng, (8, 4, 16), (0.75, 0.2, 0.05))

    def material(self, letter: str) -> _Material:
        if letter not in self.written:
            source = {"i": "c", "o": "c", "d": "c", "j": "v"}.get(letter, letter)
            if source not in self.symbols:
                self.symbols[source] = draw_progression(self.rng, self.song.mode)
            self.written[letter] = _write_section(
                self.rng, self.song, letter, self.n_bars[letter], self.symbols[source], self.lift
            )
        return self.written[letter]

    def lift_at(self, i: int) -> int:
        """Semitones up at the i-th section of the form: from the last chorus on."""
        return (
            self.lift
            if self.lift and i >= self.form.rindex("c" if "c" in self.form else "v") and i > 2
            else 0
        )

    def window(self, n_bars: int) -> list[tuple[int, int, int]]:
        """(index in the form, first bar, number of bars) of an excerpt of `n_bars` bars; the form
        repeats at need.
        """
        spans = [(i, 0, self.n_bars[letter]) for i, letter in enumerate(self.form)]
        total = sum(span[2] for span in spans)
        spans *= 2 + n_bars // total
        best: list[tuple[int, int, int]] = []
        for attempt in range(12):
            first = int(self.rng.integers(len(self.form)))
            late = (
                0
                if attempt > 5
                else int(pick(self.rng, (0, self.n_bars[self.form[first]] // 2), (0.75, 0.25)))
            )
            best = _cut(spans[first:], late, n_bars)
            sung = sum(count for i, _, count in best if SECTIONS[self.form[i]][2])
            if sung >= max(2, 0.4 * n_bars) or sung == n_bars:
                return best
        first = self.form.index("c" if "c" in self.form else "v")
        return _cut(spans[first:], 0, n_bars)


def _cut(spans: list[tuple[int, int, int]], late: int, n_bars: int) -> list[tuple[int, int, int]]:
    """The first `n_bars` bars of the spans, after `late` bars."""
    out, left = [], n_bars
    for i, (index, _, count) in enumerate(spans):
        first = late if i == 0 else 0
        take = min(count - first, left)
        if take > 0:
            out.append((index, first, take))
            left -= take
        if left <= 0:
            break
    return out


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
    whole = sum(composer.n_bars[letter] for letter in composer.form)
    n_bars = (
        whole if length_s is None else _bars_nearest(length_s, song.tempo_bpm, song.beats_per_bar)
    )
    window = [(i, 0, composer.n_bars[s]) for i, s in enumerate(composer.form)]
    if length_s is not None:
        window = composer.window(n_bars)
    pieces = []
    for i, first, count in window:
        pieces.append((composer.material(composer.form[i]), first, count, composer.lift_at(i)))
    return _assemble(song, pieces, title or f"composed {int(rng.integers(2**31))}")


def _bars_nearest(length_s: float, tempo_bpm: float, beats_per_bar: int) -> int:
    return max(2, round(length_s * tempo_bpm / 60 / beats_per_bar))


def _assemble(song: _Song, pieces: list[tuple[_Material, int, int, int]], title: str) -> LeadSheet:
    """Sections one after another, cut to (first bar, number of bars) and moved up by the lift."""
    notes: list[Note] = []
    chords: list[Chord] = []
    sections: list[Section] = []
    at = 0.0
    for material, first, count, lift in pieces:
        start, length = first * song.beats_per_bar, count * song.beats_per_bar
        cut = _cut_notes(material.notes, start, start + length, at - start, lift)
        for chord in _cut_chords(material.chords, start, start + length, at - start):
            chords.append(transpose_chord(chord, lift))
        sections.append(
            Section(material.name, at, float(length), round(material.energy, 3), bool(cut))
        )
        notes += cut
        at += length
    return LeadSheet(
        title,
        song.tempo_bpm,
        song.beats_per_bar,
        song.key,
        song.mode,
        tuple(notes),
        tuple(_merge(chords)),
        tuple(sections),
        song.swing,
        song.accents,
    )


def _cut_notes(notes, start: float, end: float, shift: float, semitones: int = 0) -> list[Note]:
    """Notes that begin within [start, end) beats, ended there, moved by `shift` beats and by
    semitones.
    """
    return [
        Note(n.start + shift, min(n.length, end - n.start), n.pitch + semitones)
        for n in notes
        if start - 1e-9 <= n.start < end - 1e-9
    ]


def _cut_chords(chords, start: float, end: float, shift: float) -> list[Chord]:
    out = []
    for chord in chords:
        first, last = max(chord.start, start), min(chord.start + chord.length, end)
        if last - first > 1e-9:
            out.append(replace(chord, start=first + shift, length=last - first))
    return out


def _merge(chords: list[Chord]) -> list[Chord]:
    """Neighbours that are the same chord become one, up to four bars of four."""
    out: list[Chord] = []
    for chord in chords:
        last = out[-1] if out else None
        same = last and replace(last, start=chord.start, length=chord.length) == chord
        if same and last.length + chord.length <= 16:
            out[-1] = replace(last, length=last.length + chord.length)
        else:
            out.append(chord)
    return out


def trim(sheet: LeadSheet, first_bar: int, n_bars: int) -> LeadSheet:
    """The bars [first_bar, first_bar + n_bars) of a sheet as a sheet of their own; fewer where it
    ends before.

    Raises ValueError where nothing is left.
    """
    start = first_bar * sheet.beats_per_bar
    end = min(start + n_bars * sheet.beats_per_bar, sheet.n_beats)
    if not 0 <= start < end:
        raise ValueError(
            f"expected bars within the sheet's {sheet.n_beats / sheet.beats_per_bar:.0f}, found {first_bar} to "
            f"{first_bar + n_bars}: ask for bars that it has"
        )
    notes = _cut_notes(sheet.notes, start, end, -start)
    chords = _cut_chords(sheet.chords, start, end, -start)
    sections = []
    for section in sheet.sections:
        first, last = max(section.start, start), min(section.start + section.length, end)
        if last - first > 1e-9:
            sung = any(first - start - 1e-9 <= n.start < last - start - 1e-9 for n in notes)
            sections.append(replace(section, start=first - start, length=last - first, sung=sung))
    return replace(sheet, notes=tuple(notes), chords=tuple(chords), sections=tuple(sections))


def join(first: LeadSheet, second: LeadSheet) -> LeadSheet:
    """One sheet after the other; tempo, key, groove and title are the first's."""
    at = first.n_beats
    return replace(
        first,
        notes=first.notes + tuple(replace(n, start=n.start + at) for n in second.notes),
        chords=first.chords + tuple(replace(c, start=c.start + at) for c in second.chords),
        sections=first.sections + tuple(replace(s, start=s.start + at) for s in second.sections),
    )


def transpose(sheet: LeadSheet, semitones: int) -> LeadSheet:
    """The sheet in another key: tune, chords, key."""
    return replace(
        sheet,
        key=(sheet.key + semitones) % 12,
        notes=tuple(replace(note, pitch=note.pitch + semitones) for note in sheet.notes),
        chords=tuple(transpose_chord(chord, semitones) for chord in sheet.chords),
    )


def instrumental(sheet: LeadSheet, name: str = "intro", energy: float = 0.4) -> LeadSheet:
    """The sheet without its tune, as one section that is not sung."""
    return replace(sheet, notes=(), sections=(Section(name, 0.0, sheet.n_beats, energy, False),))


def drums_alone(sheet: LeadSheet, first_bar: int, n_bars: int, energy: float = 0.7) -> LeadSheet:
    """The sheet with bars in which only the drums play: no tune, silent chords, one section of
    `energy`.
    """
    n_left = round(sheet.n_beats / sheet.beats_per_bar) - first_bar - n_bars
    bars = instrumental(trim(sheet, first_bar, n_bars), "drums", energy)
    out = replace(bars, chords=tuple(replace(chord, silent=True) for chord in bars.chords))
    out = join(trim(sheet, 0, first_bar), out) if first_bar else out
    return join(out, trim(sheet, first_bar + n_bars, n_left)) if n_left > 0 else out


def _draw_drums_alone(sheet: LeadSheet, rng: np.random.Generator) -> LeadSheet:
    """In some sheets of eight bars and more: one to four bars of drums, as an intro or where a
    section begins.
    """
    n_all = round(sheet.n_beats / sheet.beats_per_bar)
    if n_all < 8 or rng.random() >= DRUMS_ALONE:
        return sheet
    starts = [round(section.start / sheet.beats_per_bar) for section in sheet.sections]
    first = 0 if rng.random() < 0.6 else pick(rng, [bar for bar in starts if bar <= n_all - 4])
    return drums_alone(
        sheet,
        first,
        pick(rng, (1, 2, 4), (0.3, 0.45, 0.25)),
        float(np.round(rng.uniform(0.5, 0.95), 3)),
    )


def vary(sheet: LeadSheet, rng: np.random.Generator) -> LeadSheet:
    """The sheet in a key drawn so that a male or a female singer reaches all notes, at a tempo of
    .75 to 1.33 times.

    A tune too wide for either keeps its register within an octave.
    """
    shifts = range(-24, 25)
    if sheet.notes:
        low, high = min(n.pitch for n in sheet.notes), max(n.pitch for n in sheet.notes)
        bottom, top = SINGERS_MIDI[pick(rng, ("male", "female"))]
        shifts = [s for s in shifts if bottom <= low + s and high + s <= top]
    shift = int(pick(rng, list(shifts) or range(-5, 6)))
    tempo = sheet.tempo_bpm * np.exp(rng.uniform(np.log(0.75), np.log(1.33)))
    tempo = float(np.round(np.clip(tempo, 60, 180), 1))
    return replace(transpose(sheet, shift), tempo_bpm=tempo)


def reharmonise(sheet: LeadSheet, rng: np.random.Generator) -> LeadSheet:
    """Other chords under the same tune: diatonic triads and sevenths that hold what the tune holds
    meanwhile.
    """
    degrees = {
        "major": (
            ("1", 1.0),
            ("2m7", 0.7),
            ("3m", 0.5),
            ("4", 1.0),
            ("5", 1.0),
            ("6m", 1.0),
            ("57", 0.6),
            ("4maj7", 0.5),
            ("1maj7", 0.4),
            ("4m", 0.15),
            ("b7", 0.15),
            ("27", 0.15),
        ),
        "minor": (
            ("1m", 1.0),
            ("b3", 0.8),
            ("4m", 1.0),
            ("5m", 0.5),
            ("57", 0.7),
            ("b6", 1.0),
            ("b7", 1.0),
            ("1m7", 0.4),
            ("4", 0.2),
            ("b6maj7", 0.4),
        ),
    }[sheet.mode]
    candidates = lay(rng, [d for d, _ in degrees], len(degrees), 1.0, sheet.key, sheet.mode)
    chords: list[Chord] = []
    for old in sheet.chords:
        weights = [
            liking * _support(sheet, old, chord)
            for chord, (_, liking) in zip(candidates, degrees, strict=True)
        ]
        if chords:
            weights = [
                w * (0.3 if c.root == chords[-1].root else 1.0)
                for w, c in zip(weights, candidates, strict=True)
            ]
        chosen = pick(rng, candidates, weights) if old is not sheet.chords[-1] else old
        chords.append(replace(chosen, start=old.start, length=old.length))
    return replace(sheet, chords=tuple(chords))


def _support(sheet: LeadSheet, span: Chord, chord: Chord) -> float:
    """How well a chord carries the notes in a span of beats: share of their time that it holds,
    sharpened.
    """
    held, total = 0.05, 0.1
    for note in sheet.notes:
        overlap = min(note.start + note.length, span.start + span.length) - max(
            note.start, span.start
        )
        if overlap > 0:
            weight = overlap + (0.5 if abs(note.start - span.start) < 1e-6 else 0.0)
            total += weight
            held += weight * (note.pitch % 12 in chord.pitch_classes)
    return (held / total) ** 4


def _redress(sheet: LeadSheet, rng: np.random.Generator) -> LeadSheet:
    """Another groove and other energies for a written tune; in 4/4 sometimes swung."""
    groove = pick(rng, GROOVES_4 if sheet.beats_per_bar == 4 else GROOVES_3)
    offset = rng.normal(0, 0.12)
    sections = tuple(
        replace(s, energy=round(float(np.clip(s.energy + offset, 0.15, 1)), 3))
        for s in sheet.sections
    )
    swing = float(np.round(rng.uniform(0.08, 1 / 3), 3)) if rng.random() < 0.12 else sheet.swing
    return replace(sheet, accents=groove, sections=sections, swing=swing)


def _excerpt(sheet: LeadSheet, rng: np.random.Generator, length_s: float) -> LeadSheet:
    """About `length_s` seconds of a tune: from a phrase on, verses repeated, at times with an
    intro.
    """
    n_bars = _bars_nearest(length_s, sheet.tempo_bpm, sheet.beats_per_bar)
    have = round(sheet.n_beats / sheet.beats_per_bar)
    intro_bars = int(pick(rng, (0, 2, 4), (0.65, 0.15, 0.2))) if n_bars >= 8 else 0
    tune_bars = n_bars - intro_bars
    starts = [b for b in range(0, have, 4) if have - b >= min(tune_bars, have)] or [0]
    out = trim(sheet, int(pick(rng, starts)), tune_bars)
    while round(out.n_beats / out.beats_per_bar) < tune_bars:
        left = tune_bars - round(out.n_beats / out.beats_per_bar)
        out = join(out, trim(sheet, 0, min(left, have)))
    if intro_bars:
        head = trim(sheet, max(0, have - intro_bars), intro_bars)
        missing = intro_bars - round(head.n_beats / head.beats_per_bar)
        head = join(head, trim(sheet, 0, missing)) if missing > 0 else head
        out = join(instrumental(head), out)
    return replace(out, chords=tuple(_merge(list(out.chords))))


def draw_sheet(
    rng: np.random.Generator,
    length_s: float,
    composed_share: float = 0.85,
    validation: bool = False,
) -> LeadSheet:
    """A lead sheet of about `length_s` seconds: composed, or a public-domain tune in another key,
    tempo and dress.

    Training and validation never meet: with `validation` only tunes of VALIDATION_TITLES and
    composed songs whose seed has `is_validation_seed(seed)`, without it only the others. A composed
    song's title ends in its seed.
    """
    if rng.random() < composed_share:
        seed = int(rng.integers(2**31))
        while is_validation_seed(seed) != validation:
            seed = int(rng.integers(2**31))
        return _draw_drums_alone(
            compose(np.random.default_rng(seed), length_s, title=f"composed {seed}"), rng
        )
    titles = [title for title in TITLES if (title in VALIDATION_TITLES) == validation]
    sheet = vary(tune(pick(rng, titles)), rng)
    if rng.random() < 0.3:
        sheet = reharmonise(sheet, rng)
    return _draw_drums_alone(_redress(_excerpt(sheet, rng, length_s), rng), rng)
