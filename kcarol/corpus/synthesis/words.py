"""Words of a melody: when each syllable of a bank, and each of its frames, sounds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from kcarol.corpus.draws import pick
from kcarol.corpus.synthesis.singer import Singer
from kcarol.corpus.synthesis.speech import FRAME_S, Bank, Unit
from kcarol.corpus.synthesis.syllables import CONNECTED_S, SHORTEST_S, Syllable, plan_syllables
from kcarol.transcription.lead_sheet import Stroke

JOIN_FRAMES = 5  # 25 ms in which one syllable's spectrum turns into the next one's
GAP_S = 0.06  # longer gaps between syllables are rests
LONGEST_ONSET_S = 0.17
TRANSITION_S = 0.06  # of a vowel next to its consonants, which is not stretched


@dataclass(frozen=True)
class Word:
    """One syllable of the bank under one note, or under several without a consonant between."""

    unit: Unit
    start_s: float  # where the vowel begins
    end_s: float
    onset_s: float  # length of the consonants before it
    joins: bool  # the next word follows without a rest
    with_coda: bool


def plan_words(
    line: Sequence[Stroke], rng: np.random.Generator, singer: Singer, voices: Bank, style: str
) -> tuple[list[Syllable], list[Word]]:
    """Timing of each note, as `plan_syllables`, and the words of the bank that are sung on them.

    Each note gets a syllable unless the one before is held on. Half of the choirs sing one open
    syllable all along, other singers do so now and then ("la la la").
    """
    planned = plan_syllables(line, rng, singer, "rap" if style == "rap" else "sung")
    opened = [u for u in voices.units if not u.is_closed]
    closed = [u for u in voices.units if u.is_closed] or opened
    bare = [u for u in opened if u.onset_s < 0.03] or opened
    refrain = None
    if style == "choir" and rng.random() < 0.5:
        refrain = pick(rng, bare)
    elif rng.random() < 0.1:
        refrain = pick(rng, opened)
    heads: list[int] = []  # the note on which each word begins
    units: list[Unit] = []
    for k, s in enumerate(planned):
        connected = k > 0 and s.start_s - planned[k - 1].end_s < CONNECTED_S
        if connected and s.consonant is None:
            continue
        heads.append(k)
        fitting = closed if s.coda else opened if s.consonant else bare
        units.append(refrain or pick(rng, fitting))
    return _with_room_for_onsets(planned, heads, units, rng)


def _with_room_for_onsets(
    planned: list[Syllable], heads: list[int], units: list[Unit], rng: np.random.Generator
) -> tuple[list[Syllable], list[Word]]:
    """Notes shortened for the next word's consonants, at most four tenths of a note, and words."""
    syllables = [replace(s, consonant=None, coda=None, consonant_s=0.0) for s in planned]
    for k, unit in zip(heads, units, strict=True):
        room_s = planned[k].start_s - (planned[k - 1].start_s if k else 0.0)
        wanted_s = unit.onset_s * rng.uniform(0.75, 1.1)
        onset_s = min(wanted_s, LONGEST_ONSET_S, 0.4 * max(room_s, 0.0))
        syllables[k] = replace(syllables[k], consonant_s=onset_s)
    for k, s in enumerate(planned[:-1]):  # the planned consonants are not sung and take no room
        gap_s = planned[k + 1].onset_s - s.end_s
        wanted_s = syllables[k + 1].onset_s - (gap_s if gap_s > GAP_S else 0.0)
        end_s = max(min(wanted_s, s.end_s + 0.2), s.start_s + SHORTEST_S)
        syllables[k] = replace(syllables[k], end_s=end_s)
    ends = [*heads[1:], len(planned)]
    words = []
    for head, end, unit in zip(heads, ends, units, strict=True):
        start_s, end_s = syllables[head].start_s, syllables[end - 1].end_s
        joins = end < len(syllables) and syllables[end].onset_s - end_s < GAP_S
        with_coda = unit.is_closed and end_s - start_s > 2 * unit.coda_s
        words.append(Word(unit, start_s, end_s, syllables[head].consonant_s, joins, with_coda))
    return syllables, words


@dataclass
class Track:
    """Which frame of the bank sounds when."""

    at: np.ndarray  # (F,) frame of the bank, with fractions; -1 in rests
    before: np.ndarray  # (F,) where syllables join: the frame that fades out
    share: np.ndarray  # (F,) of that frame


def lay_words(words: Sequence[Word], n_frames: int) -> Track:
    """Frames of the bank over time, FRAME_S each: consonants unchanged, vowels held."""
    track = Track(np.full(n_frames, -1.0), np.zeros(n_frames), np.zeros(n_frames))
    held, held_until = 0.0, -1
    for k, word in enumerate(words):
        times, frames = _knots(word)
        end_s = words[k + 1].start_s - words[k + 1].onset_s if word.joins else word.end_s
        start = round(times[0] / FRAME_S)
        first = max(0, start)
        last = min(n_frames, max(round(end_s / FRAME_S), start + 1))
        if last <= first:
            continue
        track.at[first:last] = np.interp(np.arange(first, last) * FRAME_S, times, frames)
        if first <= held_until + 1:  # no rest before: the last spectrum fades into this one
            n = min(JOIN_FRAMES, last - first)
            track.before[first : first + n] = held
            track.share[first : first + n] = 1 - np.arange(1, n + 1) / (n + 1)
        held = float(track.at[last - 1])
        held_until = last - 1 if word.joins else -2
    return track


def _knots(word: Word) -> tuple[np.ndarray, list[float]]:
    """Times in s and the bank's frames at them, both rising, linear between."""
    unit, length_s = word.unit, word.end_s - word.start_s
    vowel_s = (unit.coda - unit.vowel) * FRAME_S
    coda_s = min(unit.coda_s, 0.4 * length_s) if word.with_coda else 0.0
    into_s = min(TRANSITION_S, 0.3 * vowel_s, 0.3 * length_s)
    out_s = min(TRANSITION_S, 0.2 * vowel_s, 0.2 * length_s)
    hold_s = length_s - coda_s - out_s - into_s
    steady = unit.vowel + into_s / FRAME_S
    leaving = unit.coda - 1 - min(TRANSITION_S, 0.25 * vowel_s) / FRAME_S
    knots = [
        (word.start_s - word.onset_s, unit.first if word.onset_s > 0 else unit.vowel),
        (word.start_s, unit.vowel),
        (word.start_s + into_s, steady),
        # a diphthong turns late
        (word.start_s + into_s + 0.65 * hold_s, steady + 0.35 * (leaving - steady)),
        (word.end_s - coda_s - out_s, leaving),
    ]
    if word.with_coda or not word.joins:
        knots.append((word.end_s - coda_s, unit.coda - 1))
    if word.with_coda:
        knots.append((word.end_s, unit.last - 1))
    times = np.array([time_s for time_s, _ in knots]) + 1e-7 * np.arange(len(knots))
    return np.maximum.accumulate(times), [float(frame) for _, frame in knots]
