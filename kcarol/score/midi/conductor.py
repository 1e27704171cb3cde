"""The first track of a MIDI file: tempi, time signatures, key and sections."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from typing import TYPE_CHECKING

from kcarol.score.midi.key_names import key_name
from kcarol.score.midi.places import Places
from kcarol.score.midi.tempo_map import TICKS_PER_QUARTER
from kcarol.score.midi.tracks import Event, meta_event, track
from kcarol.score.notated import Bar, Notated

if TYPE_CHECKING:
    from mido import MidiTrack

TimeSignature = tuple[int, int]  # as 6/8
COMMON = (4, 4)


def conductor_track(paper: Notated, places: Places, texts: Iterable[Event]) -> MidiTrack:
    """On whose tempi every beat comes when it was heard; with other texts."""
    events = [*texts, meta_event(0, "key_signature", key=key_name(paper.key, paper.mode))]
    for tick, tempo in zip(*places.tempo_map().changes, strict=True):
        events.append(meta_event(tick, "set_tempo", tempo=tempo))
    for tick, (count, unit) in time_signatures(paper, places):
        events.append(meta_event(tick, "time_signature", numerator=count, denominator=unit))
    for section in paper.sections:
        events.append(meta_event(places.tick(section.start), "marker", text=section.name))
    return track(paper.title, events, places.end)


def time_signatures(paper: Notated, places: Places) -> list[tuple[int, TimeSignature]]:
    """Ticks at which the metre changes, and to which; bars of silence have their own."""
    at = {places.tick(bar.start): signature_of(bar) for bar in paper.bars}
    for begin, end in places.silences():
        at.setdefault(end, _signature_at(paper, places.quarter(end)))
        silence = Fraction(end - begin, TICKS_PER_QUARTER)
        at[begin] = COMMON if silence % 4 == 0 else _signature_as_long_as(silence)
    changes: list[tuple[int, TimeSignature]] = []
    for tick, metre in sorted(at.items()):
        if not changes or metre != changes[-1][1]:
            changes.append((tick, metre))
    return changes


def signature_of(bar: Bar) -> TimeSignature:
    """Of a short bar its own."""
    return _signature_as_long_as(bar.length) if bar.is_short else bar.time_signature


def _signature_at(paper: Notated, quarter: float) -> TimeSignature:
    begun = [bar for bar in paper.bars if bar.start <= quarter]
    return signature_of(begun[-1])


def _signature_as_long_as(quarters: Fraction) -> TimeSignature:
    """Of a bar that has so many quarters, in quarters, eighths or sixteenths."""
    unit = next((unit for unit in (4, 8) if (quarters * unit / 4).denominator == 1), 16)
    return max(1, round(quarters * unit / 4)), unit
