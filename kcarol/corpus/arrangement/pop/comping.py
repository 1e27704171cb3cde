"""Chord parts: rhythms, arpeggios, picked guitar, stride piano."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from kcarol.corpus.arrangement.pitches import nearest_pitch, voicing_of
from kcarol.corpus.arrangement.pop.bands import Comp
from kcarol.corpus.arrangement.pop.rhythms import Hit, draw_rhythm
from kcarol.corpus.arrangement.pop.score import Bar, Event, Score, velocity_of
from kcarol.corpus.draws import pick

LONGEST_TIE = 16.0  # beats


def chord_part(score: Score, rng: np.random.Generator, comp: Comp, threshold: float) -> list[Event]:
    """Chords in one of the comp's rhythms, in sections whose energy reaches about `threshold`."""
    style = pick(rng, comp.rhythms)
    if style == "arpeggio":
        return _arpeggio(score, rng, comp, threshold)
    if style == "picking":
        return _picking(score, rng, comp, threshold)
    if style == "stride":
        return _stride(score, rng, comp, threshold)
    return _strum(score, rng, comp, threshold, style)


def _strum(
    score: Score, rng: np.random.Generator, comp: Comp, threshold: float, style: str
) -> list[Event]:
    """Whole chords in a rhythm; strummed ones alternate down and up, and are damped at times."""
    rhythm = draw_rhythm(style, score, rng)
    centre = rng.uniform(50, 67)
    gate = rng.uniform(*comp.length)
    strum_s = rng.uniform(*comp.strum_ms) / 1000
    bars = score.draw_bars(rng, threshold)
    early = 1 / score.division if style == "push" else 0.0
    # weak strokes left out, different ones in each bar
    slips = rng.uniform(0, 0.35) * (rng.random() < 0.6)
    damped, light = 0.0, 1.0
    if comp.is_strummed:
        damped = rng.uniform(0, 0.3) * (rng.random() < 0.4)
        light = rng.uniform(0.45, 1.0)
    steps = 2 * score.division
    strokes_a_beat = score.division if "sixteenths" in style else steps
    events: list[Event] = []
    for bar in bars:
        if style == "whole" or bar.length < score.beats_per_bar:
            hits = [Hit(chord.start, chord.length, 0.8) for chord in bar.chords]
        else:
            hits = _played(rhythm, bar, slips, rng)
        for beat, length, strength in hits:
            pitches = voicing_of(score.chord_at(beat + early), centre, comp.voicing)
            velocity = velocity_of(bar.energy, strength)
            if comp.is_strummed and round(beat * steps) % strokes_a_beat:  # the hand comes back up
                pitches = pitches[:0:-1][: pick(rng, (2, 3, 4))]
                velocity *= light
            sounding = 0.06 if damped and rng.random() < damped else length * gate
            events += [
                Event(beat, sounding, pitch, velocity, k * strum_s)
                for k, pitch in enumerate(pitches)
            ]
    is_tied = style == "whole" and gate > 0.9 and rng.random() < 0.6
    return _tied(events) if is_tied else events


def _played(rhythm: list[Hit], bar: Bar, slips: float, rng: np.random.Generator) -> list[Hit]:
    """The rhythm in one bar, weak strokes left out at times; the first stays."""
    return [
        hit._replace(offset=bar.start + hit.offset)
        for k, hit in enumerate(rhythm)
        if k == 0 or not slips or rng.random() > slips * (1.2 - hit.strength)
    ]


def _tied(events: Sequence[Event]) -> list[Event]:
    """Events in which a pitch that the next chord shares is held, up to LONGEST_TIE."""
    tied: list[Event] = []
    last: dict[float, int] = {}  # pitch: index of its last event
    for event in events:
        k = last.get(event.pitch)
        if k is not None and abs(tied[k].end - event.beat) < 0.3:
            length = event.end - tied[k].beat
            if length <= LONGEST_TIE:
                tied[k] = tied[k]._replace(length=length)
                continue
        last[event.pitch] = len(tied)
        tied.append(event)
    return tied


def _picking(score: Score, rng: np.random.Generator, comp: Comp, threshold: float) -> list[Event]:
    """Picked guitar: the thumb plays bass strings on the beats, fingers play between them."""
    gate = rng.uniform(*comp.length)
    pinch = rng.random() * 0.6
    per_beat = (
        score.division if score.parts_per_minute > rng.uniform(140, 220) else 2 * score.division
    )
    order = rng.integers(0, 3, 16)
    skip = rng.random(16) < pick(rng, (0.0, 0.15, 0.3))
    bars = score.draw_bars(rng, threshold)
    soft = rng.uniform(0.7, 1.0)
    events: list[Event] = []
    for bar in bars:
        for chord in bar.chords:
            strings = voicing_of(chord, 55, "guitar")
            thumb = (strings[0], strings[1 + int(order[0]) % 2])
            for k in range(max(1, int(chord.length * per_beat + 1e-6))):
                beat = chord.start + k / per_beat
                is_beat = k % per_beat == 0
                velocity = velocity_of(bar.energy, 0.7 if is_beat else 0.4) * soft
                if is_beat:
                    events.append(Event(beat, gate, thumb[k // per_beat % 2], velocity))
                if rng.random() < pinch if is_beat else not skip[k % 16]:
                    string = strings[2 + int(order[k % 16]) % (len(strings) - 2)]
                    events.append(Event(beat, gate / 2, string, velocity))
    return events


def _stride(score: Score, rng: np.random.Generator, comp: Comp, threshold: float) -> list[Event]:
    """Root and fifth in turn on the strong beats, chords between: rags, waltzes, cabaret."""
    centre = rng.uniform(57, 64)
    low = rng.uniform(40, 47)
    gate = rng.uniform(*comp.length)
    bars = score.draw_bars(rng, threshold)
    octaves = (0, -12) if rng.random() < 0.3 else (0,)
    is_full = rng.random() < 0.25
    shifts = tuple(k / score.division for k in range(score.division)) if is_full else (0.0,)
    events: list[Event] = []
    for bar in bars:
        for beat in np.arange(bar.start, bar.end - 1e-6):
            chord = score.chord_at(beat)
            place = int(beat - bar.start)
            is_new = abs(chord.start - beat) < 1e-6 and chord.start > bar.start
            if place in score.strong_beats or is_new and chord.length > 1:
                is_root = abs(chord.start - beat) < 1.01 or place == 0
                pitch = nearest_pitch(chord.bass_class if is_root else chord.pitch_classes[2], low)
                velocity = velocity_of(bar.energy, 0.8)
                events += [Event(beat, gate, pitch + octave, velocity) for octave in octaves]
                continue
            velocity = velocity_of(bar.energy, 0.5)
            for shift in shifts:
                pitches = voicing_of(score.chord_at(beat + shift), centre, "close")
                length = gate / len(shifts)
                events += [Event(beat + shift, length, pitch, velocity) for pitch in pitches]
    return events


def _arpeggio(score: Score, rng: np.random.Generator, comp: Comp, threshold: float) -> list[Event]:
    """Broken chords in eighths or sixteenths over one or two octaves."""
    is_slow = score.parts_per_minute < rng.uniform(170, 300)
    is_doubled = is_slow and score.sheet.swing < 0.05 and score.division == 2
    per_beat = 2 * score.division if is_doubled else score.division
    centre = rng.uniform(52, 76)
    octaves = pick(rng, (1, 2, 2))
    order = pick(rng, ("up", "down", "up_down", "alberti", "drawn"))
    gate = rng.uniform(*comp.length)
    shuffle = rng.permutation(16)
    bars = score.draw_bars(rng, threshold)
    skip = rng.random(32) < pick(rng, (0.0, 0.0, 0.25))
    events: list[Event] = []
    for bar in bars:
        for chord in bar.chords:
            base = voicing_of(chord, centre, comp.voicing)
            ladder = [pitch + 12 * octave for octave in range(octaves) for pitch in base]
            pitches = _ordered(ladder, order, shuffle)
            for k in range(max(1, int(chord.length * per_beat + 1e-6))):
                if k and skip[k % 32]:
                    continue
                velocity = velocity_of(bar.energy, 0.8 if k % per_beat == 0 else 0.4)
                pitch = pitches[k % len(pitches)]
                events.append(Event(chord.start + k / per_beat, gate / per_beat, pitch, velocity))
    return events


def _ordered(pitches: list[int], order: str, shuffle: np.ndarray) -> list[int]:
    if order == "down":
        return pitches[::-1]
    if order == "up_down":
        return pitches + pitches[-2:0:-1]
    if order == "alberti":
        return [pitches[0], pitches[-1], pitches[len(pitches) // 2], pitches[-1]]
    if order == "drawn":
        return [pitches[i % len(pitches)] for i in shuffle[:8]]
    return pitches
