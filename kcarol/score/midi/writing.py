"""Scores and arrangements as Standard MIDI Files (format 1) in time with the record."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

from kcarol.audio.files import atomic_write
from kcarol.score.chord_names import chord_name, key_signature
from kcarol.score.extras import FIELD, extras_text
from kcarol.score.midi.key_names import key_name
from kcarol.score.midi.places import Places
from kcarol.score.midi.tempo_map import TICKS_PER_QUARTER
from kcarol.score.notated import Bar, Notated, notate
from kcarol.score.score import Score
from kcarol.transcription.lead_sheet import Chord, Part, Span

if TYPE_CHECKING:
    from mido import Message, MetaMessage, MidiFile, MidiTrack

Event = tuple[int, "Message | MetaMessage"]  # tick, message

TUNE, CHORDS, BASS = "tune", "chords", "bass"  # names of the tracks of a lead sheet
PROGRAMS = {TUNE: 71, CHORDS: 0, BASS: 32}  # clarinet, piano, bass
VELOCITIES = {TUNE: 100, CHORDS: 64, BASS: 80}
LOWEST = {CHORDS: 54, BASS: 36}  # each pitch class in the octave above it
CENTRE, VOLUME = 64, 100
PAN_CONTROL, VOLUME_CONTROL = 10, 7
DRUM_CHANNEL = 9
CHANNELS = [channel for channel in range(16) if channel != DRUM_CHANNEL]
TAMBOURINE = 54  # General MIDI has no sleigh bells


def write_midi(score: Score, path: Path) -> None:
    """A lead sheet: tune, chords with their names, bass; what notes cannot say is in a text.

    The tempo map brings every beat to its time in the record.
    """
    paper = notate(score)
    places = Places.of(paper, score.grid)
    tracks = {TUNE: [(note, (note.pitch,)) for note in paper.notes]}
    chords = [chord for chord in paper.chords if not chord.silent]
    tracks[CHORDS] = [(chord, chord_pitches(chord)) for chord in chords]
    tracks[BASS] = [(chord, (bass_pitch(chord),)) for chord in chords]
    file = _midi_file()
    file.tracks.append(_conductor(score, paper, places, [extras_of(score, paper)]))
    for channel, (name, spans) in enumerate(tracks.items()):
        events = [
            event
            for span, pitches in spans
            for event in _span_events(span, pitches, places, channel, VELOCITIES[name])
        ]
        if name == CHORDS:
            events += chord_texts(paper, places, key_signature(score.sheet))
        events += _setting(channel, PROGRAMS[name])
        file.tracks.append(_track(name, events, int(places.stops[-1])))
    _save(file, path)


def write_arrangement_midi(parts: Sequence[Part], score: Score, path: Path) -> None:
    """Parts of a carol, a track each; their notes come when they sound in the carol."""
    paper = notate(score)
    places = Places.of(paper, score.grid)
    tempo_map = places.tempo_map()
    texts = chord_texts(paper, places, key_signature(score.sheet))
    file = _midi_file()
    file.tracks.append(_conductor(score, paper, places, texts))
    for number, part in enumerate(parts):
        channel = DRUM_CHANNEL if part.is_drums else CHANNELS[number % len(CHANNELS)]
        events = _setting(channel, part.program, part.pan, part.gain_db)
        for stroke in part.strokes:
            start, end = tempo_map.tick([stroke.start_s, stroke.start_s + stroke.length_s])
            pitch = TAMBOURINE if part.is_drums else round(stroke.pitch)
            events += _note_events(int(start), int(end), pitch, channel, stroke.velocity)
        file.tracks.append(_track(part.name, events, int(places.stops[-1])))
    _save(file, path)


def chord_pitches(chord: Chord) -> tuple[int, ...]:
    """MIDI pitches of the chords' track."""
    return tuple(sorted(_pitch_above(LOWEST[CHORDS], tone) for tone in chord.pitch_classes))


def bass_pitch(chord: Chord) -> int:
    """MIDI pitch of the bass's track."""
    return _pitch_above(LOWEST[BASS], chord.bass_class)


def _pitch_above(lowest: int, pitch_class: int) -> int:
    return lowest + (pitch_class - lowest) % 12


def chord_texts(paper: Notated, places: Places, fifths: int) -> list[Event]:
    """Names of chords where they begin."""
    from mido import MetaMessage

    return [
        (places.tick(chord.start), MetaMessage("text", text=chord_name(chord, fifths)))
        for chord in paper.chords
    ]


def extras_of(score: Score, paper: Notated) -> Event:
    from mido import MetaMessage

    return 0, MetaMessage("text", text=f"{FIELD} {extras_text(score, paper)}")


# --- tracks


def _midi_file() -> MidiFile:
    from mido import MidiFile

    return MidiFile(type=1, ticks_per_beat=TICKS_PER_QUARTER, charset="utf-8")


def _conductor(score: Score, paper: Notated, places: Places, texts: Iterable[Event]) -> MidiTrack:
    """Tempi, time and key signatures, sections as markers."""
    from mido import MetaMessage

    tempo_map = places.tempo_map()
    events = list(texts)
    for tick, tempo in zip(
        tempo_map.ticks.tolist(), tempo_map.us_per_quarter.tolist(), strict=True
    ):
        events.append((tick, MetaMessage("set_tempo", tempo=tempo)))
    for tick, (count, unit) in time_signatures(paper, places):
        message = MetaMessage("time_signature", numerator=count, denominator=unit)
        events.append((tick, message))
    events.append((0, MetaMessage("key_signature", key=key_name(paper.key, paper.mode))))
    for section in paper.sections:
        events.append((places.tick(section.start), MetaMessage("marker", text=section.name)))
    return _track(paper.title, events, int(places.stops[-1]))


def time_signatures(paper: Notated, places: Places) -> list[tuple[int, tuple[int, int]]]:
    """Ticks at which the metre changes, and to which; bars of silence have their own."""
    at = {places.tick(bar.start): signature_of(bar) for bar in paper.bars}
    for begin, end in places.silences():
        at.setdefault(end, _signature_at(paper, places.quarter(end)))
        at[begin] = _signature(Fraction(end - begin, TICKS_PER_QUARTER))
    changes: list[tuple[int, tuple[int, int]]] = []
    for tick, metre in sorted(at.items()):
        if not changes or metre != changes[-1][1]:
            changes.append((tick, metre))
    return changes


def signature_of(bar: Bar) -> tuple[int, int]:
    """Time signature of a bar; of a short one, its own."""
    if not bar.is_short:
        return bar.time_signature
    numerator, denominator = _signature(bar.length)
    return numerator, denominator


def _signature_at(paper: Notated, quarter: float) -> tuple[int, int]:
    begun = [bar for bar in paper.bars if bar.start <= quarter]
    return signature_of(begun[-1])


def _signature(quarters: Fraction) -> tuple[int, int]:
    """The time signature of a bar that is so long, in quarters, eighths or sixteenths."""
    for denominator in (4, 8, 16):
        length = quarters * denominator / 4
        if length.denominator == 1:
            break
    return max(1, round(length)), denominator


def _setting(channel: int, program: int, pan: float = 0.0, gain_db: float = 0.0) -> list[Event]:
    from mido import Message

    volume = round(VOLUME * 10 ** (gain_db / 40))  # as General MIDI advises
    controls = {VOLUME_CONTROL: min(volume, 127), PAN_CONTROL: round(CENTRE + 63 * pan)}
    messages = [Message("program_change", channel=channel, program=program)]
    messages += [
        Message("control_change", channel=channel, control=control, value=value)
        for control, value in controls.items()
    ]
    return [(0, message) for message in messages]


def _span_events(
    span: Span, pitches: Iterable[int], places: Places, channel: int, velocity: int
) -> list[Event]:
    start, end = places.tick(span.start), places.end_tick(span.end)
    return [
        event for pitch in pitches for event in _note_events(start, end, pitch, channel, velocity)
    ]


def _note_events(start: int, end: int, pitch: int, channel: int, velocity: int) -> list[Event]:
    from mido import Message

    return [
        (start, Message("note_on", channel=channel, note=pitch, velocity=velocity)),
        (max(end, start + 1), Message("note_off", channel=channel, note=pitch)),
    ]


def _track(name: str, events: Iterable[Event], end: int) -> MidiTrack:
    """A track in order of time: settings first, a key is let go before it is struck again."""
    from mido import MetaMessage, MidiTrack

    order = {"note_off": 1, "note_on": 2}
    track = MidiTrack([MetaMessage("track_name", name=name)])
    now = 0
    for tick, message in sorted(events, key=lambda event: (event[0], order.get(event[1].type, 0))):
        track.append(message.copy(time=tick - now))
        now = tick
    track.append(MetaMessage("end_of_track", time=max(0, end - now)))
    return track


def _save(file: MidiFile, path: Path) -> None:
    with atomic_write(path) as temporary:
        file.save(temporary)
