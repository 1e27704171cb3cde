"""Scores and arrangements as MIDI files that lie under the record in any sequencer."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import cycle
from operator import itemgetter
from pathlib import Path

import numpy as np

from kcarol.score.chord_names import chord_name, key_signature
from kcarol.score.errors import check_packages
from kcarol.score.extras import FIELD, extras_text
from kcarol.score.midi.conductor import conductor_track
from kcarol.score.midi.places import Places
from kcarol.score.midi.tracks import (
    DRUM_CHANNEL,
    Event,
    meta_event,
    note_events,
    save,
    settings,
    track,
)
from kcarol.score.notated import Notated, notate
from kcarol.score.score import Score
from kcarol.transcription.lead_sheet import Chord, Part, Span

TUNE, CHORDS, BASS = "tune", "chords", "bass"  # names of the tracks of a lead sheet
PROGRAMS = {TUNE: 71, CHORDS: 0, BASS: 32}  # clarinet, piano, bass
VELOCITIES = {TUNE: 100, CHORDS: 64, BASS: 80}
LOWEST = {CHORDS: 54, BASS: 36}  # each pitch class in the octave above it
VOICES = {  # by their letters in the styles of carols
    "s": "tune",
    "r": "accents",
    "k": "accents",
    "a": "alto",
    "t": "tenor",
    "b": "bass",
    "u": "upper",
    "c": "counter-line",
    "d": "descant",
    "e": "echo",
}
PLAIN_FIGURE = "sing"
CHANNELS = [channel for channel in range(16) if channel != DRUM_CHANNEL]
TAMBOURINE = 54  # General MIDI has no sleigh bells


def write_midi(score: Score, path: Path) -> None:
    """A lead sheet: tune, chords with their names, bass; what notes cannot say is in a text.

    ScoreError if mido is missing; OSError naming the file.
    """
    check_packages(path, "mido")
    paper = notate(score)
    places = Places.of(paper, score.grid)
    extras = meta_event(0, "text", text=f"{FIELD} {extras_text(score, paper)}")
    tracks = [conductor_track(paper, places, [extras])]
    chords = [chord for chord in paper.chords if not chord.silent]
    spans = {
        TUNE: [(note, (note.pitch,)) for note in paper.notes],
        CHORDS: [(chord, chord_pitches(chord)) for chord in chords],
        BASS: [(chord, (bass_pitch(chord),)) for chord in chords],
    }
    for channel, name in enumerate(spans):
        events = settings(channel, PROGRAMS[name], tuning_cents(score))
        if name == CHORDS:
            events += chord_events("text", paper, places, key_signature(score.sheet))
        for span, pitches in spans[name]:
            events += _span_events(span, pitches, places, channel, VELOCITIES[name])
        tracks.append(track(name, events, places.end))
    save(tracks, path)


def write_arrangement_midi(parts: Sequence[Part], score: Score, path: Path) -> None:
    """The parts of a score's carol, a track each; notes are where they sound. Raises as
    `write_midi`.
    """
    check_packages(path, "mido")
    paper = notate(score)
    places = Places.of(paper, score.grid)
    # cues, since notation programs take texts for lyrics
    names = chord_events("cue_marker", paper, places, key_signature(score.sheet))
    tracks = [conductor_track(paper, places, names)]
    channels = part_channels(parts)
    notes = _note_events(parts, channels, places)
    for part, channel, events in zip(parts, channels, notes, strict=True):
        own = settings(channel, part.program, tuning_cents(score), part.pan, part.gain_db)
        tracks.append(track(player_name(part), own + events, places.end))
    save(tracks, path)


def player_name(part: Part) -> str:
    """Who plays a part of a carol, and what: "oohs: tune", "harp: upper, tenor (broken)"."""
    instrument, *rest = part.name.split()
    instrument = instrument.replace("_", " ")
    if len(rest) < 2:
        return instrument
    voices, figure = rest
    played = ", ".join(dict.fromkeys(VOICES[voice] for voice in voices))
    return f"{instrument}: {played}" + ("" if figure == PLAIN_FIGURE else f" ({figure})")


def tuning_cents(score: Score) -> float:
    """How far a song lies above A4 = 440 Hz: its tracks sound in tune with the record."""
    return float(np.median(score.tuning_cents))


def part_channels(parts: Sequence[Part]) -> list[int]:
    """A channel for each part; where there are too few, parts of one instrument share."""
    free = cycle(CHANNELS)
    n_spare = len(CHANNELS) - len({part.program for part in parts if not part.is_drums})
    shared: dict[int, int] = {}
    channels = []
    for part in parts:
        if part.is_drums:
            channels.append(DRUM_CHANNEL)
        elif part.program not in shared:
            channels.append(shared.setdefault(part.program, next(free)))
        elif n_spare > 0:
            n_spare -= 1
            channels.append(next(free))
        else:
            channels.append(shared[part.program])
    return channels


def _note_events(
    parts: Sequence[Part], channels: Sequence[int], places: Places
) -> list[list[Event]]:
    """Of each part. A key is let go where its channel strikes it again: else the second is lost."""
    tempo_map = places.tempo_map()
    strokes = [(number, stroke) for number, part in enumerate(parts) for stroke in part.strokes]
    starts = tempo_map.tick([stroke.start_s for _, stroke in strokes]).tolist()
    ends = tempo_map.tick([stroke.start_s + stroke.length_s for _, stroke in strokes]).tolist()
    events: list[list[Event]] = [[] for _ in parts]
    next_spans: dict[tuple[int, int], tuple[int, int]] = {}
    in_time = sorted(zip(starts, ends, strokes, strict=True), key=itemgetter(0))
    for start, end, (number, stroke) in reversed(in_time):
        pitch = TAMBOURINE if parts[number].is_drums else round(stroke.pitch)
        key = channels[number], pitch
        next_start, next_end = next_spans.get(key, (end, end))
        stop = next_end if next_start == start else min(end, next_start)
        events[number] += note_events(start, stop, pitch, channels[number], stroke.velocity)
        next_spans[key] = start, stop
    return events


def _span_events(
    span: Span, pitches: Sequence[int], places: Places, channel: int, velocity: int
) -> list[Event]:
    start, end = places.tick(span.start), places.end_tick(span.end)
    notes = [note_events(start, end, pitch, channel, velocity) for pitch in pitches]
    return [event for note in notes for event in note]


def chord_events(kind: str, paper: Notated, places: Places, fifths: int) -> list[Event]:
    """Names of chords where they begin, in a key of so many sharps, as events of a kind."""
    return [
        meta_event(places.tick(chord.start), kind, text=chord_name(chord, fifths))
        for chord in paper.chords
    ]


def chord_pitches(chord: Chord) -> tuple[int, ...]:
    """MIDI pitches of the chords' track."""
    return tuple(sorted(_pitch_above(LOWEST[CHORDS], tone) for tone in chord.pitch_classes))


def bass_pitch(chord: Chord) -> int:
    """MIDI pitch of the bass's track."""
    return _pitch_above(LOWEST[BASS], chord.bass_class)


def _pitch_above(lowest: int, pitch_class: int) -> int:
    return lowest + (pitch_class - lowest) % 12
