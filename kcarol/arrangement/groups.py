"""Groups of a carol's parts, as one mixes them: the tune, the harmony, the bass, the bells."""

from __future__ import annotations

from collections.abc import Sequence

from kcarol.arrangement.played_notes import instrument_of
from kcarol.model.instruments import SLEIGH_BELLS
from kcarol.transcription.lead_sheet import Part

TUNE, SECOND_TUNE, BELLS, BASS, HARMONY = "tune", "second_tune", "bells", "bass", "harmony"
GROUPS = (TUNE, SECOND_TUNE, BELLS, BASS, HARMONY)
BELL_INSTRUMENTS = {
    "celesta",
    "glockenspiel",
    "music_box",
    "vibraphone",
    "tubular_bells",
    SLEIGH_BELLS,
}


def group_of(part: Part) -> str:
    """One of GROUPS, by a part's voices, and of accompaniments by its instrument, too.

    Bells that ring the tune are the tune; a second tune is a counter-line, descant or echo.
    """
    voices = set(voices_of(part))
    if voices & set("srk"):
        return TUNE
    if voices & set("cde"):
        return SECOND_TUNE
    if instrument_of(part).name in BELL_INSTRUMENTS:
        return BELLS
    return BASS if voices == {"b"} else HARMONY


def voices_of(part: Part) -> str:
    """The letters of the voices that an arranged part plays; none of sleigh bells."""
    return "" if part.is_drums else part.name.split()[1]


def grouped(parts: Sequence[Part]) -> dict[str, tuple[Part, ...]]:
    """The parts of each group that plays, in the order of GROUPS."""
    groups = {name: tuple(p for p in parts if group_of(p) == name) for name in GROUPS}
    return {name: some for name, some in groups.items() if some}
