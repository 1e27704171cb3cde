"""A tune over chords: motifs of rhythm and pitch, repeated, moved in sequence and closed by held
notes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from kcarol.corpus.lead_sheet.harmony import pick
from kcarol.transcription.lead_sheet import SCALES, Chord, Note

TICKS = 12  # a beat; holds eighths (6), triplets (4) and sixteenths (3)
PHRASE_FORMS = (
    "ABAC",
    "AABA",
    "AAAB",
    "ABAB",
    "AABC",
    "AAAA",
    "ABCB",
    "AABB",
    "ABCD",
    "AABA",
    "ABAC",
)
PENTATONIC = {"major": (0, 2, 4, 7, 9), "minor": (0, 3, 5, 7, 10)}
BLUES = {"major": (0, 2, 3, 4, 7, 9), "minor": (0, 3, 5, 6, 7, 10)}
# how much a tune likes an interval of so many semitones
INTERVALS = (1.0, 1.5, 1.7, 0.75, 0.6, 0.4, 0.05, 0.22, 0.08, 0.07, 0.02, 0.02, 0.07)


@dataclass(frozen=True)
class TuneStyle:
    """How a section is sung. Pitches are MIDI, `scale` are pitch classes, times are ticks of a
    twelfth of a beat.
    """

    low: int
    high: int
    scale: tuple[int, ...]
    grid: int = 6  # ticks: 12 beats, 6 eighths, 4 triplets, 3 sixteenths
    density: float = 1.2  # notes a beat, about
    syncopation: float = 0.3  # 0 on the beat to 1 off it
    anticipation: float = 0.15  # chance that a note on the beat comes an eighth early
    leaps: float = 1.0  # 0.3 steps only to 2 many leaps
    repeats: float = 1.0  # how much a note is repeated; 4 and more is chanting
    rest: float = 0.25  # share of a phrase that rests at its end
    late_start: float = 0.2  # chance that a phrase begins after a rest
    staccato: float = 0.1  # chance of a short note
    centre: float = 0.5  # where in the range the section lies, 0 low to 1 high


@dataclass
class _Event:
    tick: int  # sounds
    nominal: int  # where it belongs in the bar; later than `tick` when anticipated
    length: int


def tune_scale(rng: np.random.Generator, tonic: int, mode: str) -> tuple[int, ...]:
    """Pitch classes that a song's tune keeps to: the mode's scale, its pentatonic or its blues
    scale.
    """
    steps = pick(rng, (SCALES[mode], PENTATONIC[mode], BLUES[mode]), (0.55, 0.38, 0.07))
    return tuple((tonic + step) % 12 for step in steps)


def _weight(tick: int, bar: int, accents: tuple[float, ...], syncopation: float) -> float:
    """How likely a note begins here: by metre, by syncopation, by the song's groove."""
    if tick == 0:
        weight = 1.0
    elif tick % TICKS == 0:
        weight = 0.85 if bar == 4 * TICKS and tick == 2 * TICKS else 0.7
    elif tick % 6 == 0:
        weight = 0.35 + 0.6 * syncopation
    elif tick % 4 == 0:
        weight = 0.45
    else:
        weight = 0.12 + 0.4 * syncopation
    return weight * (0.55 + 0.6 * accents[min(tick // 6, len(accents) - 1)])


def _rhythm(
    rng: np.random.Generator,
    style: TuneStyle,
    n_ticks: int,
    bar: int,
    accents: tuple[float, ...],
    closing: bool,
) -> list[_Event]:
    """Onsets and lengths of one motif of `n_ticks` ticks; a closing one holds its last note and
    rests after it.
    """
    grid = style.grid
    end = n_ticks
    if closing or rng.random() < 0.35:
        end -= grid * round(rng.uniform(0.3, 1.0) * style.rest * n_ticks / grid)
        end = max(end, min(n_ticks, 2 * TICKS))
    start = (
        grid * int(rng.integers(1, 2 * TICKS // grid + 1)) if rng.random() < style.late_start else 0
    )
    hold = pick(rng, (0, 1, 2), (0.3, 0.4, 0.3)) * TICKS if closing else 0
    onsets_end = max(start + TICKS, end - hold)
    places = range(start, onsets_end, grid)
    weights = [_weight(tick % bar, bar, accents, style.syncopation) for tick in places]
    scale = style.density * (onsets_end - start) / TICKS / max(sum(weights), 1e-6)
    ticks = [
        tick for tick, weight in zip(places, weights, strict=True) if rng.random() < weight * scale
    ]
    if len(ticks) < 2:
        ticks = [start, start + max(grid, (onsets_end - start) // 2 // grid * grid)]
    events = []
    for tick, following in zip(ticks, ticks[1:] + [end], strict=True):
        length = min(following - tick, 4 * TICKS)
        if length > grid and rng.random() < style.staccato:
            length = grid * max(1, length // grid // 2)
        events.append(_Event(tick, tick, max(length, grid)))
    return _anticipate(rng, events, style, bar)


def _anticipate(
    rng: np.random.Generator, events: list[_Event], style: TuneStyle, bar: int
) -> list[_Event]:
    """Some notes on a strong beat come an eighth (a sixteenth at a fine grid) early, where there is
    room.
    """
    for i, event in enumerate(events):
        if (
            i == 0
            or event.tick % TICKS
            or style.grid > 6
            or style.grid == 4
            or rng.random() > style.anticipation
        ):
            continue
        early = 6 if style.grid == 6 else int(pick(rng, (3, 6)))
        before = events[i - 1]
        if event.tick - early >= before.tick + style.grid:
            before.length = min(before.length, event.tick - early - before.tick)
            event.tick, event.length = event.tick - early, event.length + early
    return events


def _local_scale(scale: tuple[int, ...], chord: Chord) -> set[int]:
    """Scale at a chord: a chromatic chord tone pushes out the scale tones a semitone from it."""
    tones = set(chord.pitch_classes)
    foreign = tones - set(scale)
    kept = {
        pc
        for pc in scale
        if pc in tones or not any((pc - tone) % 12 in (1, 11) for tone in foreign)
    }
    return kept | tones


def _is_strong(tick: int, bar: int) -> bool:
    return tick % bar == 0 or (bar == 4 * TICKS and tick % bar == 2 * TICKS)


class _Singer:
    """Chooses pitches one after another; remembers the last two to turn back after a leap."""

    def __init__(self, rng: np.random.Generator, style: TuneStyle, chords: list[Chord], bar: int):
        self.rng, self.style, self.chords, self.bar = rng, style, chords, bar
        self.scales = [_local_scale(style.scale, chord) for chord in chords]
        self.centre = style.low + style.centre * (style.high - style.low)
        self.last = int(round(self.centre))
        self.jump = 0

    def chord_at(self, tick: int) -> int:
        beat = tick / TICKS + 1e-6
        at = len(self.chords) - 1
        while at > 0 and self.chords[at].start > beat:
            at -= 1
        return at

    def choose(self, nominal: int, length: int, target: float) -> int:
        """A new pitch: near the last one and the contour, a chord tone where the beat or the length
        is strong.
        """
        at = self.chord_at(nominal)
        tones, scale, style = self.chords[at].pitch_classes, self.scales[at], self.style
        strong = _is_strong(nominal, self.bar)
        pitches, weights = [], []
        for pitch in range(style.low, style.high + 1):
            if pitch % 12 not in scale:
                continue
            step = pitch - self.last
            size = min(abs(step), 12)
            weight = INTERVALS[size] if abs(step) <= 12 else 0.01
            weight *= style.repeats if size == 0 else style.leaps if size > 2 else 1.0
            if abs(self.jump) >= 5:  # after a leap, a step back
                weight *= 2.5 if 0 < -step * np.sign(self.jump) <= 2 else 0.4
            weight *= np.exp(-(((pitch - target) / 4.5) ** 2))
            if pitch % 12 not in tones:
                weight *= 0.05 if strong else 0.3 if length >= TICKS else 0.8
                if length >= 6 and (pitch - 1) % 12 in tones:
                    weight *= 0.25  # a semitone above a chord tone grates
            pitches.append(pitch)
            weights.append(weight)
        return self.remember(pick(self.rng, pitches, weights))

    def fit(self, wanted: float, nominal: int, length: int) -> int:
        """The pitch nearest to the wanted one that the chord allows here (a chord tone on strong
        beats).
        """
        at = self.chord_at(nominal)
        needs_tone = _is_strong(nominal, self.bar) or length >= 2 * TICKS
        allowed = self.chords[at].pitch_classes if needs_tone else self.scales[at]
        best = min(
            (p for p in range(self.style.low, self.style.high + 1) if p % 12 in allowed),
            key=lambda p: (abs(p - wanted), p),
        )
        return self.remember(best)

    def remember(self, pitch: int) -> int:
        self.jump, self.last = pitch - self.last, pitch
        return pitch


def _contour(rng: np.random.Generator, style: TuneStyle) -> tuple[float, float, float]:
    """Wanted pitch at the start, middle and end of a motif."""
    span = style.high - style.low
    centre = style.low + style.centre * span
    bend = rng.uniform(0.1, 0.4) * span
    shape = pick(
        rng,
        ((-1, 1, -1), (1, -1, 1), (-1, 0, 1), (1, 0, -1), (0, 0, 0), (0, 1, -1)),
        (3, 1, 2, 3, 1, 2),
    )
    low, high = style.low + 1, style.high - 1
    return tuple(min(max(centre + bend * s * 0.6, low), high) for s in shape)


def _new_motif(singer: _Singer, events: list[_Event], offset: int, n_ticks: int) -> list[int]:
    shape = _contour(singer.rng, singer.style)
    pitches = []
    for event in events:
        x = min(event.nominal / n_ticks, 1.0)
        first, second = (shape[0], shape[1]) if x < 0.5 else (shape[1], shape[2])
        target = first + (second - first) * (2 * x % 1.0)
        pitches.append(singer.choose(offset + event.nominal, event.length, target))
    return pitches


def _moved_motif(
    singer: _Singer, events: list[_Event], pitches: list[int], offset: int, shift: int
) -> list[int]:
    return [
        singer.fit(p + shift, offset + e.nominal, e.length)
        for e, p in zip(events, pitches, strict=True)
    ]


def sing(
    rng: np.random.Generator,
    style: TuneStyle,
    chords: list[Chord],
    beats_per_bar: int,
    accents: tuple[float, ...],
) -> list[Note]:
    """A tune over the chords of one section, sorted and without overlap, as notes in beats from the
    section's start.

    Motifs of one or two bars follow a form such as ABAC; a letter's return keeps its rhythm and its
    line, moved in sequence or bent to the chords. Chord tones lie on strong beats, non-chord tones
    are mostly passed by step.
    """
    bar = beats_per_bar * TICKS
    total = round((chords[-1].start + chords[-1].length) * TICKS)
    unit = bar * (2 if total >= 4 * bar and rng.random() < 0.65 else 1)
    form = pick(rng, PHRASE_FORMS)
    singer = _Singer(rng, style, chords, bar)
    seen: dict[str, tuple[list[_Event], list[int]]] = {}
    notes: list[Note] = []
    for i, offset in enumerate(range(0, total, unit)):
        letter = form[i % 4]
        closing = i % 2 == 1 or offset + unit >= total
        if letter not in seen:
            events = _rhythm(rng, style, unit, bar, accents, closing)
            pitches = _new_motif(singer, events, offset, unit)
            seen[letter] = (events, pitches)
        else:
            events, pitches = seen[letter]
            shift = int(pick(rng, (0, 2, -2, 4, -3), (6, 1, 1, 0.5, 0.5)))
            pitches = _moved_motif(singer, events, pitches, offset, shift)
        for event, pitch in zip(events, pitches, strict=True):
            start, length = offset + event.tick, min(event.length, total - offset - event.tick)
            if length > 0:
                notes.append(Note(start / TICKS, length / TICKS, pitch))
    return _without_overlap(notes)


def _without_overlap(notes: list[Note]) -> list[Note]:
    """Each note ends at the next one's start at the latest."""
    out = []
    for note, following in zip(notes, notes[1:] + [None], strict=True):
        length = (
            note.length if following is None else min(note.length, following.start - note.start)
        )
        if length > 1e-6:
            out.append(Note(note.start, length, note.pitch))
    return out
