"""Styles of carols: instruments and room. `styles.ini` holds the named ones."""

from __future__ import annotations

from collections.abc import Mapping
from configparser import SectionProxy
from dataclasses import dataclass, replace

import numpy as np

from kcarol.corpus.draws import pick
from kcarol.corpus.tables import LazyTable, read_table, rows, shares

LEGATO = 0.97  # share of a note's length that sounds
UNVARIED = 1 / 3  # share of drawn styles that are an unchanged named one
PATTERNS = ("half", "beat", "arpeggio", "accents", "groove")  # of harmony, to draw from


@dataclass(frozen=True)
class Layer:
    """One instrument of a style and its role."""

    role: str  # tune, harmony, bass, toll
    program: int  # General MIDI, from 0
    # tune: plain; harmony and bass: hold, half, beat, arpeggio, accents, groove (beats and accents)
    pattern: str = "hold"
    shift: int = 0  # semitones above the role's own register
    gain_db: float = 0.0
    from_energy: float = 0.0  # silent in sections below
    lift: float = LEGATO  # share of a stroke that sounds: less is detached


@dataclass(frozen=True)
class CarolStyle:
    """Instruments, sleigh bells and room of a carol."""

    name: str
    layers: tuple[Layer, ...]
    sleigh_db: float | None = None  # None: no sleigh bells
    rt60_s: float = 2.0
    wet: float = 0.15  # share of the hall
    damping: float = 0.6  # of the hall's treble
    tilt_db: float = 0.0  # treble against bass, dB over the whole band
    dynamics: float = 0.6  # how far energy moves loudness: 0 none, 1 by 20 dB
    # MIDI velocities between strokes on and off the groove's accents; 20 are about 5 dB
    accent: float = 24.0
    noise_db: float = -75.0  # of the room, against the loudest


def draw_style(rng: np.random.Generator, name: str | None = None) -> CarolStyle:
    """A named style, unchanged one time in three, else varied in instruments, levels and room."""
    style = STYLES[name or pick(rng, list(STYLES))]
    if rng.random() < UNVARIED:
        return style
    layers = tuple(_varied(layer, rng) for layer in style.layers)
    sleigh_db = style.sleigh_db
    if rng.random() >= 0.6:
        sleigh_db = float(rng.uniform(-30, -20)) if sleigh_db is None else None
    return replace(
        style,
        layers=layers,
        sleigh_db=sleigh_db,
        rt60_s=float(rng.uniform(1.0, 2.6)),
        wet=float(rng.uniform(0.06, 0.25)),
        damping=float(rng.uniform(0.2, 1.2)),
        tilt_db=float(rng.normal(0, 3)),
        accent=style.accent + float(rng.uniform(-8, 8)),
    )


def _varied(layer: Layer, rng: np.random.Generator) -> Layer:
    program, pattern = layer.program, layer.pattern
    if rng.random() < 0.4:
        program = pick(rng, _kin(program))
    if layer.role == "harmony" and rng.random() < 0.3:
        pattern = pick(rng, PATTERNS)
    gain_db = layer.gain_db + float(rng.normal(0, 2))
    return replace(layer, program=program, pattern=pattern, gain_db=gain_db)


def _kin(program: int) -> tuple[int, ...]:
    """Instruments that can stand for this one, itself among them."""
    for row in rows(_table()["kin"]["kin"]):
        programs = tuple(_program(name) for name in row.split())
        if program in programs:
            return programs
    return (program,)


def _table():
    return read_table("arrangement/carol", "styles.ini")


def _program(instrument: str) -> int:
    return _table().getint("instruments", instrument)


def _read_styles() -> dict[str, CarolStyle]:
    names = [name for name in _table().sections() if name not in ("instruments", "kin")]
    return {name: _read_style(name, _table()[name]) for name in names}


def _read_style(name: str, written: SectionProxy) -> CarolStyle:
    layers = tuple(_read_layer(row) for row in rows(written["layers"]))
    return CarolStyle(name, layers, written.getfloat("sleigh_db"))


def _read_layer(row: str) -> Layer:
    """A layer of "harmony piano arpeggio, gain_db -4"."""
    words, _, settings = row.partition(", ")
    role, instrument, *pattern = words.split()
    numbers: dict = shares(settings) if settings else {}
    if "shift" in numbers:
        numbers["shift"] = int(numbers["shift"])
    return Layer(role, _program(instrument), *pattern, **numbers)


STYLES: Mapping[str, CarolStyle] = LazyTable(_read_styles)
