"""MIDI files as they are: notes and events in ticks."""

from __future__ import annotations

import io
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from kcarol.score.elsewhere.sheet import LONGEST_S
from kcarol.score.errors import ScoreError, check_packages
from kcarol.score.midi.tempo_map import TempoMap
from kcarol.score.midi.tracks import DRUM_CHANNEL

if TYPE_CHECKING:
    from mido import MetaMessage, MidiFile

MOST_BYTES = 4_000_000
MOST_NOTES = 100_000
MOST_QUARTERS = 10_000  # as beats they take seconds to read
SHORTEST_UNIT = 32  # of time signatures; finer ones are left out
USUAL_TEMPO_US = 500_000  # of a quarter, where the file has none
SMPTE_QUARTER_S = 0.5  # files that count seconds know no quarters
NTSC_RATE = {29: 30_000 / 1001}  # frames a second


@dataclass(frozen=True, order=True)
class MidiNote:
    """A note in ticks."""

    start: int
    end: int
    pitch: int
    velocity: int = 64


@dataclass(frozen=True)
class MidiPart:
    """What a track plays on one channel."""

    track: str  # its name
    channel: int
    program: int  # General MIDI, from 0
    notes: tuple[MidiNote, ...]  # sorted

    @property
    def is_drums(self) -> bool:
        return self.channel == DRUM_CHANNEL


@dataclass(frozen=True)
class MidiSong:
    """What a file says. Events are (tick, what), sorted."""

    title: str
    ticks_per_quarter: float
    parts: tuple[MidiPart, ...]
    tempo_map: TempoMap
    time_signatures: tuple[tuple[int, tuple[int, int]], ...]
    keys: tuple[tuple[int, str], ...]  # as mido names them
    texts: tuple[tuple[int, str], ...]
    markers: tuple[tuple[int, str], ...]
    cues: tuple[tuple[int, str], ...]
    syllables: tuple[int, ...]  # where those of lyrics begin

    @property
    def length(self) -> int:
        """Ticks to the end of the last note."""
        return max(note.end for part in self.parts for note in part.notes)


def read_song(path: Path) -> MidiSong:
    """The notes and events of a file of format 0, 1 or 2. ScoreError for what is no music; OSError.

    Of format 2, which holds several pieces, the first with notes.
    """
    tracks, ticks_per_quarter, is_smpte = _loaded(path)
    end = max((track[-1][0] for track in tracks if track), default=0)
    events = sorted((event for track in tracks for event in track), key=_tick)
    tempo_map = _tempo_map(path, [] if is_smpte else events, ticks_per_quarter)
    _check_length(path, end, tempo_map)
    programs = {m.channel: m.program for _, m in reversed(events) if m.type == "program_change"}
    parts = tuple(part for track in tracks for part in _parts(track, programs))
    _check_notes(path, parts)
    return MidiSong(
        title=_name(tracks[0]) if len(tracks) > 1 else "",
        ticks_per_quarter=ticks_per_quarter,
        parts=parts,
        tempo_map=tempo_map,
        time_signatures=tuple(
            (tick, (m.numerator, m.denominator))
            for tick, m in _of_type(events, "time_signature")
            if m.numerator and m.denominator <= SHORTEST_UNIT
        ),
        keys=tuple((tick, m.key) for tick, m in _of_type(events, "key_signature")),
        texts=_texts(events, "text"),
        markers=_texts(events, "marker"),
        cues=_texts(events, "cue_marker"),
        syllables=tuple(tick for tick, _ in _of_type(events, "lyrics")),
    )


Events = list[tuple[int, "MetaMessage"]]  # tick, message


def _loaded(path: Path) -> tuple[list[Events], float, bool]:
    """Tracks, ticks of a quarter, and whether these are counted in seconds."""
    content = path.read_bytes()
    if len(content) > MOST_BYTES:
        found = f"{len(content) / 1e6:.0f} MB"
        raise ScoreError.of(path, f"at most {MOST_BYTES / 1e6:.0f} MB of MIDI", found, "shorten it")
    file = _parsed(path, content)
    division = file.ticks_per_beat
    tracks = [_with_ticks(track) for track in file.tracks]
    if file.type == 2:
        tracks = [track for track in tracks if _of_type(track, "note_on")][:1]
    if division == 0 or not tracks:
        found = "none" if tracks else "no tracks"
        raise ScoreError.of(path, "ticks a quarter note", found, "export the file again")
    if division > 0:
        return tracks, division, False
    frames, ticks = -(division >> 8), division & 0xFF
    return tracks, NTSC_RATE.get(frames, frames) * max(1, ticks) * SMPTE_QUARTER_S, True


def _parsed(path: Path, content: bytes) -> MidiFile:
    check_packages(path, "mido")
    from mido import MidiFile

    try:
        # of a byte above 127 where none may be, the file is played on
        return MidiFile(file=io.BytesIO(content), clip=True)
    except Exception as error:  # mido raises errors of many kinds for damaged files
        found = " ".join(str(error).split()) or "the end of a file that was cut off"
        raise ScoreError.of(path, "a MIDI file", found, "export it again") from None


def _with_ticks(track: Sequence[MetaMessage]) -> Events:
    ticks = np.cumsum([message.time for message in track], dtype=object).tolist()
    return list(zip(ticks, track, strict=True))


def _of_type(events: Events, kind: str) -> Events:
    return [event for event in events if event[1].type == kind]


def _texts(events: Events, kind: str) -> tuple[tuple[int, str], ...]:
    return tuple((tick, _decoded(message.text)) for tick, message in _of_type(events, kind))


def _tick(event: tuple[int, MetaMessage]) -> int:
    return event[0]


def _decoded(text: str) -> str:
    """mido reads Latin-1, as the standard has it; most programs write UTF-8."""
    try:
        return text.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return text


def _name(track: Events) -> str:
    names = [_decoded(message.name) for _, message in _of_type(track, "track_name")]
    return names[0].strip(" \x00") if names else ""


def _tempo_map(path: Path, events: Events, ticks_per_quarter: float) -> TempoMap:
    tempi = {0: USUAL_TEMPO_US}
    tempi |= {tick: message.tempo for tick, message in _of_type(events, "set_tempo")}
    if 0 in tempi.values():
        raise ScoreError.of(path, "a tempo", "one of 0", "set it in the program that wrote it")
    ticks = np.array(list(tempi), float)
    return TempoMap(ticks, np.array(list(tempi.values()), float), ticks_per_quarter)


def _parts(track: Events, programs: dict[int, int]) -> list[MidiPart]:
    """A track's notes by channel."""
    name = _name(track)
    own = {m.channel: m.program for _, m in reversed(_of_type(track, "program_change"))}
    programs = programs | own
    by_channel = _notes(track)
    return [
        MidiPart(name, channel, programs.get(channel, 0), tuple(sorted(notes)))
        for channel, notes in sorted(by_channel.items())
    ]


def _notes(track: Events) -> dict[int, list[MidiNote]]:
    """Notes by channel; one that is never let go sounds until it is struck again or to the end."""
    notes: dict[int, list[MidiNote]] = defaultdict(list)
    held: dict[tuple[int, int], tuple[int, int]] = {}

    def let_go(key: tuple[int, int], tick: int) -> None:
        if key in held:
            start, velocity = held.pop(key)
            notes[key[0]].append(MidiNote(start, max(tick, start + 1), key[1], velocity))

    for tick, message in track:
        if message.type in ("note_on", "note_off"):
            key = message.channel, message.note
            let_go(key, tick)
            if message.type == "note_on" and message.velocity:
                held[key] = tick, message.velocity
    for key in list(held):
        let_go(key, track[-1][0])
    return notes


def _check_length(path: Path, end: int, tempo_map: TempoMap) -> None:
    """Of a file that ends at a tick, which may be of any size."""
    expected = f"at most {LONGEST_S / 3600:g} hours and {MOST_QUARTERS:,} quarter notes"
    if end > MOST_QUARTERS * tempo_map.ticks_per_quarter or tempo_map.time_s(end) > LONGEST_S:
        raise ScoreError.of(path, expected, "more", "give a shorter piece")


def _check_notes(path: Path, parts: Sequence[MidiPart]) -> None:
    n_notes = sum(len(part.notes) for part in parts)
    n_pitched = sum(len(part.notes) for part in parts if not part.is_drums)
    if n_notes > MOST_NOTES:
        way_out = "give the tune and its chords alone"
        raise ScoreError.of(path, f"at most {MOST_NOTES:,} notes", f"{n_notes:,}", way_out)
    if not n_pitched:
        found = "only drums" if n_notes else "no notes"
        raise ScoreError.of(path, "a tune", found, "add a track with a melody")
