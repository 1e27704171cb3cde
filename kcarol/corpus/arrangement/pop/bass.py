"""Bass lines."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from kcarol.corpus.arrangement.pitches import nearest_pitch, voicing_of
from kcarol.corpus.arrangement.pop.rhythms import Hit, draw_rhythm
from kcarol.corpus.arrangement.pop.score import Bar, Event, Score, velocity_of
from kcarol.corpus.draws import pick
from kcarol.transcription.lead_sheet import Chord

BASS_LINES = (
    "whole quarters eighths octaves fifths accents tresillo push walking sub drawn two_feel "
    "leaping boogie"
).split()
LOWEST = 28  # MIDI, E1: a bass guitar's lowest string; "sub" goes an octave below
PEDAL = 0.04  # share of sections in which the bass stays on the tonic


def bass_line(
    score: Score, rng: np.random.Generator, styles: Sequence[str] = BASS_LINES
) -> list[Event]:
    """A bass line in one of many styles, nearly always with the chord's bass at its start."""
    centre = rng.uniform(33, 42)
    full, quiet = pick(rng, styles), pick(rng, styles)
    rhythms = {style: draw_rhythm(style, score, rng) for style in (full, quiet)}
    bars = score.draw_bars(rng, rng.uniform(-0.2, 0.4))
    has_pedal = [rng.random() < PEDAL for _ in score.sections]
    gate = rng.uniform(0.6, 1.0)
    events = []
    for bar in bars:
        style = full if bar.energy > 0.45 else quiet
        for chord in bar.chords:
            pitch_class = score.sheet.key if has_pedal[bar.section] else chord.bass_class
            lowest = LOWEST - 12 if style == "sub" else LOWEST
            root = max(nearest_pitch(pitch_class, centre), lowest)
            events += _chord_strokes(style, rhythms[style], chord, root, bar, score, gate)
    return events


def _chord_strokes(
    style: str, rhythm: list[Hit], chord: Chord, root: int, bar: Bar, score: Score, gate: float
) -> list[Event]:
    """The bass under one chord."""
    if style in ("whole", "sub"):
        return [Event(chord.start, chord.length * gate, root, velocity_of(bar.energy, 0.8))]
    hits = [hit._replace(offset=bar.start + hit.offset) for hit in rhythm]
    hits = [hit for hit in hits if chord.start - 1e-6 <= hit.offset < chord.end - 1e-6]
    if not hits or hits[0].offset > chord.start + 1e-6:
        hits.insert(0, Hit(chord.start, min(0.9, chord.length), 0.9))
    line = _pitches(style, chord, root)
    events = []
    for k, (beat, length, strength) in enumerate(hits):
        pitch = line[k % len(line)]
        is_last = k and k == len(hits) - 1 and chord.end < score.sheet.n_beats
        if is_last and style in ("walking", "push"):  # a semitone approach, or an anticipation
            pitch = nearest_pitch(score.chord_at(chord.end).bass_class, root) - (style == "walking")
        velocity = velocity_of(bar.energy, strength)
        events.append(Event(beat, min(length, chord.end - beat) * gate, pitch, velocity))
    return events


def _pitches(style: str, chord: Chord, root: int) -> tuple[int, ...]:
    """The pitches of a bass line's strokes in order."""
    fifth = root + (chord.pitch_classes[2] - chord.root) % 12 if chord.bass is None else root
    octave = root + 12
    above = voicing_of(chord, root + 6, "close")[1:]
    lines = {
        "octaves": (root, octave),
        "fifths": (root, fifth),
        "two_feel": (root, fifth - 12 if fifth - 12 >= 26 else fifth),
        "leaping": (root, octave, fifth, fifth + 12 if fifth < 43 else fifth),
        "boogie": (root, *above[:2], octave),
        "walking": (root, *above),
    }
    return lines.get(style, (root,))
