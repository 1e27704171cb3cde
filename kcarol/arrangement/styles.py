"""Styles of carols: who plays what. `styles.ini` holds them."""

from __future__ import annotations

from collections.abc import Mapping
from configparser import ConfigParser, SectionProxy
from dataclasses import dataclass
from importlib import resources

from kcarol.model.instruments import INSTRUMENTS, Instrument

LEGATO = 0.97  # share of a note's length that sounds
HALL = 0.15  # share of the hall in what one hears
BY_NAME = {instrument.name: instrument for instrument in INSTRUMENTS}


@dataclass(frozen=True)
class Layer:
    """One instrument of a style and its role."""

    role: str  # tune, harmony, bass, toll
    instrument: Instrument
    # tune: plain; harmony and bass: hold, half, beat, arpeggio, accents, groove (beats and accents)
    pattern: str = "hold"
    shift: int = 0  # semitones above the role's own register
    gain_db: float = 0.0
    from_energy: float = 0.0  # silent in sections below
    lift: float = LEGATO  # share of a stroke that sounds: less is detached


@dataclass(frozen=True)
class CarolStyle:
    """Instruments, sleigh bells and hall of a carol."""

    name: str
    layers: tuple[Layer, ...]
    sleigh_db: float | None = None  # None: no sleigh bells
    hall: float = HALL
    dynamics: float = 0.6  # how far energy moves loudness: 0 none, 1 by 20 dB
    # MIDI velocities between strokes on and off the groove's accents; 20 are about 5 dB
    accent: float = 24.0


def _read_styles() -> dict[str, CarolStyle]:
    table = ConfigParser(interpolation=None, delimiters=("=",))
    path = resources.files("kcarol.arrangement") / "styles.ini"
    table.read_string(path.read_text(encoding="utf-8"), source=str(path))
    return {name: _read_style(table[name]) for name in table.sections()}


def _read_style(written: SectionProxy) -> CarolStyle:
    layers = tuple(_read_layer(row) for row in written["layers"].splitlines() if row.strip())
    return CarolStyle(written.name, layers, written.getfloat("sleigh_db"))


def _read_layer(row: str) -> Layer:
    """A layer of "harmony piano arpeggio, gain_db -4"."""
    words, *settings = row.split(",")
    role, instrument, *pattern = words.split()
    pairs = (setting.split() for setting in settings)
    numbers = {name: int(x) if name == "shift" else float(x) for name, x in pairs}
    return Layer(role, BY_NAME[instrument], *pattern, **numbers)


STYLES: Mapping[str, CarolStyle] = _read_styles()
