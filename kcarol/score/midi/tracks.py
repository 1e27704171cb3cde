"""Events and tracks of MIDI files: all that is written goes through mido here."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kcarol.audio.files import atomic_write
from kcarol.score.midi.tempo_map import TICKS_PER_QUARTER

if TYPE_CHECKING:
    from mido import Message, MetaMessage, MidiTrack

Event = tuple[int, "Message | MetaMessage"]  # tick, message

DRUM_CHANNEL = 9  # General MIDI's tenth
PAN_CONTROL, VOLUME_CONTROL = 10, 7
CENTRE, TO_SIDE = 64, 63  # of pan
VOLUME = 100
LEAST_CENTS = 1.0  # by which tracks are tuned
ORDER = {"note_off": 1, "note_on": 2}  # of events at one tick, after all others


def meta_event(tick: int, kind: str, **values: Any) -> Event:
    """One that does not sound, as mido names it."""
    from mido import MetaMessage

    return tick, MetaMessage(kind, **values)


def note_events(start: int, end: int, pitch: int, channel: int, velocity: int) -> list[Event]:
    from mido import Message

    return [
        (start, Message("note_on", channel=channel, note=pitch, velocity=velocity)),
        (max(end, start + 1), Message("note_off", channel=channel, note=pitch)),
    ]


def settings(
    channel: int, program: int, cents: float = 0.0, pan: float = 0.0, gain_db: float = 0.0
) -> list[Event]:
    """Program, volume, place and tuning of a channel. pan: -1 left to 1 right."""
    from mido import Message

    volume = round(VOLUME * 10 ** (gain_db / 40))  # as General MIDI advises
    controls = [(VOLUME_CONTROL, min(volume, 127)), (PAN_CONTROL, round(CENTRE + TO_SIDE * pan))]
    messages = [Message("program_change", channel=channel, program=program)]
    messages += [
        Message("control_change", channel=channel, control=control, value=value)
        for control, value in [*controls, *_tuning(cents)]
    ]
    return [(0, message) for message in messages]


def _tuning(cents: float) -> list[tuple[int, int]]:
    """Controls and values: registered parameter 1, channel fine tuning, of 14 bits a semitone up or
    down.
    """
    if abs(cents) < LEAST_CENTS:
        return []
    coarse, fine = divmod(min(max(0, round(8192 + 81.92 * cents)), 16383), 128)
    return [(101, 0), (100, 1), (6, coarse), (38, fine), (101, 127), (100, 127)]


def track(name: str, events: Iterable[Event], end: int) -> MidiTrack:
    """Events in order of time; a key is let go before it is struck again."""
    from mido import MetaMessage, MidiTrack

    written = MidiTrack([MetaMessage("track_name", name=name)])
    now = 0
    for tick, message in sorted(events, key=_order):
        written.append(message.copy(time=tick - now))
        now = tick
    written.append(MetaMessage("end_of_track", time=max(0, end - now)))
    return written


def _order(event: Event) -> tuple[int, int]:
    tick, message = event
    return tick, ORDER.get(message.type, 0)


def save(tracks: Sequence[MidiTrack], path: Path) -> None:
    """As a file of format 1, atomically."""
    from mido import MidiFile

    file = MidiFile(type=1, ticks_per_beat=TICKS_PER_QUARTER, charset="utf-8")
    file.tracks.extend(tracks)
    with atomic_write(path) as temporary:
        file.save(temporary)
