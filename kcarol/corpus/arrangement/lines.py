"""The tune, and every line around it: second voices, answers, strings, riffs, backing, rap."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from kcarol.corpus.arrangement.backline import chord_part
from kcarol.corpus.arrangement.bands import COMPS
from kcarol.corpus.arrangement.drummer import percussion_part
from kcarol.corpus.arrangement.score import (
    Event,
    Score,
    nearest_pitch,
    pick,
    scale_step,
    section_at,
    sections_played,
    velocity_of,
)


def tune_line(
    score: Score, rng: np.random.Generator, sections: frozenset[int], played: bool
) -> list[Event]:
    """The sheet's notes in these sections; a played tune gets a grace note now and then."""
    gate, graces = (
        rng.uniform(0.85, 1.0) if not played else rng.uniform(0.6, 1.02),
        rng.uniform(0, 0.12) * played,
    )
    grace_beats, events = 0.06 * score.sheet.tempo_bpm / 60, []
    for note in score.sheet.notes:
        section = section_at(score.sheet, note.start)
        if section not in sections:
            continue
        accent = score.accents[int(note.start % score.beats_per_bar * 2) % len(score.accents)]
        velocity = velocity_of(0.3 + 0.7 * score.sections[section].energy, 0.5 + 0.5 * accent)
        events.append((note.start, note.length * gate, note.pitch, velocity, 0.0))
        if graces and note.length >= 0.5 and rng.random() < graces:
            neighbour = scale_step(note.pitch, pick(rng, (-1, 1)), score.scales[section])
            events.append((note.start, grace_beats, neighbour, velocity * 0.7, -0.06))
    return events


def second_voice(
    score: Score, rng: np.random.Generator, tune: Sequence[Event], way: str
) -> list[Event]:
    """A second voice to tune events: diatonic thirds or sixths, octaves, or the next chord tone
    below.
    """
    played, below, events = (
        sections_played(score, rng, rng.uniform(0.2, 0.8)),
        rng.random() < 0.6,
        [],
    )
    for beat, length, pitch, velocity, delay in tune:
        section = section_at(score.sheet, beat)
        if section not in played or delay:
            continue
        scale, chord = score.scales[section], score.chord_at(beat).pitch_classes
        steps = {"thirds": -2 if below else 2, "sixths": -5 if below else 5}.get(way)
        if way in ("octave", "unison"):
            other = pitch + (0 if way == "unison" else -12 if below else 12)
        elif steps and int(pitch) % 12 in scale:
            other = scale_step(pitch, steps, scale)
        else:
            other = next(p for p in range(int(pitch) - 3, int(pitch) - 16, -1) if p % 12 in chord)
        events.append((beat, length, other, velocity * 0.85, 0.0))
    return events


def _gaps(score: Score, least: float) -> list[tuple[float, float]]:
    """Rests of the tune within sung sections, (start, end) in beats, of at least `least` beats."""
    found, last = [], 0.0
    for note in score.sheet.notes:
        if note.start - last >= least and score.sections[section_at(score.sheet, last)].sung:
            found.append((last, note.start))
        last = max(last, note.start + note.length)
    return found


def _line(
    score: Score, rng: np.random.Generator, start: float, end: float, centre: float, busy: float
) -> list[Event]:
    """An improvised line between two beats: chord tones on the beat, steps of the scale between,
    some rests.
    """
    beat, pitch, events = start, None, []
    while beat < end - 0.2:
        length = min(
            pick(rng, (0.25, 0.5, 0.5, 0.5) if rng.random() < busy else (0.5, 1.0, 1.5, 2.0)),
            end - beat,
        )
        section = section_at(score.sheet, beat)
        chord, scale = score.chord_at(beat).pitch_classes, score.scales[section]
        if pitch is None or beat % 1 == 0 and rng.random() < 0.6:
            pitch = nearest_pitch(
                pick(rng, chord), centre if pitch is None else pitch + rng.normal(0, 3)
            )
        else:
            pitch = scale_step(pitch, pick(rng, (-2, -1, -1, 1, 1, 2)), scale)
        pitch = pitch - 12 if pitch > centre + 12 else pitch + 12 if pitch < centre - 12 else pitch
        if rng.random() > 0.12:
            events.append(
                (
                    beat,
                    length * 0.92,
                    pitch,
                    velocity_of(score.sections[section].energy, 0.4 + 0.5 * (beat % 1 == 0)),
                    0.0,
                )
            )
        beat += length
    return events


def _solo(score: Score, rng: np.random.Generator) -> list[Event]:
    """A line over the instrumental sections: their tune, though none of the sheet's."""
    centre, busy = score.tune_midi + rng.uniform(-5, 12), rng.uniform(0.1, 0.9)
    spans = [
        (s.start, s.start + s.length) for s in score.sections if not s.sung and rng.random() < 0.8
    ]
    return [
        event
        for a, b in spans
        for event in _line(score, rng, a, min(b, score.sheet.n_beats), centre, busy)
    ]


def _counter(score: Score, rng: np.random.Generator) -> list[Event]:
    """Answers in the rests of the tune, or a slow line under it."""
    centre = score.tune_midi + pick(rng, (-12, -5, 5, 12))
    if rng.random() < 0.55:
        spans = [(a + 0.5, b) for a, b in _gaps(score, 1.5) if rng.random() < 0.75]
        return [
            event
            for a, b in spans
            for event in _line(score, rng, np.ceil(2 * a) / 2, b, centre, 0.7)
        ]
    played = sections_played(score, rng, rng.uniform(0.2, 0.7))
    return [
        e
        for bar in score.bars
        if bar.section in played
        for e in _line(score, rng, bar.start, bar.end, centre, 0.1)
    ]


def _strings(score: Score, rng: np.random.Generator) -> list[Event]:
    """A high long line, voice-led through the chords, sometimes in octaves, sometimes rising by
    runs.
    """
    pitch, played = rng.uniform(68, 84), sections_played(score, rng, rng.uniform(0.2, 0.7))
    octaves, runs, events = rng.random() < 0.4, 0.3 * (rng.random() < 0.4), []
    for bar in score.bars:
        if bar.section not in played:
            continue
        for chord in bar.chords:
            pitch = min(
                (nearest_pitch(pc, pitch) for pc in chord.pitch_classes),
                key=lambda p: abs(p - pitch) + 20 * (p > 90),
            )
            velocity, length = velocity_of(bar.energy, 0.6), chord.length
            if chord.length >= 2 and rng.random() < runs:
                length -= 1
                run = [scale_step(pitch, k, score.scales[bar.section]) for k in (1, 2, 3, 4)]
                events += [
                    (chord.start + length + k / 4, 0.25, p, velocity, 0.0)
                    for k, p in enumerate(run)
                ]
            events += [
                (chord.start, length, pitch - shift, velocity, 0.0)
                for shift in ((0, 12) if octaves else (0,))
            ]
    return events


def _riff(score: Score, rng: np.random.Generator) -> list[Event]:
    """An ostinato of one or two bars: a fixed rhythm of chord tones and neighbours, or fixed
    pentatonic pitches.
    """
    per_beat = 4 if score.sheet.tempo_bpm < 125 and rng.random() < 0.6 else 2
    n_steps = score.beats_per_bar * per_beat * pick(rng, (1, 2))
    on, degrees = rng.random(n_steps) < rng.uniform(0.3, 0.8), rng.integers(0, 5, n_steps)
    steps, fixed = rng.integers(-1, 2, n_steps) * (rng.random(n_steps) < 0.25), rng.random() < 0.3
    centre, played = rng.uniform(50, 80), sections_played(score, rng, rng.uniform(0.1, 0.8))
    pentatonic = [
        (score.sheet.key + i) % 12
        for i in ((0, 2, 4, 7, 9) if score.sheet.mode == "major" else (0, 3, 5, 7, 10))
    ]
    gate, events = rng.uniform(0.3, 1.0), []
    for bar in (bar for bar in score.bars if bar.section in played):
        # the key has changed
        shift = 0 if all(pc in score.scales[bar.section] for pc in pentatonic) else 1
        for k in range(int(bar.length * per_beat + 1e-6)):
            i, beat = (
                (bar.index * score.beats_per_bar * per_beat + k) % n_steps,
                bar.start + k / per_beat,
            )
            if not on[i]:
                continue
            pool = pentatonic if fixed and not shift else score.chord_at(beat).pitch_classes
            pitch = nearest_pitch(pool[degrees[i] % len(pool)], centre)
            pitch = (
                scale_step(pitch, int(steps[i]), score.scales[bar.section]) if steps[i] else pitch
            )
            events.append(
                (
                    beat,
                    gate / per_beat,
                    pitch,
                    velocity_of(bar.energy, 0.7 if k % per_beat == 0 else 0.4),
                    0.0,
                )
            )
    return events


def backing_voice(score: Score, rng: np.random.Generator, voice: int) -> list[Event]:
    """One voice of oohs and aahs: a chord tone for each chord, moving as little as can be."""
    pitch = score.tune_midi + (-4, 3, -9)[voice]
    played, events = sections_played(score, rng, rng.uniform(0.3, 0.75)), []
    for bar in score.bars:
        if bar.section in played:
            for chord in bar.chords:
                pitch = min(
                    (nearest_pitch(pc, pitch) for pc in chord.pitch_classes),
                    key=lambda p: abs(p - pitch),
                )
                events.append(
                    (chord.start, chord.length * 0.97, pitch, velocity_of(bar.energy, 0.5), 0.0)
                )
    return events


def _rap(score: Score, rng: np.random.Generator) -> list[Event]:
    """Spoken rhythm over the instrumental sections."""
    centre, per_beat = score.tune_midi - 3, 4 if score.sheet.tempo_bpm < 115 else 2
    events: list[Event] = []
    for bar in score.bars:
        if bar.sung:
            continue
        for k in range(int(bar.length * per_beat)):
            if (
                rng.random() < (0.9 if k % 2 == 0 else 0.6)
                and bar.start + k / per_beat < bar.end - 0.5
            ):
                events.append(
                    (
                        bar.start + k / per_beat,
                        0.9 / per_beat,
                        centre + rng.integers(-2, 3),
                        rng.uniform(70, 115),
                        0.0,
                    )
                )
    return events


def _fx(score: Score, rng: np.random.Generator) -> list[Event]:
    """Risers into the sections, or a bed of noise under all of it."""
    tonic = nearest_pitch(score.sheet.key, 60)
    if rng.random() < 0.2:
        return [(bar.start, 4.0, tonic, 50, 0.0) for bar in score.bars[:: pick(rng, (1, 2, 4))]]
    length, pitch = pick(rng, (1.0, 2.0, 4.0)), tonic + pick(rng, (-12, 0, 12))
    return [
        (max(0.0, s.start - length), min(length, max(s.start, 0.5)), pitch, 60 + 50 * s.energy, 0.0)
        for s in score.sections
        if rng.random() < 0.8
    ]


def _drone(score: Score, rng: np.random.Generator) -> list[Event]:
    pitches = [nearest_pitch(score.sheet.key, 48), nearest_pitch(score.sheet.key + 7, 55)][
        : pick(rng, (1, 2))
    ]
    return [(s.start, s.length, p, 60, 0.0) for s in score.sections for p in pitches]


def _brass(score: Score, rng: np.random.Generator) -> list[Event]:
    return chord_part(score, rng, COMPS["stabs"], rng.uniform(0.4, 0.8))


MAKERS: dict[str, Callable[[Score, np.random.Generator], list[Event]]] = {
    "riff": _riff,
    "strings": _strings,
    "counter": _counter,
    "brass": _brass,
    "solo": _solo,
    "percussion": percussion_part,
    "fx": _fx,
    "drone": _drone,
    "rap": _rap,
}
