"""The plan of an arrangement: what each bar of the song asks for.

A bar has a scene, from 0 (two or three play) to 3 (all do), which follows from the loudness of its
section and from the form; its own loudness and its number of strokes are those of the record.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from kcarol.transcription.lead_sheet import TOLERANCE, LeadSheet, Note, Section, Span, TimeGrid

N_SCENES = 4
# from scene to scene: loudness of a section and what its form asks for. Records are compressed: a
# voice that is left alone is 5 to 10 dB softer, a verse 2 dB softer than its chorus
SCENE_DB = (-12.0, -6.0, -1.5)
# how much more (dB) a section asks for than its loudness says
FORM_DB = {
    "intro": -2.0,
    "verse": -1.0,
    "prechorus": -0.5,
    "chorus": 1.0,
    "bridge": -1.5,
    "solo": 0.0,
    "outro": -1.5,
}
FIRST_DB, LAST_CHORUS_DB = -1.0, 1.0  # the first verse; the last chorus
DROP_DB, JUMP_DB = 4.0, 4.0  # a bar so far under or above its section is a scene lower or higher
STILL_DB = -40.0  # softer bars are silence
BARE_DB = -6.0  # of bars without harmony, at most
TOUCH = 0.3  # beats of a note in a bar that do not count
BROADENING = 0.6  # of the strokes of the bar before the last
LOUDEST_DB, SOFTEST_DB = 2.0, -24.0
FULL_ENERGY, DB_PER_ENERGY = 0.85, 18.0  # of sheets whose record is not known
STROKES_PER_S, STROKES_SPREAD = 3.6, 1.6  # of recorded carols, mean; of the bars of one carol
FEWEST_PER_S, MOST_PER_S = 0.7, 6.0
LEAST_SPREAD = 0.35  # strokes a second, of a song: less is steady
LONG_PART_S = 0.36  # parts of beats that last longer are halved


@dataclass(frozen=True)
class BarPlan(Span):
    """What one bar of the carol is to be."""

    number: int
    section: Section
    scene: int
    turn: int  # how often the same music came before
    is_last: bool  # in the last chorus
    is_sung: bool  # the tune sounds here or beside
    is_bare: bool  # no chord is known: drums, noise, speech
    is_final: bool  # the last bar that sounds: its chord rings out
    is_entry: bool  # the band comes in: louder than the bar before
    level_db: float  # re the song's loud passages
    n_strokes: float  # wanted, of all instruments together
    parts: tuple[float, ...]  # beats at which something may be struck
    accents: frozenset[float]  # those which the song strikes
    beat: float  # where beats are counted from: the beginning of the metre
    tune: tuple[Note, ...]  # that begins here

    @property
    def is_still(self) -> bool:
        return self.level_db <= STILL_DB

    def meets(self, condition: str) -> bool:
        """Whether "first", "again", "last", "sung", "entry", or the name of its section, is true;
        "no-" before turns it round.
        """
        if condition.startswith("no-"):
            return not self.meets(condition.removeprefix("no-"))
        return {
            "first": self.turn == 0,
            "again": self.turn > 0,
            "last": self.is_last,
            "sung": self.is_sung,
            "entry": self.is_entry,
            "final": self.is_final,
        }.get(condition, condition == self.section.name)


def plan(sheet: LeadSheet, grid: TimeGrid, tune: Sequence[Note]) -> tuple[BarPlan, ...]:
    """A plan for every bar."""
    starts = sheet.bar_starts()
    ends = np.append(starts[1:], sheet.n_beats)
    seconds = np.asarray(grid.end_s(ends)) - np.asarray(grid.time_s(starts))
    levels_db, strokes_per_s = _of_record(sheet, starts)
    sections = sheet.sections or (Section("verse", 0.0, sheet.n_beats),)
    number = _section_numbers(sections, starts)
    form = Form.of(sections)
    scenes = _scenes(form, number, levels_db)
    final = int(np.flatnonzero(levels_db > STILL_DB).max(initial=0))
    is_sung = _touched(starts, ends, tune)
    is_sung[1:-1] |= is_sung[:-2] & is_sung[2:]
    is_bare = ~_touched(starts, ends, [chord for chord in sheet.chords if not chord.silent])
    levels_db = np.where(is_bare, np.minimum(levels_db, BARE_DB), levels_db)
    scenes[is_bare] = 0
    strokes_per_s[max(0, final - 1) : final] *= BROADENING
    begins = np.array([note.start for note in tune]) + TOLERANCE
    bars = []
    for i, (start, end) in enumerate(zip(starts.tolist(), ends.tolist(), strict=True)):
        parts = _parts(sheet, start, end, seconds[i])
        rises = i > 0 and (levels_db[i] - levels_db[i - 1] >= JUMP_DB or scenes[i] > scenes[i - 1])
        bars.append(
            BarPlan(
                start,
                end - start,
                number=i,
                section=sections[number[i]],
                scene=int(scenes[i]),
                turn=form.turns[number[i]],
                is_last=number[i] == form.last_chorus,
                is_sung=bool(is_sung[i]),
                is_bare=bool(is_bare[i]),
                is_final=i == final,
                is_entry=rises,
                level_db=float(levels_db[i]),
                n_strokes=float(strokes_per_s[i] * seconds[i]),
                parts=parts,
                accents=frozenset(part for part in parts if sheet.is_accented(part)),
                beat=sheet.metre_at(start).start,
                tune=tuple(tune[slice(*np.searchsorted(begins, (start, end)))]),
            )
        )
    return tuple(bars)


def _touched(starts: np.ndarray, ends: np.ndarray, spans: Sequence[Span]) -> np.ndarray:
    """(N,) bool: bars in which one of some spans sounds for a while."""
    is_touched = np.zeros(len(starts), bool)
    for span in spans:
        first = np.searchsorted(ends, span.start + TOUCH, side="right")
        stop = np.searchsorted(starts, span.end - TOUCH, side="left")
        is_touched[first:stop] = True
    return is_touched


def _section_numbers(sections: Sequence[Section], starts: np.ndarray) -> np.ndarray:
    """(N,) number of the section that each bar begins in."""
    firsts = [section.start - TOLERANCE for section in sections]
    return (np.searchsorted(firsts, starts, side="right") - 1).clip(0)


def _of_record(sheet: LeadSheet, starts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(N,) level in dB and wanted strokes a second of the bars."""
    if len(sheet.bars) == len(starts):
        levels_db = np.array([bar.level_db for bar in sheet.bars])
        found = np.array([bar.strokes_per_s for bar in sheet.bars])
    else:
        found = np.array([sheet.energy_at(start + TOLERANCE) for start in starts])
        levels_db = DB_PER_ENERGY * (found - FULL_ENERGY)
    loud = np.clip(levels_db, SOFTEST_DB, LOUDEST_DB)
    spread = max(float(found.std()), LEAST_SPREAD)
    strokes_per_s = STROKES_PER_S + STROKES_SPREAD * (found - found.mean()) / spread
    return (
        np.where(levels_db > STILL_DB, loud, levels_db),
        np.clip(strokes_per_s, FEWEST_PER_S, MOST_PER_S),
    )


@dataclass(frozen=True)
class Form:
    """Which sections are the same music."""

    sections: tuple[Section, ...]
    turns: tuple[int, ...]  # of each section: how many of its label came before
    last_chorus: int | None  # number of the last of several choruses

    @classmethod
    def of(cls, sections: Sequence[Section]) -> Form:
        labels = [section.label or section.name for section in sections]
        turns = tuple(labels[:i].count(label) for i, label in enumerate(labels))
        choruses = [i for i, section in enumerate(sections) if section.name == "chorus"]
        return cls(tuple(sections), turns, choruses[-1] if len(choruses) > 1 else None)

    def asks_for_db(self, number: int) -> float:
        """How much louder than it is a section is scored."""
        section = self.sections[number]
        out = FORM_DB.get(section.name, 0.0)
        out += FIRST_DB if section.name == "verse" and not self.turns[number] else 0.0
        return out + (LAST_CHORUS_DB if number == self.last_chorus else 0.0)


def _scenes(form: Form, number: np.ndarray, levels_db: np.ndarray) -> np.ndarray:
    """(N,) scene of each bar: its section's, but where the bar alone is much softer or louder."""
    scenes = np.zeros(len(number), int)
    for section in np.unique(number):
        here = number == section
        middle_db = float(np.median(levels_db[here]))
        scene = np.searchsorted(SCENE_DB, middle_db + form.asks_for_db(section), side="right")
        off_db = levels_db[here] - middle_db
        scenes[here] = scene + (off_db >= JUMP_DB) - (-off_db).clip(0) // DROP_DB
    return scenes.clip(0, N_SCENES - 1)


def _parts(sheet: LeadSheet, start: float, end: float, seconds: float) -> tuple[float, ...]:
    """Halves or thirds of the beats of a bar; where they are long, halves of these."""
    division = sheet.metre_at(start).division
    if seconds / (division * (end - start)) > LONG_PART_S:
        division *= 2
    return tuple(start + k / division for k in range(round((end - start) * division)))
