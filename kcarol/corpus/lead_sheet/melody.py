"""A tune over chords: motifs that are repeated, moved in sequence and closed by held notes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from kcarol.corpus.draws import pick_weighted
from kcarol.transcription.lead_sheet import SCALES, Chord, Note

TICKS = 12  # a beat; holds eighths (6), triplets (4) and sixteenths (3)
PHRASE_FORMS = "ABAC AABA AAAB ABAB AABC AAAA ABCB AABB ABCD AABA ABAC".split()
PENTATONIC = {"major": (0, 2, 4, 7, 9), "minor": (0, 3, 5, 7, 10)}
BLUES = {"major": (0, 2, 3, 4, 7, 9), "minor": (0, 3, 5, 6, 7, 10)}
# weight of an interval by its semitones
INTERVALS = (1.0, 1.5, 1.7, 0.75, 0.6, 0.4, 0.05, 0.22, 0.08, 0.07, 0.02, 0.02, 0.07)
# shapes of a motif (start, middle, end) and how often each is drawn
CONTOURS = ((-1, 1, -1), (1, -1, 1), (-1, 0, 1), (1, 0, -1), (0, 0, 0), (0, 1, -1))
CONTOUR_WEIGHTS = (3, 1, 2, 3, 1, 2)


@dataclass(frozen=True)
class TuneStyle:
    """How a section is sung. Pitches are MIDI, times ticks of a twelfth of a beat."""

    low: int
    high: int
    scale: tuple[int, ...]
    grid: int = 6  # ticks: 12 beats, 6 halves, 4 thirds, 3 quarters of a beat
    density: float = 1.2  # notes a beat, about
    syncopation: float = 0.3  # 0 on the beat to 1 off it
    anticipation: float = 0.15  # chance that a note on the beat comes an eighth early
    leaps: float = 1.0  # 0.3: steps only, to 2: many leaps
    repeats: float = 1.0  # how much a note is repeated; 4 and more is chanting
    rest: float = 0.25  # share of a phrase that rests at its end
    late_start: float = 0.2  # chance that a phrase begins after a rest
    staccato: float = 0.1  # chance of a short note
    centre: float = 0.5  # where in the range the section lies, 0 low to 1 high
    division: int = 2  # parts of a beat: 3 in compound time

    @property
    def centre_midi(self) -> float:
        return self.low + self.centre * (self.high - self.low)


@dataclass
class _Event:
    tick: int  # where it sounds
    metrical_tick: int  # where it belongs in the bar; later than `tick` when anticipated
    length: int


def draw_tune_scale(rng: np.random.Generator, tonic: int, mode: str) -> tuple[int, ...]:
    """Pitch classes of a song's tune: the mode's scale, its pentatonic or its blues scale."""
    scales = (SCALES[mode], PENTATONIC[mode], BLUES[mode])
    return tuple((tonic + step) % 12 for step in pick_weighted(rng, scales, (0.55, 0.38, 0.07)))


def draw_melody(
    rng: np.random.Generator,
    style: TuneStyle,
    chords: list[Chord],
    beats_per_bar: int,
    accents: tuple[float, ...],
) -> list[Note]:
    """A tune over the chords of one section, sorted and without overlap, as notes in beats from the
    section's start.

    Motifs of one or two bars follow a form such as ABAC; a letter's return keeps its rhythm and its
    line, moved in sequence or bent to the chords. Chord tones lie on strong beats, other tones are
    mostly passed by step.
    """
    bar = beats_per_bar * TICKS
    total = round((chords[-1].start + chords[-1].length) * TICKS)
    unit = bar * (2 if total >= 4 * bar and rng.random() < 0.65 else 1)
    unit *= 2 if beats_per_bar == 2 and total >= 4 * bar else 1
    form = pick_weighted(rng, PHRASE_FORMS)
    line = _Line(rng, style, chords, bar)
    motifs: dict[str, tuple[list[_Event], list[int]]] = {}
    notes: list[Note] = []
    for i, offset in enumerate(range(0, total, unit)):
        letter = form[i % 4]
        if letter in motifs:
            events, first_pitches = motifs[letter]
            shift = pick_weighted(rng, (0, 2, -2, 4, -3), (6, 1, 1, 0.5, 0.5))
            pitches = line.moved_motif(events, first_pitches, offset, shift)
        else:
            is_closing = i % 2 == 1 or offset + unit >= total
            events = _draw_rhythm(rng, style, unit, bar, accents, is_closing)
            pitches = line.new_motif(events, offset, unit)
            motifs[letter] = (events, pitches)
        for event, pitch in zip(events, pitches, strict=True):
            start = offset + event.tick
            notes.append(Note(start / TICKS, min(event.length, total - start) / TICKS, pitch))
    return _without_overlap([note for note in notes if note.length > 0])


def _without_overlap(notes: list[Note]) -> list[Note]:
    """Notes cut at the start of the next one."""
    ends = [*(note.start for note in notes[1:]), np.inf]
    cut = [
        Note(note.start, min(note.length, end - note.start), note.pitch)
        for note, end in zip(notes, ends, strict=True)
    ]
    return [note for note in cut if note.length > 1e-6]


def _draw_rhythm(
    rng: np.random.Generator,
    style: TuneStyle,
    n_ticks: int,
    bar: int,
    accents: tuple[float, ...],
    is_closing: bool,
) -> list[_Event]:
    """Onsets and lengths of a motif; a closing one holds its last note, then rests."""
    grid, end = style.grid, n_ticks
    if is_closing or rng.random() < 0.35:
        end -= grid * round(rng.uniform(0.3, 1.0) * style.rest * n_ticks / grid)
        end = max(end, min(n_ticks, 2 * TICKS))
    start = 0
    if rng.random() < style.late_start:
        start = grid * int(rng.integers(1, 2 * TICKS // grid + 1))
    hold = pick_weighted(rng, (0, 1, 2), (0.3, 0.4, 0.3)) * TICKS if is_closing else 0
    last = max(start + TICKS, end - hold)
    ticks = _draw_onsets(rng, style, start, last, bar, accents)
    events = []
    for tick, following in zip(ticks, ticks[1:] + [end], strict=True):
        length = min(following - tick, 4 * TICKS)
        if length > grid and rng.random() < style.staccato:
            length = grid * max(1, length // grid // 2)
        events.append(_Event(tick, tick, max(length, grid)))
    _anticipate_(rng, events, style)
    return events


def _draw_onsets(
    rng: np.random.Generator,
    style: TuneStyle,
    start: int,
    end: int,
    bar: int,
    accents: tuple[float, ...],
) -> list[int]:
    """Ticks within [start, end) on which notes begin, at least two."""
    places = range(start, end, style.grid)
    weights = [_metrical_weight(tick % bar, bar, accents, style) for tick in places]
    scale = style.density * (end - start) / TICKS / max(sum(weights), 1e-6)
    ticks = [t for t, weight in zip(places, weights, strict=True) if rng.random() < weight * scale]
    if len(ticks) < 2:
        halfway = (end - start) // 2 // style.grid * style.grid
        return [start, start + max(style.grid, halfway)]
    return ticks


def _metrical_weight(tick: int, bar: int, accents: tuple[float, ...], style: TuneStyle) -> float:
    """How likely a note begins here: by metre, by syncopation, by the song's groove."""
    part = TICKS // style.division
    if tick == 0:
        weight = 1.0
    elif tick % TICKS == 0:
        weight = 0.85 if _is_strong(tick, bar) else 0.7
    elif style.division == 3 and tick % part == 0:  # long and short more often than the reverse
        weight = (0.3 if tick % TICKS == part else 0.55) + 0.3 * style.syncopation
    elif tick % part == 0:
        weight = 0.35 + 0.6 * style.syncopation
    elif tick % 4 == 0:
        weight = 0.45
    else:
        weight = 0.12 + 0.4 * style.syncopation
    return weight * (0.55 + 0.6 * accents[min(tick // part, len(accents) - 1)])


def _is_strong(tick: int, bar: int) -> bool:
    """The first beat of a bar, and the third of four."""
    return tick % bar == 0 or (bar == 4 * TICKS and tick % bar == 2 * TICKS)


def _anticipate_(rng: np.random.Generator, events: list[_Event], style: TuneStyle) -> None:
    """Moves some notes on a beat an eighth early, or a sixteenth, where there is room."""
    if style.grid > 6 or style.grid == 4 or style.division == 3:
        return
    for before, event in zip(events, events[1:], strict=False):
        if event.tick % TICKS or rng.random() > style.anticipation:
            continue
        early = 6 if style.grid == 6 else pick_weighted(rng, (3, 6))
        if event.tick - early >= before.tick + style.grid:
            before.length = min(before.length, event.tick - early - before.tick)
            event.tick -= early
            event.length += early


class _Line:
    """Chooses pitches one after another; remembers the last two to turn back after a leap."""

    def __init__(self, rng: np.random.Generator, style: TuneStyle, chords: list[Chord], bar: int):
        self.rng = rng
        self.style = style
        self.chords = chords
        self.bar = bar
        self.range = range(style.low, style.high + 1)
        self.scales = [_local_scale(style.scale, chord) for chord in chords]
        self.last = int(round(style.centre_midi))
        self.leap = 0

    def new_motif(self, events: list[_Event], offset: int, n_ticks: int) -> list[int]:
        """Pitches along a drawn contour."""
        contour = self._draw_contour()
        pitches = []
        for event in events:
            x = min(event.metrical_tick / n_ticks, 1.0)
            first, second = contour[:2] if x < 0.5 else contour[1:]
            target = first + (second - first) * (2 * x % 1.0)
            pitches.append(self._draw_pitch(offset + event.metrical_tick, event.length, target))
        return pitches

    def moved_motif(
        self, events: list[_Event], pitches: list[int], offset: int, shift: int
    ) -> list[int]:
        """A motif repeated, moved by semitones and fitted to the chords."""
        return [
            self._fit(pitch + shift, offset + event.metrical_tick, event.length)
            for event, pitch in zip(events, pitches, strict=True)
        ]

    def _draw_contour(self) -> tuple[float, ...]:
        """Wanted pitch at the start, middle and end of a motif."""
        style = self.style
        bend = self.rng.uniform(0.1, 0.4) * (style.high - style.low)
        shape = pick_weighted(self.rng, CONTOURS, CONTOUR_WEIGHTS)
        wanted = (style.centre_midi + bend * s * 0.6 for s in shape)
        return tuple(min(max(pitch, style.low + 1), style.high - 1) for pitch in wanted)

    def _draw_pitch(self, tick: int, length: int, target: float) -> int:
        """A new pitch near the last one and the contour; on strong beats a chord tone."""
        at = self._chord_at(tick)
        tones = self.chords[at].pitch_classes
        foreign_weight = 0.3 if length >= TICKS else 0.8
        if _is_strong(tick, self.bar):
            foreign_weight = 0.05
        pitches = [pitch for pitch in self.range if pitch % 12 in self.scales[at]]
        weights = []
        for pitch in pitches:
            weight = self._step_weight(pitch - self.last)
            weight *= np.exp(-(((pitch - target) / 4.5) ** 2))
            if pitch % 12 not in tones:
                weight *= foreign_weight
                if length >= 6 and (pitch - 1) % 12 in tones:
                    weight *= 0.25  # a semitone above a chord tone grates
            weights.append(weight)
        return self._remember(pick_weighted(self.rng, pitches, weights))

    def _step_weight(self, step: int) -> float:
        size = abs(step)
        weight = INTERVALS[size] if size <= 12 else 0.01
        if size == 0:
            weight *= self.style.repeats
        elif size > 2:
            weight *= self.style.leaps
        if abs(self.leap) >= 5:  # after a leap, a step back
            weight *= 2.5 if 0 < -step * np.sign(self.leap) <= 2 else 0.4
        return weight

    def _fit(self, wanted: float, tick: int, length: int) -> int:
        """The pitch nearest to the wanted one that the chord allows here."""
        at = self._chord_at(tick)
        needs_tone = _is_strong(tick, self.bar) or length >= 2 * TICKS
        allowed = self.chords[at].pitch_classes if needs_tone else self.scales[at]
        pitches = (pitch for pitch in self.range if pitch % 12 in allowed)
        return self._remember(min(pitches, key=lambda pitch: (abs(pitch - wanted), pitch)))

    def _chord_at(self, tick: int) -> int:
        beat = tick / TICKS + 1e-6
        return max((i for i, chord in enumerate(self.chords) if chord.start <= beat), default=0)

    def _remember(self, pitch: int) -> int:
        self.leap = pitch - self.last
        self.last = pitch
        return pitch


def _local_scale(scale: tuple[int, ...], chord: Chord) -> set[int]:
    """Scale at a chord: a chromatic chord tone pushes out the scale tones a semitone from it."""
    tones = set(chord.pitch_classes)
    foreign = tones - set(scale)
    kept = {pc for pc in scale if not any((pc - tone) % 12 in (1, 11) for tone in foreign)}
    return kept | tones
