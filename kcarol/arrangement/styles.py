"""Styles of carols: who plays what, when, and how. `styles.ini` holds them."""

from __future__ import annotations

from collections.abc import Mapping
from configparser import ConfigParser, SectionProxy
from dataclasses import dataclass
from importlib import resources

from kcarol.arrangement.plan import N_SCENES, BarPlan
from kcarol.model.instruments import INSTRUMENTS, Instrument

HALL = 0.3  # share of the hall in what one hears, where a style names none
BY_NAME = {instrument.name: instrument for instrument in INSTRUMENTS}


@dataclass(frozen=True)
class Line:
    """What one instrument does, and in which bars."""

    instrument: Instrument
    voices: str  # letters of VOICES
    figure: str  # one of FIGURES
    scenes: range
    conditions: tuple[str, ...] = ()  # as `BarPlan.meets` knows them
    gain_db: float = 0.0
    shift: int = 0  # semitones above the voices, whole octaves
    lift: float = 0.95  # share of a stroke that sounds: less is detached
    pan: float | None = None  # None: the instrument's seat

    @property
    def is_tune(self) -> bool:
        return self.voices in ("s", "r", "k")

    @property
    def has_text(self) -> bool:
        """Whether it sings the song's syllables: choirs do with the tune and in held chords; what
        they strike is on "ah" or "ooh" (syllables of the tune would be further strokes).
        """
        return bool(self.instrument.vowel) and self.figure in ("sing", "hold")

    def plays_in(self, bar: BarPlan) -> bool:
        return (
            not bar.is_still and bar.scene in self.scenes and all(map(bar.meets, self.conditions))
        )


@dataclass(frozen=True)
class Rhythm:
    """What makes a place in the bar worth a stroke: the best places are struck."""

    down: float = 3.0
    half: float = 1.5
    beat: float = 1.0
    off: float = 0.0
    accent: float = 1.0  # where the song strikes
    along: float = 0.0  # where a note of the tune begins


@dataclass(frozen=True)
class CarolStyle:
    """The lines and the rhythm of a style, and its hall."""

    name: str
    lines: tuple[Line, ...]
    rhythm: Rhythm = Rhythm()
    sleigh: tuple[range, float] | None = None  # scenes with sleigh bells, their gain in dB
    hall: float = HALL


def _read_styles() -> dict[str, CarolStyle]:
    table = ConfigParser(interpolation=None, delimiters=("=",))
    path = resources.files("kcarol.arrangement") / "styles.ini"
    table.read_string(path.read_text(encoding="utf-8"), source=str(path))
    return {name: _read_style(table[name]) for name in table.sections()}


def _read_style(written: SectionProxy) -> CarolStyle:
    lines = tuple(_read_line(row) for row in written["lines"].splitlines() if row.strip())
    rhythm = Rhythm(**_numbers(written.get("rhythm", "")))
    sleigh = None
    if "sleigh" in written:
        scenes, gain_db = written["sleigh"].split()
        sleigh = _scenes(scenes), float(gain_db)
    return CarolStyle(written.name, lines, rhythm, sleigh, written.getfloat("hall", HALL))


def _read_line(row: str) -> Line:
    """A line of "harp atb broken 1-3 sung, gain_db -4"."""
    words, _, settings = row.partition(",")
    instrument, voices, figure, scenes, *conditions = words.split()
    numbers: dict = _numbers(settings)
    if "shift" in numbers:
        numbers["shift"] = int(numbers["shift"])
    return Line(BY_NAME[instrument], voices, figure, _scenes(scenes), tuple(conditions), **numbers)


def _scenes(text: str) -> range:
    """Scenes of "2", "0-1" or "2-"."""
    first, dash, last = text.partition("-")
    end = N_SCENES - 1 if dash and not last else int(last or first)
    return range(int(first), end + 1)


def _numbers(text: str) -> dict[str, float]:
    """Names and numbers of "gain_db -4, lift .6"."""
    pairs = (setting.split() for setting in text.split(",") if setting.strip())
    return {name: float(number) for name, number in pairs}


STYLES: Mapping[str, CarolStyle] = _read_styles()
