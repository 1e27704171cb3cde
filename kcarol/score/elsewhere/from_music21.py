"""What a MusicXML score says, read by music21."""

from __future__ import annotations

import warnings
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from xml.etree.ElementTree import Element

from kcarol.score.elsewhere.beats import full_length, joined_bars
from kcarol.score.elsewhere.chord_symbols import chord_of
from kcarol.score.elsewhere.playing_order import playing_order, printable_reason
from kcarol.score.elsewhere.written import (
    KeySignature,
    Unplayable,
    Written,
    WrittenBar,
    WrittenPart,
)
from kcarol.transcription.lead_sheet import TOLERANCE, Chord, Note

if TYPE_CHECKING:
    from music21.base import Music21Object
    from music21.stream import Measure, Part, Score

SWUNG = 1 / 3  # of triplets, as of LeadSheet
EDGES = ("double", "final", "heavy-heavy", "heavy-light")  # barlines
ROUNDED = 0.2  # quarters, by which a bar may be too long or too short


@dataclass(frozen=True, eq=False)
class PlayedMeasure:
    """Measures of all parts that sound together, from `start` on."""

    start: float  # quarters, as played
    number: int  # as written, 0 the first
    columns: tuple[Measure | None, ...]  # of each part
    comes_back: bool  # after a repeat or a jump


def written_of(root: Element) -> Written:
    """Of the root of a MusicXML document. Unplayable for what is no song."""
    score = _parsed(root)
    parts = [part for part in score.parts if part.getElementsByClass("Measure")]
    if not parts:
        raise Unplayable("a tune", "no measures", "give a score with notes")
    order = playing_order(parts)
    measures = [list(part.getElementsByClass("Measure")) for part in parts]
    bars, played, lead = _laid_out(measures, order)
    found = _Found()
    for measure in played:
        found.add_(measure)
    return Written(
        title=_title(score),
        bars=bars,
        parts=tuple(
            _part(part, found.notes[number], bool(found.lyrics[number]))
            for number, part in enumerate(parts)
        ),
        symbols=tuple(_held(found.symbols, bars[-1].end)),
        tempos=tuple(found.tempos),
        marks=tuple(found.marks),
        edges=tuple(sorted(set(found.edges))),
        keys=tuple(found.keys),
        lead=lead,
        swing=SWUNG if found.is_swung else 0.0,
    )


def _parsed(root: Element) -> Score:
    """At sounding pitch."""
    from music21.exceptions21 import Music21Exception
    from music21.musicxml.xmlToM21 import MusicXMLImporter

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            importer = MusicXMLImporter()
            score = importer.stream  # into which parts of several staves go at any rate
            importer.xmlRootToScore(root, score)
            score.toSoundingPitch(inPlace=True)
    except (Music21Exception, ValueError, KeyError, AttributeError, TypeError, IndexError) as error:
        raise Unplayable(
            "MusicXML that music21 reads", printable_reason(error), "open and save it in MuseScore"
        ) from error
    return score


def _title(score: Score) -> str:
    metadata = score.metadata
    return (metadata and (metadata.title or metadata.movementName)) or ""


# --- measures in the order of play


def _laid_out(
    measures: Sequence[Sequence[Measure]], order: Sequence[int]
) -> tuple[tuple[WrittenBar, ...], list[PlayedMeasure], float]:
    """Bars, measures as played, and how much the first bar lacks; the last one is filled up."""
    signatures = _signatures(measures)
    bars: list[WrittenBar] = []
    played: list[PlayedMeasure] = []
    start = lead = 0.0
    for place, number in enumerate(order):
        columns = tuple(part[number] if number < len(part) else None for part in measures)
        bar = WrittenBar(start, 0.0, *signatures[number])
        length = _length(columns, full_length(bar))
        if place == 0:
            lead = max(0.0, full_length(bar) - length)
            bar = replace(bar, length=lead)
        comes_back = place > 0 and number != order[place - 1] + 1
        played.append(PlayedMeasure(start + bar.length, number, columns, comes_back))
        bars.append(replace(bar, length=bar.length + length))
        start = bars[-1].end
    whole = joined_bars(bars)
    last = whole[-1]
    return ((*whole[:-1], replace(last, length=max(last.length, full_length(last)))), played, lead)


def _length(columns: Sequence[Measure | None], full: float) -> float:
    """Quarters of a bar's notes and rests; of what is rounded, and of an empty bar, all."""
    length = max((_sounding_end(measure) for measure in columns if measure), default=0.0)
    return full if length <= TOLERANCE or abs(length - full) < ROUNDED else length


def _sounding_end(measure: Measure) -> float:
    ends = (
        offset + float(element.duration.quarterLength)
        for offset, element in _elements(measure)
        if "GeneralNote" in element.classSet
    )
    return max(ends, default=0.0)


def _signatures(measures: Sequence[Sequence[Measure]]) -> list[tuple[int, int]]:
    """The time signature of each measure, of whichever part has one; 4/4 at first."""
    current, out = (4, 4), []
    for number in range(max(map(len, measures))):
        for part in measures:
            signature = part[number].timeSignature if number < len(part) else None
            if signature is not None and signature.numerator:
                current = (signature.numerator, signature.denominator)
                break
        out.append(current)
    return out


# --- what is in them


class _Found:
    """What was found in the measures played so far."""

    def __init__(self) -> None:
        self.notes: dict[int, list[_Sounding]] = defaultdict(list)  # by part
        self.lyrics: dict[int, int] = defaultdict(int)  # notes with a syllable, by part
        self.symbols: list[tuple[float, tuple | None]] = []
        self.tempos: list[tuple[float, float]] = []
        self.marks: list[tuple[float, str]] = []
        self.edges: list[float] = []
        self.keys: list[KeySignature] = []
        self.is_swung = False
        self.tempo_at: dict[int, float] = {}  # when a measure begins, by its number

    def add_(self, played: PlayedMeasure) -> None:
        if played.comes_back and self.tempo_at.get(played.number):
            self.tempos.append((played.start, self.tempo_at[played.number]))
        self.tempo_at.setdefault(played.number, self.tempos[-1][1] if self.tempos else 0.0)
        for part, measure in enumerate(played.columns):
            if measure is not None:
                self._add_measure_(part, measure, played.start)
        self.edges += _edges(played)
        self.symbols.sort(key=_first)
        self.tempos = sorted(dict(self.tempos).items())

    def _add_measure_(self, part: int, measure: Measure, start: float) -> None:
        for voice in _by_height(_voices(measure)):
            self.notes[part] += [
                replace(note, start=start + note.start, rank=voice.rank) for note in voice.notes
            ]
        for offset, element in _elements(measure):
            self.lyrics[part] += bool(getattr(element, "lyrics", None))
            self._add_element_(start + offset, element)

    def _add_element_(self, start: float, element: Music21Object) -> None:
        kinds = element.classSet
        if "Harmony" in kinds:
            self.symbols.append((start, chord_of(element)))
        elif "MetronomeMark" in kinds:
            bpm = element.getQuarterBPM()
            if bpm is not None:
                self.tempos.append((start, float(bpm)))
        elif "RehearsalMark" in kinds:
            self.marks.append((start, str(element.content)))
        elif "KeySignature" in kinds:
            self._add_key_(start, element)
        elif "TextExpression" in kinds:
            self.is_swung |= "swing" in str(element.content).lower()

    def _add_key_(self, start: float, signature) -> None:
        mode = getattr(signature, "mode", None)
        mode = mode if mode in ("major", "minor") else None
        if not self.keys or self.keys[-1].start < start:
            self.keys.append(KeySignature(start, signature.sharps or 0, mode))


@dataclass(frozen=True)
class _Sounding(Note):
    ties: str | None = None  # start, continue or stop
    rank: int = 0  # of its voice, 0 the highest


@dataclass
class _Voice:
    notes: list[_Sounding]
    rank: int = 0


def _elements(measure: Measure) -> Iterator[tuple[float, Music21Object]]:
    """Everything in a measure with its offset in quarters, in voices too."""
    for element in measure:
        if "Voice" in element.classSet:
            for inner in element:
                yield float(element.offset + inner.offset), inner
        else:
            yield float(element.offset), element


def _voices(measure: Measure) -> list[_Voice]:
    streams = list(measure.voices) or [measure]
    loose = [measure] if measure.voices else []
    return [_Voice(list(_soundings(stream))) for stream in [*streams, *loose]]


def _soundings(stream) -> Iterator[_Sounding]:
    """Notes of a voice, without grace notes, cues and drums."""
    shift = float(stream.offset) if "Voice" in stream.classSet else 0.0
    for element in stream.getElementsByClass(["Note", "Chord"]):
        length = float(element.duration.quarterLength)
        if "Harmony" in element.classSet or element.duration.isGrace or length <= TOLERANCE:
            continue
        for note in element.notes if "Chord" in element.classSet else [element]:
            tie = note.tie.type if note.tie else None
            yield _Sounding(shift + float(element.offset), length, _midi(note), tie)


def _midi(note) -> int:
    pitch = note.pitch.ps
    if abs(pitch - round(pitch)) > TOLERANCE:
        raise Unplayable(
            "semitones", f"a quarter tone ({note.pitch.name})", "take accidentals of quarters out"
        )
    return round(pitch)


def _by_height(voices: Sequence[_Voice]) -> list[_Voice]:
    """Voices with notes, ranked by their mean pitch."""
    sounding = [voice for voice in voices if voice.notes]
    sounding.sort(key=_mean_pitch, reverse=True)
    for rank, voice in enumerate(sounding):
        voice.rank = rank
    return sounding


def _mean_pitch(voice: _Voice) -> float:
    return sum(note.pitch for note in voice.notes) / len(voice.notes)


def _edges(played: PlayedMeasure) -> list[float]:
    """Where a measure has a double bar or a repeat."""
    found = [played.start] if played.comes_back else []
    for measure in played.columns:
        if measure is None:
            continue
        for barline, place in (
            (measure.leftBarline, played.start),
            (measure.rightBarline, played.start + _sounding_end(measure)),
        ):
            if barline is not None and (barline.type in EDGES or "Repeat" in barline.classSet):
                found.append(place)
    return found


# --- parts and chords


def _part(part: Part, notes: Sequence[_Sounding], is_sung: bool) -> WrittenPart:
    tied = _tied(notes)
    top = tuple(note for note in tied if note.rank == 0)
    return WrittenPart(
        part.partName or "", tuple(map(_plain, tied)), tuple(map(_plain, top)), is_sung
    )


def _plain(note: _Sounding) -> Note:
    return Note(note.start, note.length, note.pitch)


def _tied(notes: Sequence[_Sounding]) -> list[_Sounding]:
    """Notes, tied ones as one."""
    out: list[_Sounding] = []
    held: dict[int, int] = {}  # by pitch, where the note is that a tie goes on from
    for note in sorted(notes, key=lambda note: (note.start, note.rank, -note.pitch)):
        before = held.pop(note.pitch, None)
        goes_on = note.ties in ("continue", "stop") and before is not None
        if goes_on and abs(out[before].end - note.start) < TOLERANCE:
            out[before] = replace(out[before], length=note.end - out[before].start)
        else:
            before = len(out)
            out.append(note)
        if note.ties in ("start", "continue"):
            held[note.pitch] = before
    return out


def _held(symbols: Sequence[tuple[float, tuple | None]], end: float) -> Iterator[Chord]:
    """Chords, each until the next; of several at once the first."""
    named: dict[float, tuple | None] = {}
    for start, name in symbols:
        named.setdefault(start, name)
    stops = [*named, end][1:]
    for (start, name), stop in zip(named.items(), stops, strict=True):
        if stop - start > TOLERANCE:
            root, quality, bass = name or (0, "maj", None)
            yield Chord(start, stop - start, root, quality, bass, silent=name is None)


def _first(pair: tuple) -> float:
    return pair[0]
