"""Bass and chords: lines and rhythms of the accompaniment."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from kcarol.corpus.arrangement.bands import Comp
from kcarol.corpus.arrangement.score import (
    Bar,
    Event,
    Score,
    nearest_pitch,
    pick,
    sections_played,
    velocity_of,
    voicing_of,
)
from kcarol.transcription.lead_sheet import Chord

BASS_LINES = (
    "whole",
    "quarters",
    "eighths",
    "octaves",
    "fifths",
    "accents",
    "tresillo",
    "push",
    "walking",
    "sub",
    "drawn",
    "two_feel",
    "leaping",
    "boogie",
)


def bass_line(
    score: Score, rng: np.random.Generator, styles: Sequence[str] = BASS_LINES
) -> list[Event]:
    """Bass line in one of many styles; the first beat of a chord nearly always has the chord's
    bass.
    """
    centre, low = rng.uniform(33, 42), 28
    main, other = pick(rng, styles), pick(rng, styles)
    rhythms = {style: _rhythm(style, score, rng) for style in (main, other)}
    played = sections_played(score, rng, rng.uniform(-0.2, 0.4))
    pedal = frozenset(i for i in range(len(score.sections)) if rng.random() < 0.04)
    gate, events = rng.uniform(0.6, 1.0), []
    for bar in score.bars:
        if bar.section not in played:
            continue
        style = main if bar.energy > 0.45 else other
        for chord in bar.chords:
            bass = score.sheet.key if bar.section in pedal else chord.bass_class
            root = max(nearest_pitch(bass, centre), low - 12 * (style == "sub"))
            events += _bass_strokes(style, rhythms[style], chord, root, bar, score, gate)
    return events


def _bass_strokes(
    style, rhythm, chord: Chord, root: int, bar: Bar, score: Score, gate: float
) -> list[Event]:
    end = chord.start + chord.length
    if style in ("whole", "sub"):
        return [(chord.start, chord.length * gate, root, velocity_of(bar.energy, 0.8), 0.0)]
    hits = [
        (bar.start + o, length, s)
        for o, length, s in rhythm
        if chord.start - 1e-6 <= bar.start + o < end - 1e-6
    ]
    if not hits or hits[0][0] > chord.start + 1e-6:
        hits.insert(0, (chord.start, min(0.9, chord.length), 0.9))
    fifth = root + (chord.pitch_classes[2] - chord.root) % 12 if chord.bass is None else root
    lines = {
        "octaves": (root, root + 12),
        "fifths": (root, fifth),
        "two_feel": (root, fifth - 12 if fifth - 12 >= 26 else fifth),
        "leaping": (root, root + 12, fifth, fifth + 12 if fifth < 43 else fifth),
        "boogie": (root, *voicing_of(chord, root + 6, "close")[1:3], root + 12),
        "walking": (root, *voicing_of(chord, root + 6, "close")[1:]),
    }
    line, events = lines.get(style, (root,)), []
    for k, (beat, length, strength) in enumerate(hits):
        pitch = line[k % len(line)]
        if style in ("walking", "push") and k and k == len(hits) - 1 and end < score.sheet.n_beats:
            # leads on, or comes early
            pitch = nearest_pitch(score.chord_at(end).bass_class, root) - (style == "walking")
        events.append(
            (beat, min(length, end - beat) * gate, pitch, velocity_of(bar.energy, strength), 0.0)
        )
    return events


def _rhythm(style: str, score: Score, rng: np.random.Generator) -> list[tuple[float, float, float]]:
    """Strokes of a bar as (offset in beats, length in beats, strength 0 to 1)."""
    n, accents = score.beats_per_bar, score.accents
    starts = {
        "quarters": list(range(n)),
        "walking": list(range(n)),
        "fifths": list(range(0, n, 2 if n == 4 else 1)),
        "two_feel": list(range(0, n, 2)),
        "leaping": list(range(n)),
        "boogie": [i / 2 for i in range(2 * n)] if score.sheet.tempo_bpm < 110 else list(range(n)),
        "eighths": [i / 2 for i in range(2 * n)],
        "octaves": [i / 2 for i in range(2 * n)],
        "offbeats": [i + 0.5 for i in range(n)],
        "backbeat": [1, 3] if n == 4 else [1, 2],
        "accents": [i / 2 for i in range(2 * n) if accents[i] > 0.55],
        "tresillo": [0, 1.5, 3] if n == 4 else [0, 1.5],
        "charleston": [0, 1.5],
        "push": [0, 1.5, n - 0.5],
        "bossa": [0, 1.5, 2.5] if n == 4 else [0, 1, 2.5],
        "strum": [0, 1, 1.5, 2.5, 3, 3.5] if n == 4 else [0, 1, 1.5, 2, 2.5],
        "island": [0, 1, 1.5, 2.5, 3.5] if n == 4 else [0, 1, 2, 2.5],
        "sixteenths": [i / 4 for i in range(4 * n) if i % 4 == 0 or rng.random() < 0.6],
        "drawn": [0] + [i / 2 for i in range(1, 2 * n) if rng.random() < 0.25 + 0.5 * accents[i]],
    }.get(style, [0])
    ends = [*starts[1:], n]
    return [
        (s, e - s, accents[int(2 * s) % len(accents)]) for s, e in zip(starts, ends, strict=True)
    ]


def chord_part(score: Score, rng: np.random.Generator, comp: Comp, threshold: float) -> list[Event]:
    """Chords in one of the comp's rhythms."""
    style = pick(rng, comp.rhythms)
    if style in ("arpeggio", "picking", "stride"):
        return {"arpeggio": _arpeggio, "picking": _picking, "stride": _stride}[style](
            score, rng, comp, threshold
        )
    rhythm, centre = _rhythm(style, score, rng), rng.uniform(50, 67)
    gate, strum_s = rng.uniform(*comp.length), rng.uniform(*comp.strum_ms) / 1000
    played, early = sections_played(score, rng, threshold), 0.5 * (style == "push")
    # weak strokes left out, other ones in every bar
    slips = rng.uniform(0, 0.35) * (rng.random() < 0.6)
    is_strummed = comp.strum_ms[1] > 10
    chucks, light = (
        (rng.uniform(0, 0.3) * (rng.random() < 0.4), rng.uniform(0.45, 1.0))
        if is_strummed
        else (0.0, 1.0)
    )
    events: list[Event] = []
    for bar in score.bars:
        if bar.section not in played:
            continue
        if style == "whole" or bar.length < score.beats_per_bar:
            hits = [(chord.start, chord.length, 0.8) for chord in bar.chords]
        else:
            hits = [(bar.start + offset, length, strength) for offset, length, strength in rhythm]
            hits = [
                hit
                for k, hit in enumerate(hits)
                if k == 0 or not slips or rng.random() > slips * (1.2 - hit[2])
            ]
        for beat, length, strength in hits:
            pitches = voicing_of(score.chord_at(beat + early), centre, comp.voicing)
            velocity = velocity_of(bar.energy, strength)
            # the hand comes back up
            if is_strummed and round(beat * 4) % (4 if "sixteenths" not in style else 2):
                pitches, velocity = pitches[:0:-1][: pick(rng, (2, 3, 4))], velocity * light
            # damped by the hand
            sounding = 0.06 if chucks and rng.random() < chucks else length * gate
            events += [(beat, sounding, p, velocity, k * strum_s) for k, p in enumerate(pitches)]
    return _tied(events) if style == "whole" and gate > 0.9 and rng.random() < 0.6 else events


def _picking(score: Score, rng: np.random.Generator, comp: Comp, threshold: float) -> list[Event]:
    """Picked guitar: the thumb on the beats between bass strings, fingers between them, often
    struck with the thumb.
    """
    gate, pinch = rng.uniform(*comp.length), rng.random() * 0.6
    per_beat = 2 if score.sheet.tempo_bpm > rng.uniform(70, 110) else 4
    order, skip = rng.integers(0, 3, 16), rng.random(16) < rng.choice([0.0, 0.15, 0.3])
    played, soft = sections_played(score, rng, threshold), rng.uniform(0.7, 1.0)
    events: list[Event] = []
    for bar in (bar for bar in score.bars if bar.section in played):
        for chord in bar.chords:
            strings = voicing_of(chord, 55, "guitar")
            for k in range(max(1, int(chord.length * per_beat + 1e-6))):
                beat, on = chord.start + k / per_beat, k % per_beat == 0
                velocity = velocity_of(bar.energy, 0.7 if on else 0.4) * soft
                if on:
                    low = (
                        strings[0]
                        if (k // per_beat) % 2 == 0
                        else strings[min(1 + int(order[0]) % 2, len(strings) - 1)]
                    )
                    events.append((beat, gate, low, velocity, 0.0))
                if not on and not skip[k % 16] or on and rng.random() < pinch:
                    events.append(
                        (
                            beat,
                            gate / 2,
                            strings[2 + int(order[k % 16]) % (len(strings) - 2)],
                            velocity,
                            0.0,
                        )
                    )
    return events


def _stride(score: Score, rng: np.random.Generator, comp: Comp, threshold: float) -> list[Event]:
    """Low root and fifth in turn on the strong beats, the chord between them on the others: rags,
    waltzes, cabaret.
    """
    centre, low, gate = rng.uniform(57, 64), rng.uniform(40, 47), rng.uniform(*comp.length)
    played, octaves, twice = (
        sections_played(score, rng, threshold),
        rng.random() < 0.3,
        rng.random() < 0.25,
    )
    events: list[Event] = []
    for bar in (bar for bar in score.bars if bar.section in played):
        for beat in np.arange(bar.start, bar.end - 1e-6):
            chord, place = score.chord_at(beat), int(beat - bar.start)
            starts = place == 0 if score.beats_per_bar == 3 else place % 2 == 0
            if (
                starts
                or abs(chord.start - beat) < 1e-6
                and chord.start > bar.start
                and chord.length > 1
            ):
                is_root = (
                    abs(chord.start - beat) < 1.01 or place == 0 or len(chord.pitch_classes) < 3
                )
                pitch = nearest_pitch(chord.bass_class if is_root else chord.pitch_classes[2], low)
                events += [
                    (beat, gate, p, velocity_of(bar.energy, 0.8), 0.0)
                    for p in (pitch, pitch - 12)[: 1 + octaves]
                ]
                continue
            for shift in (0.0, 0.5)[: 1 + twice]:
                pitches = voicing_of(score.chord_at(beat + shift), centre, "close")
                events += [
                    (beat + shift, gate / (1 + twice), p, velocity_of(bar.energy, 0.5), 0.0)
                    for p in pitches
                ]
    return events


def _tied(events: Sequence[Event], longest: float = 16.0) -> list[Event]:
    """Events where a pitch that goes on in the next chord is held, up to `longest` beats."""
    tied: list[Event] = []
    last: dict[float, int] = {}  # pitch: index of its last event
    for beat, length, pitch, velocity, delay_s in events:
        k = last.get(pitch)
        if (
            k is not None
            and abs(tied[k][0] + tied[k][1] - beat) < 0.3
            and beat + length - tied[k][0] <= longest
        ):
            tied[k] = (tied[k][0], beat + length - tied[k][0], pitch, *tied[k][3:])
        else:
            last[pitch] = len(tied)
            tied.append((beat, length, pitch, velocity, delay_s))
    return tied


def _arpeggio(score: Score, rng: np.random.Generator, comp: Comp, threshold: float) -> list[Event]:
    """Broken chords in eighths or sixteenths over one or two octaves."""
    per_beat = 4 if score.sheet.tempo_bpm < rng.uniform(85, 150) and score.sheet.swing < 0.05 else 2
    centre, octaves = rng.uniform(52, 76), pick(rng, (1, 2, 2))
    order, gate = (
        pick(rng, ("up", "down", "up_down", "alberti", "drawn")),
        rng.uniform(*comp.length),
    )
    shuffle, played = rng.permutation(16), sections_played(score, rng, threshold)
    skip = rng.random(32) < rng.choice([0.0, 0.0, 0.25])
    events: list[Event] = []
    for bar in score.bars:
        if bar.section not in played:
            continue
        for chord in bar.chords:
            base = voicing_of(chord, centre, comp.voicing)
            notes = _ordered([p + 12 * o for o in range(octaves) for p in base], order, shuffle)
            for k in range(max(1, int(chord.length * per_beat + 1e-6))):
                if k and skip[k % 32]:
                    continue
                velocity = velocity_of(bar.energy, 0.8 if k % per_beat == 0 else 0.4)
                events.append(
                    (
                        chord.start + k / per_beat,
                        gate / per_beat,
                        notes[k % len(notes)],
                        velocity,
                        0.0,
                    )
                )
    return events


def _ordered(notes: list[int], order: str, shuffle: np.ndarray) -> list[int]:
    if order == "down":
        return notes[::-1]
    if order == "up_down":
        return notes + notes[-2:0:-1]
    if order == "alberti":
        return [notes[0], notes[-1], notes[len(notes) // 2], notes[-1]]
    if order == "drawn":
        return [notes[i % len(notes)] for i in shuffle[:8]]
    return notes
