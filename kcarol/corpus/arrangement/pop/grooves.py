"""Drums and their patterns: `drums.ini` and `grooves.ini`."""

from __future__ import annotations

from collections.abc import Mapping
from configparser import SectionProxy
from dataclasses import dataclass

from kcarol.corpus.tables import LazyTable, integers, read_table

# General MIDI (GS) drum kits: standard, room, power, electronic, 808, jazz, brush
KITS = (0, 8, 16, 24, 25, 32, 40)
VELOCITIES = {"X": 112, "x": 90, "o": 50}  # of a pattern's letters
NO_DRUMS = 0.07  # share of songs without drums, beside those of bands that have none
SETTINGS = ("beats", "division", "steps", "kits", "synth", "rolls")


@dataclass(frozen=True)
class DrumLine:
    """A pattern of one drum."""

    drum: str  # a key of DRUMS
    energy: float  # of the sections from which it plays
    patterns: tuple[str, ...]  # whole bars long, keys of VELOCITIES


@dataclass(frozen=True)
class Groove:
    beats: int  # a bar
    steps: int  # a beat: 4 sixteenths, 3 triplets, 6 sixteenths in compound time
    lines: tuple[DrumLine, ...]
    kits: tuple[int, ...]
    synth: float  # share of songs whose drums are synthesised
    rolls: float  # twice the share of the hat's strokes that are rolls
    division: int = 2  # parts of a beat: 3 in compound time


def _read_grooves() -> dict[str, Groove]:
    table = read_table("arrangement/pop", "grooves.ini")
    return {name: _read_groove(table[name]) for name in table.sections()}


def _read_groove(written: SectionProxy) -> Groove:
    lines = []
    for key, patterns in written.items():
        if key not in SETTINGS:
            drum, energy = key.split()
            lines.append(DrumLine(drum, float(energy), tuple(patterns.split(" | "))))
    return Groove(
        written.getint("beats"),
        written.getint("steps"),
        tuple(lines),
        integers(written["kits"]),
        written.getfloat("synth"),
        written.getfloat("rolls", 0.05),
        written.getint("division", 2),
    )


def _drums(section: str) -> SectionProxy:
    return read_table("arrangement/pop", "drums.ini")[section]


GROOVES: Mapping[str, Groove] = LazyTable(_read_grooves)
# General MIDI notes by the drum's name, the usual one first
DRUMS: Mapping[str, tuple[int, ...]] = LazyTable(
    lambda: {drum: integers(notes) for drum, notes in _drums("notes").items()}
)
# synthesised kits know fewer drums: the nearest one that they have, by note
SYNTH_DRUM: Mapping[int, int] = LazyTable(
    lambda: {int(note): int(nearest) for note, nearest in _drums("synthesised").items()}
)
# weight of a drum's stroke in the perceived groove, by note; others 1
DRUM_WEIGHT: Mapping[int, float] = LazyTable(
    lambda: {
        note: float(weight)
        for drum, weight in _drums("weight").items()
        for note in integers(_drums("notes")[drum])
    }
)
