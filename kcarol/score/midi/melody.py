"""Which of a MIDI file's parts is the tune, and which of that part's notes.

By what a listener goes by: the words, the name, one note at a time, a singer's range, that it
sounds for much of the song, moves, and is on top.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from operator import attrgetter

import numpy as np

from kcarol.score.elsewhere.tune import NAMES
from kcarol.score.midi.file import MidiNote, MidiPart, MidiSong

BESIDE = re.compile(
    r"bass|drum|perc|chord|pad\b|accomp|comp\b|left|rhythm|back|harmon|alto|tenor|string|guitar",
    re.IGNORECASE,
)
KARAOKE_CHANNEL = 3  # of the melody, by custom
RANGE = (55, 84)  # MIDI, of a tune's median
LASTING = 0.25  # share of the song's time in which a tune sounds, at least
MOVING = 5  # different pitches of a tune, at least
BASSES = range(32, 40)  # General MIDI programs, from 0
SOLOISTS = (40, *range(52, 55), *range(56, 60), *range(64, 88))  # violin, voices, winds, leads
OVERLAP = 0.25  # of a note's length, with which it may last into the next
MELODIC = 0.9  # share of notes that have ended when the next begins, from which on all are a tune's
FEWEST_SYLLABLES = 8
BELOW_TUNE = 10  # semitones under the tune around it, from which on notes accompany
AROUND_QUARTERS = 4  # to both sides

# how much each sign speaks for a part
HAS_WORDS = 8.0
HAS_NAME = 5.0
HAS_OTHER_NAME = -3.0
IS_ALONE = 3.0
IS_LASTING = 2.0
IS_IN_RANGE = 1.5
IS_ON_TOP = 1.5
IS_SOLOIST = 1.0
IS_BASS = -3.0
IS_KARAOKE = 0.5


def tune_first(song: MidiSong) -> list[MidiPart]:
    """The parts with pitches, the likeliest tune first."""
    pitched = [part for part in song.parts if not part.is_drums and part.notes]
    heights = sorted(_median_pitch(part) for part in pitched)
    signs = {id(part): _signs(part, song, heights[-1]) for part in pitched}
    return sorted(pitched, key=lambda part: -signs[id(part)])


def _signs(part: MidiPart, song: MidiSong, top_pitch: float) -> float:
    """How much speaks for a part."""
    is_named = bool(NAMES.search(part.track))
    median = _median_pitch(part)
    moves = len({note.pitch for note in part.notes}) >= MOVING
    return (
        HAS_WORDS * _has_words(part, song)
        + HAS_NAME * is_named
        + HAS_OTHER_NAME * (not is_named and bool(BESIDE.search(part.track)))
        + IS_ALONE * _alone(part.notes)
        + IS_LASTING * (moves and _sounding(part.notes) >= LASTING * song.length)
        + IS_IN_RANGE * (RANGE[0] <= median <= RANGE[1])
        + IS_ON_TOP * (median == top_pitch)
        + IS_SOLOIST * (part.program in SOLOISTS)
        + IS_BASS * (part.program in BASSES)
        + IS_KARAOKE * (part.channel == KARAOKE_CHANNEL)
    )


def _median_pitch(part: MidiPart) -> float:
    return float(np.median([note.pitch for note in part.notes]))


def _has_words(part: MidiPart, song: MidiSong) -> float:
    """How well syllables and notes begin together, as an F-measure."""
    starts = np.unique([note.start for note in part.notes])
    if len(song.syllables) < FEWEST_SYLLABLES:
        return 0.0
    near = song.ticks_per_quarter / 8
    at = np.searchsorted(starts, np.array(song.syllables) - near)
    nearest = starts[at.clip(max=len(starts) - 1)]
    n_sung = int((np.abs(nearest - song.syllables) <= near).sum())
    return 2 * n_sung / (len(song.syllables) + len(starts))


def _alone(notes: Sequence[MidiNote]) -> float:
    """Share of notes that have ended when the next begins."""
    ended = [_has_ended(note, after.start) for note, after in pairwise(notes)]
    return float(np.mean(ended)) if ended else 1.0


def _sounding(notes: Sequence[MidiNote]) -> int:
    """Ticks in which any note sounds."""
    now = total = 0
    for note in notes:
        total += max(0, note.end - max(now, note.start))
        now = max(now, note.end)
    return total


def tune_notes(notes: Sequence[MidiNote], ticks_per_quarter: float) -> list[MidiNote]:
    """Those of a part's notes that may be its tune: without those far below it, which accompany
    where the tune rests.
    """
    if _alone(notes) >= MELODIC:
        return list(notes)
    starts = np.array([note.start for note in notes])
    pitches = np.array([note.pitch for note in notes])
    is_top = np.r_[starts[1:] > starts[:-1], True]  # of notes that begin together the last
    tops, top_pitches = starts[is_top], pitches[is_top]
    reach = AROUND_QUARTERS * ticks_per_quarter
    first = np.searchsorted(tops, starts - reach)
    stop = np.searchsorted(tops, starts + reach, side="right")
    around = [np.percentile(top_pitches[a:b], 75) for a, b in zip(first, stop, strict=True)]
    kept = pitches >= np.array(around) - BELOW_TUNE
    return [note for note, is_kept in zip(notes, kept, strict=True) if is_kept]


def parted(notes: Sequence[MidiNote]) -> list[MidiNote]:
    """In order of start and pitch; what was played legato ends as the next begins."""
    notes = sorted(notes, key=attrgetter("start", "pitch"))
    starts = sorted({note.start for note in notes})
    following = dict(pairwise(starts))
    ends = [following.get(note.start, note.end) for note in notes]
    return [
        replace(note, end=min(note.end, end)) if _has_ended(note, end) else note
        for note, end in zip(notes, ends, strict=True)
    ]


def _has_ended(note: MidiNote, start: int) -> bool:
    """Whether a note has ended, or nearly so, when another starts."""
    return start > note.start and start >= note.end - OVERLAP * (note.end - note.start)
