"""The tune, and every line around it: second voices, answers, strings, riffs, backing, rap."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from kcarol.corpus.arrangement.pitches import nearest_pitch, nearest_tone, scale_step
from kcarol.corpus.arrangement.pop.score import Event, Score, velocity_of
from kcarol.corpus.draws import pick
from kcarol.corpus.lead_sheet.melody import PENTATONIC

GRACE_S = 0.06
BACKING_PLACES = (-4, 3, -9)  # semitones from the tune


def tune_line(
    score: Score, rng: np.random.Generator, sections: frozenset[int], played: bool
) -> list[Event]:
    """The sheet's notes in these sections; a played tune gets a grace note now and then."""
    gate = rng.uniform(0.6, 1.02) if played else rng.uniform(0.85, 1.0)
    graces = rng.uniform(0, 0.12) * played
    grace_beats = GRACE_S * score.sheet.tempo_bpm / 60
    events = []
    for note in score.sheet.notes:
        section = score.section_at(note.start)
        if section not in sections:
            continue
        energy = 0.3 + 0.7 * score.sections[section].energy
        velocity = velocity_of(energy, 0.5 + 0.5 * score.accent_at(note.start))
        events.append(Event(note.start, note.length * gate, note.pitch, velocity))
        if graces and note.length >= 0.5 and rng.random() < graces:
            neighbour = scale_step(note.pitch, pick(rng, (-1, 1)), score.scales[section])
            events.append(Event(note.start, grace_beats, neighbour, velocity * 0.7, -GRACE_S))
    return events


def second_voice(
    score: Score, rng: np.random.Generator, tune: Sequence[Event], way: str
) -> list[Event]:
    """A second voice to the tune: thirds, sixths, octaves, or the next chord tone below."""
    sections = score.draw_sections(rng, rng.uniform(0.2, 0.8))
    side = -1 if rng.random() < 0.6 else 1
    semitones = {"unison": 0, "octave": 12 * side}.get(way)
    steps = {"thirds": 2 * side, "sixths": 5 * side}.get(way)
    events = []
    for beat, length, pitch, velocity, delay_s in tune:
        section = score.section_at(beat)
        if section not in sections or delay_s:  # delayed ones are grace notes
            continue
        scale, tones = score.scales[section], score.chord_at(beat).pitch_classes
        if semitones is not None:
            other = pitch + semitones
        elif steps and int(pitch) % 12 in scale:
            other = scale_step(pitch, steps, scale)
        else:
            other = next(p for p in range(int(pitch) - 3, int(pitch) - 16, -1) if p % 12 in tones)
        events.append(Event(beat, length, other, velocity * 0.85))
    return events


def _improvise(
    score: Score, rng: np.random.Generator, start: float, end: float, centre: float, busy: float
) -> list[Event]:
    """An improvised line: chord tones on the beat, scale steps between, some rests."""
    beat, pitch = start, None
    half, quarter = (0.5, 0.25) if score.division == 2 else (1 / 3, 1 / 3)
    events = []
    while beat < end - 0.2:
        is_busy = rng.random() < busy
        lengths = (quarter, half, half, half) if is_busy else (1 - half, 1.0, 1 + half, 2.0)
        length = min(pick(rng, lengths), end - beat)
        section = score.section_at(beat)
        is_beat = abs(beat - round(beat)) < 1e-6
        if pitch is None or is_beat and rng.random() < 0.6:
            tone = pick(rng, score.chord_at(beat).pitch_classes)
            pitch = nearest_pitch(tone, centre if pitch is None else pitch + rng.normal(0, 3))
        else:
            pitch = scale_step(pitch, pick(rng, (-2, -1, -1, 1, 1, 2)), score.scales[section])
        if abs(pitch - centre) > 12:
            pitch += 12 if pitch < centre else -12
        if rng.random() > 0.12:
            velocity = velocity_of(score.sections[section].energy, 0.9 if is_beat else 0.4)
            events.append(Event(beat, length * 0.92, pitch, velocity))
        beat += length
    return events


def solo(score: Score, rng: np.random.Generator) -> list[Event]:
    """A line over the instrumental sections: their tune, though none of the sheet's."""
    centre = score.tune_midi + rng.uniform(-5, 12)
    busy = rng.uniform(0.1, 0.9)
    sections = [s for s in score.sections if not s.sung and rng.random() < 0.8]
    events = []
    for section in sections:
        end = min(section.end, score.sheet.n_beats)
        events += _improvise(score, rng, section.start, end, centre, busy)
    return events


def counter_melody(score: Score, rng: np.random.Generator) -> list[Event]:
    """Answers in the rests of the tune, or a slow line under it."""
    centre = score.tune_midi + pick(rng, (-12, -5, 5, 12))
    events = []
    if rng.random() < 0.55:
        for start, end in [gap for gap in _gaps(score, 1.5) if rng.random() < 0.75]:
            first = np.ceil(score.division * (start + 0.5)) / score.division
            events += _improvise(score, rng, first, end, centre, busy=0.7)
    else:
        for bar in score.draw_bars(rng, rng.uniform(0.2, 0.7)):
            events += _improvise(score, rng, bar.start, bar.end, centre, busy=0.1)
    return events


def _gaps(score: Score, least: float) -> list[tuple[float, float]]:
    """Rests of the tune within sung sections, (start, end) in beats, of at least `least` beats."""
    gaps, last = [], 0.0
    for note in score.sheet.notes:
        if note.start - last >= least and score.sections[score.section_at(last)].sung:
            gaps.append((last, note.start))
        last = max(last, note.end)
    return gaps


def strings(score: Score, rng: np.random.Generator) -> list[Event]:
    """A high long line, voice-led, sometimes in octaves, sometimes with rising runs."""
    pitch = rng.uniform(68, 84)
    bars = score.draw_bars(rng, rng.uniform(0.2, 0.7))
    octaves = (0, -12) if rng.random() < 0.4 else (0,)
    runs = 0.3 * (rng.random() < 0.4)
    events = []
    for bar in bars:
        scale, velocity = score.scales[bar.section], velocity_of(bar.energy, 0.6)
        for chord in bar.chords:
            pitch = nearest_tone(chord, pitch, ceiling=90)
            length = chord.length
            if length >= 2 and rng.random() < runs:
                length -= 1
                steps = 4 if score.division == 2 else 3
                for k in range(steps):
                    beat = chord.start + length + k / steps
                    note = scale_step(pitch, k + 1, scale)
                    events.append(Event(beat, 1 / steps, note, velocity))
            events += [Event(chord.start, length, pitch + octave, velocity) for octave in octaves]
    return events


def riff(score: Score, rng: np.random.Generator) -> list[Event]:
    """An ostinato of one or two bars, on chord tones and neighbours or on the pentatonic."""
    is_slow = score.parts_per_minute < 250 and rng.random() < 0.6
    per_beat = 4 if is_slow and score.division == 2 else score.division
    steps_per_bar = score.beats_per_bar * per_beat
    n_steps = steps_per_bar * pick(rng, (1, 2))
    is_struck = rng.random(n_steps) < rng.uniform(0.3, 0.8)
    degrees = rng.integers(0, 5, n_steps)
    neighbours = rng.integers(-1, 2, n_steps) * (rng.random(n_steps) < 0.25)
    is_fixed = rng.random() < 0.3
    centre = rng.uniform(50, 80)
    bars = score.draw_bars(rng, rng.uniform(0.1, 0.8))
    gate = rng.uniform(0.3, 1.0)
    pentatonic = [(score.sheet.key + step) % 12 for step in PENTATONIC[score.sheet.mode]]
    events = []
    for bar in bars:
        scale = score.scales[bar.section]
        has_key = all(pc in scale for pc in pentatonic)
        for k in range(int(bar.length * per_beat + 1e-6)):
            i = (bar.index * steps_per_bar + k) % n_steps
            if not is_struck[i]:
                continue
            beat = bar.start + k / per_beat
            pool = pentatonic if is_fixed and has_key else score.chord_at(beat).pitch_classes
            pitch = nearest_pitch(pool[degrees[i] % len(pool)], centre)
            pitch = scale_step(pitch, int(neighbours[i]), scale)
            velocity = velocity_of(bar.energy, 0.7 if k % per_beat == 0 else 0.4)
            events.append(Event(beat, gate / per_beat, pitch, velocity))
    return events


def backing_voice(score: Score, rng: np.random.Generator, voice: int) -> list[Event]:
    """One voice of oohs and aahs: a chord tone for each chord, moving as little as possible."""
    pitch = score.tune_midi + BACKING_PLACES[voice]
    events = []
    for bar in score.draw_bars(rng, rng.uniform(0.3, 0.75)):
        for chord in bar.chords:
            pitch = nearest_tone(chord, pitch)
            velocity = velocity_of(bar.energy, 0.5)
            events.append(Event(chord.start, chord.length * 0.97, pitch, velocity))
    return events


def rap(score: Score, rng: np.random.Generator) -> list[Event]:
    """Spoken rhythm over the instrumental sections."""
    centre = score.tune_midi - 3
    per_beat = (2 if score.parts_per_minute < 230 else 1) * score.division
    events = []
    for bar in score.bars:
        for k in range(0 if bar.sung else int(bar.length * per_beat)):
            beat = bar.start + k / per_beat
            if rng.random() < (0.9 if k % score.division == 0 else 0.6) and beat < bar.end - 0.5:
                pitch = centre + rng.integers(-2, 3)
                events.append(Event(beat, 0.9 / per_beat, pitch, rng.uniform(70, 115)))
    return events


def effects(score: Score, rng: np.random.Generator) -> list[Event]:
    """Risers into the sections, or a bed of noise under the whole song."""
    tonic = nearest_pitch(score.sheet.key, 60)
    if rng.random() < 0.2:
        return [Event(bar.start, 4.0, tonic, 50) for bar in score.bars[:: pick(rng, (1, 2, 4))]]
    length = pick(rng, (1.0, 2.0, 4.0))
    pitch = tonic + pick(rng, (-12, 0, 12))
    events = []
    for section in score.sections:
        if rng.random() < 0.8:
            start = max(0.0, section.start - length)
            sounding = min(length, max(section.start, 0.5))
            events.append(Event(start, sounding, pitch, 60 + 50 * section.energy))
    return events


def drone(score: Score, rng: np.random.Generator) -> list[Event]:
    """The tonic, at times with its fifth."""
    tonic, fifth = nearest_pitch(score.sheet.key, 48), nearest_pitch(score.sheet.key + 7, 55)
    pitches = (tonic, fifth)[: pick(rng, (1, 2))]
    return [Event(s.start, s.length, pitch, 60) for s in score.sections for pitch in pitches]
