"""Line-ups of pop bands; the tables are `bands.ini` and `players.ini`."""

from __future__ import annotations

from collections.abc import Mapping
from configparser import SectionProxy
from dataclasses import dataclass

from kcarol.corpus.arrangement.pop.grooves import GROOVES
from kcarol.corpus.tables import LazyTable, floats, integers, read_table, shares

GUITARS = ("strum", "power")  # comps that records have two of, left and right


@dataclass(frozen=True)
class Comp:
    """A way of playing chords: who plays it, in which rhythms, in which voicing."""

    programs: tuple[int, ...]
    rhythms: tuple[str, ...]
    voicing: str  # close, open, guitar or power
    strum_ms: tuple[float, ...]  # range between neighbouring strings
    length: tuple[float, ...]  # range of the share of the rhythm's note that sounds

    @property
    def is_strummed(self) -> bool:
        return self.strum_ms[1] > 10


@dataclass(frozen=True)
class Band:
    """A line-up: its weight, its instruments, and the probability of each further part."""

    weight: float
    synth: float  # share of synthesised parts
    voice: float  # share of sung tunes
    grooves: tuple[str, ...]  # in 4/4
    comps: tuple[str, ...]  # of the main chord part
    basses: tuple[int, ...]
    lines: tuple[str, ...]  # of the bass; none: all of them
    bass: float  # share of songs with a bass
    chords: bool  # whether somebody plays chords
    crowd: float  # how many others join, against other bands
    extras: Mapping[str, float]  # part: share of songs with it


def _players(section: str) -> SectionProxy:
    return read_table("arrangement/pop", "players.ini")[section]


def _read_comps() -> dict[str, Comp]:
    table = read_table("arrangement/pop", "players.ini")
    names = [name for name in table.sections() if name.startswith("comp ")]
    return {name.removeprefix("comp "): _read_comp(table[name]) for name in names}


def _read_comp(written: SectionProxy) -> Comp:
    return Comp(
        integers(written["programs"]),
        tuple(written["rhythms"].split()),
        written.get("voicing", "close"),
        floats(written.get("strum", "0 0")),
        floats(written.get("length", ".7 1")),
    )


def _read_bands() -> dict[str, Band]:
    table = read_table("arrangement/pop", "bands.ini")
    return {name: _read_band(table[name]) for name in table.sections()}


def _read_band(written: SectionProxy) -> Band:
    return Band(
        written.getfloat("weight"),
        written.getfloat("synth"),
        written.getfloat("voice"),
        tuple(written.get("grooves", "").split()) or tuple(GROOVES),
        tuple(written.get("comps", "").split()) or tuple(COMPS),
        integers(written.get("basses", "")) or PROGRAMS["bass"],
        tuple(written.get("lines", "").split()),
        written.getfloat("bass", 0.95),
        written.getboolean("chords", True),
        written.getfloat("crowd", 1.0),
        shares(written["extras"]),
    )


def _read_levels(section: str) -> dict[str, float]:
    return {part: float(level_db) for part, level_db in _players(section).items()}


COMPS: Mapping[str, Comp] = LazyTable(_read_comps)
BANDS: Mapping[str, Band] = LazyTable(_read_bands)
# General MIDI programs by the part's role
PROGRAMS: Mapping[str, tuple[int, ...]] = LazyTable(
    lambda: {role: integers(programs) for role, programs in _players("programs").items()}
)
# decibels of a part against the others of its side, every stem at equal loudness beforehand
BAND_SIDE_DB: Mapping[str, float] = LazyTable(lambda: _read_levels("band levels"))
TUNE_SIDE_DB: Mapping[str, float] = LazyTable(lambda: _read_levels("tune levels"))


def synth_role(name: str) -> str:
    """Role of a synthesised part by its name: lead, chords, pad, bass or arp."""
    return _players("synth roles").get(name.rstrip("0123456789"), "lead")
