"""Public-domain carols and folk tunes, in the notation that `tunes.ini` describes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache

from kcarol.corpus.lead_sheet.chords import LETTERS, parse_chord
from kcarol.corpus.tables import read_table
from kcarol.transcription.lead_sheet import Chord, LeadSheet, Note, Section

_TOKEN = re.compile(
    r'"(?P<chord>[^"]+)"|\[(?P<section>\w+) (?P<energy>[\d.]+)\]|(?P<bar>\|)|'
    r"(?P<sign>\^|_|=)?(?P<letter>[A-Ga-gz])(?P<octave>[,']*)"
    r"(?P<length>\d*/*\d*)(?P<tie>-)?|(?P<bad>\S)"
)
_SIGNS = {"^": 1, "_": -1, "=": 0}
_FIFTHS = "FCGDAEB"  # in this order keys get their sharps, backwards their flats
ACCENTS = {4: (1.0, 0.3, 0.6, 0.3, 0.9, 0.3, 0.6, 0.3), 3: (1.0, 0.2, 0.6, 0.2, 0.6, 0.2)}


@cache
def titles() -> tuple[str, ...]:
    return tuple(read_table("lead_sheet", "tunes.ini").sections())


@cache
def tune(title: str) -> LeadSheet:
    """The public-domain tune of this title; raises KeyError with the titles there are."""
    if title not in titles():
        raise KeyError(
            f"expected one of {', '.join(titles())}, found {title!r}: choose one of them"
        )
    written = read_table("lead_sheet", "tunes.ini")[title]
    metre, tempo_bpm = written.getint("metre"), written.getfloat("tempo")
    return read_tune(title, written["key"], metre, tempo_bpm, written["music"])


def read_tune(title: str, key: str, beats_per_bar: int, tempo_bpm: float, text: str) -> LeadSheet:
    """Lead sheet of a tune in the notation of `tunes.ini`.

    Raises ValueError, with title and bar, where a bar is not full or a sign is unknown.
    """
    reader = _Reader(title, key, beats_per_bar)
    for token in _TOKEN.finditer(text):
        reader.read(token)
    n_beats = float(reader.n_bars * beats_per_bar)
    return LeadSheet(
        title,
        tempo_bpm,
        beats_per_bar,
        key=parse_chord(key.removesuffix("m")).root,
        mode="minor" if key.endswith("m") else "major",
        notes=tuple(reader.notes),
        chords=_chords(reader.chords, n_beats),
        sections=_sections(reader.sections or [(0.0, "verse", 0.55)], n_beats, reader.notes),
        accents=ACCENTS[beats_per_bar],
    )


class _Reader:
    """Collects notes and the places, in beats, of chord and section marks."""

    def __init__(self, title: str, key: str, beats_per_bar: int):
        self.title = title
        self.beats_per_bar = beats_per_bar
        self.signature = _signature(key)
        self.notes: list[Note] = []
        self.chords: list[tuple[float, str]] = []
        self.sections: list[tuple[float, str, float]] = []
        self.beat = 0.0
        self.n_bars = 0
        self.is_tied = False

    def read(self, token: re.Match) -> None:
        if token["bad"]:
            raise ValueError(
                f"{self.title}: expected notes, chords or bars, found {token['bad']!r} "
                f"in bar {self.n_bars + 1}"
            )
        if token["bar"]:
            self._end_bar()
        elif token["chord"]:
            self.chords.append((self.beat, token["chord"]))
        elif token["section"]:
            self.sections.append((self.beat, token["section"], float(token["energy"])))
        else:
            self._read_note(token)

    def _end_bar(self) -> None:
        filled = self.beat - self.n_bars * self.beats_per_bar
        self.n_bars += 1
        if abs(filled - self.beats_per_bar) > 1e-6:
            raise ValueError(
                f"{self.title}: expected {self.beats_per_bar} beats in bar {self.n_bars}, "
                f"found {filled:g}: fill it"
            )

    def _read_note(self, token: re.Match) -> None:
        length = _length(token["length"])
        if token["letter"] != "z":
            note = Note(self.beat, length, _pitch(token, self.signature))
            if self.is_tied:
                held = self.notes.pop()
                note = Note(held.start, held.length + length, held.pitch)
            self.notes.append(note)
        self.is_tied = bool(token["tie"])
        self.beat += length


def _signature(key: str) -> dict[str, int]:
    """Accidental of each letter in a key: "D" -> {"F": 1, "C": 1}."""
    n_sharps = _FIFTHS.index(key[0]) - 1 + 7 * (key.count("#") - key.count("b"))
    n_sharps -= 3 if key.endswith("m") else 0
    if n_sharps >= 0:
        return dict.fromkeys(_FIFTHS[:n_sharps], 1)
    return dict.fromkeys(_FIFTHS[n_sharps:], -1)


def _length(text: str) -> float:
    """Beats of "", "2", "3/2", "/", "//", "3/"."""
    top, _, bottom = text.partition("/")
    if "/" not in text:
        divisor = 1.0
    elif bottom.isdigit():
        divisor = float(bottom)
    else:
        divisor = 2.0 ** text.count("/")
    return float(top or 1) / divisor


def _pitch(token: re.Match, signature: dict[str, int]) -> int:
    letter = token["letter"].upper()
    accidental = _SIGNS[token["sign"]] if token["sign"] else signature.get(letter, 0)
    octave = token["letter"].islower() + token["octave"].count("'") - token["octave"].count(",")
    return 60 + LETTERS[letter] + accidental + 12 * octave


def _chords(marks: Sequence[tuple[float, str]], n_beats: float) -> tuple[Chord, ...]:
    starts = [0.0, *(start for start, _ in marks[1:])]
    ends = [*starts[1:], n_beats]
    return tuple(
        parse_chord(name, start, end - start)
        for (_, name), start, end in zip(marks, starts, ends, strict=True)
    )


def _sections(
    marks: Sequence[tuple[float, str, float]], n_beats: float, notes: Sequence[Note]
) -> tuple[Section, ...]:
    ends = [*(start for start, _, _ in marks[1:]), n_beats]
    return tuple(
        Section(name, start, end - start, energy, any(start <= n.start < end for n in notes))
        for (start, name, energy), end in zip(marks, ends, strict=True)
    )
