"""MIDI of other programs as `Written`, which becomes a lead sheet as any score does."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from kcarol.score.chord_names import named_chord
from kcarol.score.elsewhere.written import KeySignature, Written, WrittenBar, WrittenPart
from kcarol.score.midi.file import MidiNote, MidiPart, MidiSong
from kcarol.score.midi.key_names import key_named
from kcarol.score.midi.melody import parted, tune_first, tune_notes
from kcarol.score.musicxml.spelling import signature
from kcarol.transcription.lead_sheet import Chord, Note

US_A_MINUTE = 60_000_000
USUAL_METRE = (4, 4)
NAMED = 0.8  # share of texts that name chords, from which on they all do
FORM = re.compile(r"[A-H]")  # letters of sections look like chords


def written_of(song: MidiSong) -> Written:
    """Bars, parts, chord names and tempi of a file; the likeliest tune first."""
    quarter = song.ticks_per_quarter
    bars = _bars(song)
    tempi = zip(song.tempo_map.ticks, song.tempo_map.us_per_quarter, strict=True)
    symbols = _symbols(song.texts, quarter) or _symbols(song.cues, quarter)
    marks = song.markers
    if not symbols and not all(FORM.fullmatch(text) for _, text in marks):
        symbols = _symbols(marks, quarter)
        marks = () if symbols else marks
    return Written(
        song.title,
        bars,
        parts=_parts(song),
        symbols=_held(symbols, bars[-1].end),
        tempos=tuple((float(tick / quarter), float(US_A_MINUTE / us)) for tick, us in tempi),
        marks=tuple((tick / quarter, text) for tick, text in marks),
        keys=tuple(_key(tick / quarter, name) for tick, name in song.keys),
    )


def _parts(song: MidiSong) -> tuple[WrittenPart, ...]:
    quarter = song.ticks_per_quarter
    tune, *others = tune_first(song)
    notes = parted(tune.notes)
    top = _in_quarters(tune_notes(notes, quarter), quarter)
    sung = WrittenPart(tune.track, _in_quarters(notes, quarter), top, is_sung=True)
    return (sung, *(_accompanying(part, quarter) for part in others))


def _accompanying(part: MidiPart, quarter: float) -> WrittenPart:
    """Without a voice that could be taken for the tune."""
    return WrittenPart(part.track, _in_quarters(part.notes, quarter), ())


def _in_quarters(notes: Sequence[MidiNote], quarter: float) -> tuple[Note, ...]:
    return tuple(
        Note(note.start / quarter, (note.end - note.start) / quarter, note.pitch) for note in notes
    )


def _key(start: float, name: str) -> KeySignature:
    """Programs write C major where they know none; "major" is no more than a signature."""
    key, mode = key_named(name)
    return KeySignature(start, signature(key, mode), mode if mode == "minor" else None)


def _symbols(texts: Sequence[tuple[int, str]], quarter: float) -> dict[float, Chord]:
    """Chords by where they begin, if texts name chords."""
    named = {tick / quarter: named_chord(text) for tick, text in texts if text.strip()}
    chords = {start: chord for start, chord in named.items() if chord}
    return chords if len(chords) >= max(2, NAMED * len(named)) else {}


def _held(symbols: dict[float, Chord], end: float) -> tuple[Chord, ...]:
    """Chords until the next begins."""
    starts = [*symbols, end]
    return tuple(
        replace(chord, start=start, length=stop - start)
        for (start, chord), stop in zip(symbols.items(), starts[1:], strict=True)
        if stop > start
    )


def _bars(song: MidiSong) -> tuple[WrittenBar, ...]:
    """To the end of the last note; the last bar is whole."""
    end = song.length / song.ticks_per_quarter
    metres = {0.0: USUAL_METRE}
    metres |= {tick / song.ticks_per_quarter: metre for tick, metre in song.time_signatures}
    starts = [start for start in metres if start < end]
    bars: list[WrittenBar] = []
    for start, stop in zip(starts, [*starts[1:], None], strict=True):
        count, unit = metres[start]
        at = start
        while at < (stop or end):
            length = min(4 * count / unit, stop - at) if stop else 4 * count / unit
            bars.append(WrittenBar(at, length, count, unit))
            at += length
    return tuple(bars)
