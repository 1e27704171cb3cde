"""MusicXML that we wrote, as its notation says it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from xml.etree.ElementTree import Element

import numpy as np

from kcarol.score.extras import FIELD, PACKED, unpacked_text
from kcarol.score.musicxml.chord_symbols import NO_CHORD, QUALITY_OF
from kcarol.score.musicxml.marks import SWING
from kcarol.score.musicxml.spelling import SEMITONES, key_of, pitch_of
from kcarol.score.notated import MOST_QUARTERS, Bar, Notated, quarters_of_beat, score_of
from kcarol.score.score import Score
from kcarol.transcription.lead_sheet import Chord, Metre, Note, Section

FOREIGN = ("backup", "forward", "chord", "grace", "repeat", "ending", "transpose")
SLOWEST_BPM, FASTEST_BPM = 5.0, 100_000.0


class ForeignNotation(ValueError):
    """Notation that we do not write: another reader is needed."""


def extras_of(root: Element) -> str | None:
    """The text of `extras_text` in a file, if there is one. ValueError if it is damaged."""
    for field_ in root.iterfind("identification/miscellaneous/miscellaneous-field"):
        if field_.get("name") == FIELD:
            return field_.text or ""
    source = (root.findtext("identification/source") or "").strip()
    return unpacked_text(source) if source.startswith(PACKED) else None


def seen_bpm_of(root: Element) -> float | None:
    """Beats a minute of the first metronome mark, if it says a number."""
    text = root.findtext(".//metronome/per-minute") or ""
    return float(text) if re.fullmatch(r"\s*\d{1,4}(\.\d{1,9})?\s*", text) else None


def is_ours(root: Element) -> bool:
    """Whether the last program that wrote the file is kcarol."""
    names = [software.text or "" for software in root.iterfind(".//encoding/software")]
    return len(names) == 1 and names[0].startswith("kcarol ")


def score_in(root: Element) -> Score:
    """The score that plays as it is written. ForeignNotation; ValueError with what is wrong."""
    parts = root.findall("part")
    if len(parts) != 1 or any(root.find(f".//{tag}") is not None for tag in FOREIGN):
        raise ForeignNotation
    reader = _Reader()
    for measure in parts[0].iterfind("measure"):
        reader.read_(measure)
    return score_of(reader.notated(root.findtext("work/work-title", "")))


@dataclass
class _Reader:
    """Collects what the measures of a part say."""

    divisions: int = 1
    signature: tuple[int, int] = (4, 4)
    key: int = 0
    mode: str = "major"
    swing: float = 0.0
    tempo_bpm: float = 120.0
    at: Fraction = Fraction(0)  # quarter notes, of the end of what has been read
    bars: list[Bar] = field(default_factory=list)
    tempos_bpm: list[float] = field(default_factory=list)  # of each bar, of quarter notes
    notes: list[Note] = field(default_factory=list)
    chords: list[Chord] = field(default_factory=list)
    sections: list[Section] = field(default_factory=list)

    def read_(self, measure: Element) -> None:
        start = self.at
        for element in measure:
            if element.tag == "attributes":
                self._attributes_(element)
            elif element.tag == "note":
                self._note_(element)
            elif element.tag == "harmony":
                self._harmony_(element)
            elif element.tag in ("direction", "sound"):
                self._direction_(element)
        if self.at == start:
            return
        if self.bars and not _is_whole(self.bars[-1]):
            raise ForeignNotation
        count, unit = self.signature
        division = 3 if unit == 8 and count % 3 == 0 else 2
        metre = Metre(0.0, count // 3 if division == 3 else count, division)
        self.bars.append(Bar(start, self.at - start, metre, 0.0))
        self.tempos_bpm.append(self.tempo_bpm)

    def _attributes_(self, attributes: Element) -> None:
        self.divisions = _number(attributes, "divisions", self.divisions)
        if not 1 <= self.divisions <= 1_000_000:
            raise ValueError(f"{self.divisions} divisions of a quarter note")
        if (time := attributes.find("time")) is not None:
            self.signature = _number(time, "beats"), _number(time, "beat-type")
            count, unit = self.signature
            if unit not in (4, 8) or (unit == 8 and count % 3) or not 1 <= count <= 48:
                raise ForeignNotation
        if (key := attributes.find("key")) is not None:
            self.mode = key.findtext("mode", "major")
            if self.bars or self.mode not in ("major", "minor"):
                raise ForeignNotation
            self.key = key_of(_number(key, "fifths"), self.mode)

    def _note_(self, note: Element) -> None:
        length = Fraction(_number(note, "duration"), self.divisions)
        if length <= 0:
            raise ValueError("a note without a length")
        if (pitch := note.find("pitch")) is not None:
            self._add_note_(length, _pitch(pitch), note.find("tie[@type='stop']") is not None)
        self.at += length

    def _add_note_(self, length: Fraction, pitch: int, is_tied: bool) -> None:
        last = self.notes[-1] if self.notes else None
        if is_tied and last and last.pitch == pitch and last.end == self.at:
            self.notes[-1] = replace(last, length=last.length + length)
        else:
            self.notes.append(Note(self.at, length, pitch))

    def _place(self, element: Element) -> Fraction:
        return self.at + Fraction(_number(element, "offset", 0), self.divisions)

    def _harmony_(self, harmony: Element) -> None:
        kind = (harmony.findtext("kind") or "").strip()
        root, bass = harmony.find("root"), harmony.find("bass")
        if kind == NO_CHORD:
            root_class = self.chords[-1].root if self.chords else self.key
            chord = Chord(self._place(harmony), 0, root_class, silent=True)
        elif kind not in QUALITY_OF or root is None:
            raise ForeignNotation
        else:
            quality = "add9" if harmony.findtext("degree/degree-value") == "9" else QUALITY_OF[kind]
            bass_class = None if bass is None else _pitch_class(bass, "bass")
            root_class = _pitch_class(root, "root")
            chord = Chord(self._place(harmony), 0, root_class, quality, bass_class)
        self.chords.append(chord)

    def _direction_(self, direction: Element) -> None:
        sound = direction if direction.tag == "sound" else direction.find("sound")
        if sound is not None and sound.get("tempo"):
            self.tempo_bpm = float(sound.get("tempo", ""))
            if not SLOWEST_BPM <= self.tempo_bpm <= FASTEST_BPM:
                raise ValueError(f"a tempo of {self.tempo_bpm:g}")
        words = direction.findtext("direction-type/words", "")
        if ratio := re.fullmatch(rf"{SWING} ([1-9]\d?):([1-9]\d?)", words):
            late, early = int(ratio[1]), int(ratio[2])
            self.swing = max(0, late - early) / (late + early)
        if name := direction.findtext("direction-type/rehearsal"):
            self.sections.append(Section(name, self._place(direction), 0))

    def notated(self, title: str) -> Notated:
        if not self.bars:
            raise ValueError("no bars")
        if self.at > MOST_QUARTERS:
            raise ValueError(f"more than {MOST_QUARTERS:,} quarter notes")
        chords = self.chords or [Chord(Fraction(0), 0, self.key)]
        quarters, times_s = self._beats()
        return Notated(
            title,
            self.key,
            self.mode,
            self.swing,
            tuple(self.bars),
            tuple(self.notes),
            tiled(chords, self.at),
            tiled(self.sections, self.at),
            quarters,
            times_s,
        )

    def _beats(self) -> tuple[tuple[Fraction, ...], np.ndarray]:
        """Places and seconds of beats, each bar at its tempo."""
        quarters, times_s = [Fraction(0)], [0.0]
        for bar, tempo_bpm in zip(self.bars, self.tempos_bpm, strict=True):
            beat = quarters_of_beat(bar.metre)
            while quarters[-1] < bar.end:
                step = min(beat, bar.end - quarters[-1])
                quarters.append(quarters[-1] + step)
                times_s.append(times_s[-1] + float(step) * 60 / tempo_bpm)
        return tuple(quarters), np.array(times_s)


def tiled(spans: Sequence, end: Fraction) -> tuple:
    """Spans until the next begins; of two at one place the later one."""
    latest = {max(Fraction(0), span.start): span for span in spans if span.start < end}
    starts = sorted(latest)
    if not starts:
        return ()
    latest[Fraction(0)] = latest.pop(starts[0])
    starts[0] = Fraction(0)
    return tuple(
        replace(latest[start], start=start, length=stop - start)
        for start, stop in zip(starts, [*starts[1:], end], strict=True)
    )


def _is_whole(bar: Bar) -> bool:
    """Whether a bar has whole beats, as all have that we write, but the last."""
    return (bar.length / bar.beat).denominator == 1


def _number(parent: Element, tag: str, default: int | None = None) -> int:
    text = parent.findtext(tag)
    if text is None:
        if default is None:
            raise ValueError(f"a {parent.tag} without {tag}")
        return default
    if not re.fullmatch(r"\s*-?\d{1,9}\s*", text):
        raise ValueError(f"a {tag} of {text!r}")
    return int(text)


def _pitch(pitch: Element) -> int:
    alter = _number(pitch, "alter", 0)
    midi = pitch_of(_letter(pitch, "step"), alter, _number(pitch, "octave"))
    if not 0 <= midi <= 127:
        raise ValueError("a note outside MIDI's range")
    return midi


def _letter(parent: Element, tag: str) -> str:
    letter = (parent.findtext(tag) or "").strip()
    if letter not in SEMITONES:
        raise ValueError(f"a {tag} of {letter!r}")
    return letter


def _pitch_class(parent: Element, name: str) -> int:
    alter = _number(parent, f"{name}-alter", 0)
    return (SEMITONES[_letter(parent, f"{name}-step")] + alter) % 12
