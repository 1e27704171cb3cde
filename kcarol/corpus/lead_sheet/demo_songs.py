"""The songs of the demo set: lead sheets and line-ups, from `demo_songs.ini`."""

from __future__ import annotations

from collections.abc import Mapping
from configparser import SectionProxy
from dataclasses import dataclass, replace

from kcarol.corpus.lead_sheet.tunes import read_tune, tune
from kcarol.corpus.tables import LazyTable, floats, read_table
from kcarol.transcription.lead_sheet import LeadSheet


@dataclass(frozen=True)
class WrittenSong:
    """A written song, before anything is drawn."""

    sheet: LeadSheet
    seed: int  # of every random choice
    hints: Mapping | None = None  # for `arrange_pop`; None: it has no band


def demo_carol() -> WrittenSong:
    return WrittenSong(replace(tune("Joy to the World"), tempo_bpm=104.0), seed=77)


def _read_songs() -> dict[str, WrittenSong]:
    table = read_table("lead_sheet", "demo_songs.ini")
    return {title: _read_song(title, table[title]) for title in table.sections()}


def _read_song(title: str, written: SectionProxy) -> WrittenSong:
    metre, tempo_bpm = written.getint("metre"), written.getfloat("tempo")
    sheet = read_tune(title, written["key"], metre, tempo_bpm, written["music"])
    accents, swing = floats(written["accents"]), written.getfloat("swing", 0.0)
    sounds = dict(pair.split() for pair in written["sounds"].split(","))
    hints = {
        "band": written["band"],
        "groove": written["groove"],
        "voice": written.get("voice"),
        "sounds": {part: int(s) if s.isdigit() else s for part, s in sounds.items()},
    }
    return WrittenSong(replace(sheet, accents=accents, swing=swing), written.getint("seed"), hints)


DEMO_SONGS: Mapping[str, WrittenSong] = LazyTable(_read_songs)  # by title
