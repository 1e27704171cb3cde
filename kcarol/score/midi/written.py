"""MIDI of other programs as `Written`, which becomes a lead sheet as any score does."""

from __future__ import annotations

from kcarol.score.elsewhere.written import Written, WrittenBar, WrittenPart
from kcarol.score.midi.file import MidiPart, MidiSong
from kcarol.transcription.lead_sheet import Note

US_A_MINUTE = 60_000_000
USUAL_METRE = (4, 4)


def written_of(song: MidiSong) -> Written:
    """Bars, parts and tempi of a file."""
    quarter = song.ticks_per_quarter
    tempo_map = song.tempo_map
    return Written(
        song.title,
        bars=_bars(song),
        parts=tuple(_part(part, quarter) for part in song.parts if not part.is_drums),
        tempos=tuple(
            (tick / quarter, US_A_MINUTE / us)
            for tick, us in zip(
                tempo_map.ticks.tolist(), tempo_map.us_per_quarter.tolist(), strict=True
            )
        ),
        marks=tuple((tick / quarter, text) for tick, text in song.markers),
    )


def _part(part: MidiPart, quarter: float) -> WrittenPart:
    notes = tuple(
        Note(note.start / quarter, (note.end - note.start) / quarter, note.pitch)
        for note in part.notes
    )
    return WrittenPart(part.track, notes, notes, is_sung=part.n_syllables > 0)


def _bars(song: MidiSong) -> tuple[WrittenBar, ...]:
    """To the end of the last note; the last bar is whole."""
    end = max(note.end for part in song.parts for note in part.notes) / song.ticks_per_quarter
    metres = {0.0: USUAL_METRE}
    metres |= {tick / song.ticks_per_quarter: metre for tick, metre in song.time_signatures}
    starts = [start for start in metres if start < end]
    bars: list[WrittenBar] = []
    for start, stop in zip(starts, [*starts[1:], None], strict=True):
        count, unit = metres[start]
        length = 4 * count / unit
        at = start
        while at < (end if stop is None else stop):
            bars.append(
                WrittenBar(at, length if stop is None else min(length, stop - at), count, unit)
            )
            at = bars[-1].end
    return tuple(bars)
