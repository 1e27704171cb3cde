"""Text of singing: notes as lines of one voice, and random syllables for each line."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from kcarol.corpus.draws import pick
from kcarol.corpus.synthesis.singer import Singer
from kcarol.corpus.tables import floats, read_table
from kcarol.transcription.lead_sheet import Stroke

# vowels or diphthongs of a syllable, all equally likely: plain vowels are the most frequent
NUCLEI = [(v, v) for v in ("a", "a", "eo", "o", "u", "i", "i", "e", "eu", "ae")]
NUCLEI += [("i", "a"), ("i", "eo"), ("u", "a"), ("a", "i"), ("e", "i"), ("o", "u")]
NUCLEI += [("i", "u"), ("u", "e")]
CODAS = ("n", "m", "l", "k", "s")
REFRAIN = 0.15  # share of lines on one syllable ("la la la")
CONNECTED_S = 0.05  # shorter gaps between notes are no rests
SHORTEST_S = 0.03  # of a vowel


@dataclass(frozen=True)
class Consonant:
    """How a consonant of the formant voice sounds; levels are relative to a vowel's pulses."""

    length_s: float
    locus_hz: tuple[float, ...] | None  # where F1 to F3 start from; None: from the vowel's own
    voiced: float
    noise: float  # made in the mouth
    centre_hz: float  # of that noise
    width_hz: float
    aspiration: float  # noise made in the throat
    closure: float  # share of the length that is silent, before a burst


@dataclass(frozen=True)
class Syllable:
    """One note with its sounds: a consonant before `start_s`, then the nucleus (from one vowel to
    another) until `end_s`, the coda within its end.
    """

    start_s: float
    end_s: float
    pitch: float
    level: float
    consonant: str | None = None
    consonant_s: float = 0.0
    nucleus: tuple[str, str] = ("a", "a")
    coda: str | None = None
    after_rest: bool = True

    @property
    def length_s(self) -> float:
        return self.end_s - self.start_s

    @property
    def onset_s(self) -> float:
        """When its consonant begins."""
        return self.start_s - self.consonant_s


@functools.cache
def vowels() -> dict[str, tuple[float, ...]]:
    """Five formants of each vowel in Hz, of an adult man."""
    table = read_table("synthesis", "phonemes.ini")["vowels"]
    return {name: floats(row) for name, row in table.items()}


@functools.cache
def consonants() -> dict[str, Consonant]:
    table = read_table("synthesis", "phonemes.ini")["consonants"]
    return {name: _consonant(*floats(row.replace("|", " "))) for name, row in table.items()}


def _consonant(length_s: float, f1: float, f2: float, f3: float, *sound: float) -> Consonant:
    return Consonant(length_s, (f1, f2, f3) if f1 else None, *sound)


def sung_lines(strokes: Sequence[Stroke], length_s: float) -> list[list[Stroke]]:
    """Strokes as lines of one note at a time, each for a separate voice.

    Small overlaps (up to 80 ms or half the note) are cut instead of starting another line. Notes
    from `length_s` on and those shorter than 10 ms are left out.
    """
    strokes = [s for s in strokes if s.start_s < length_s and s.length_s > 0.01]
    lines: list[list[Stroke]] = []
    for stroke in sorted(strokes, key=lambda s: (s.start_s, -s.pitch)):
        for line in lines:
            last = line[-1]
            kept_s = stroke.start_s - last.start_s
            if kept_s >= last.length_s - max(0.08, last.length_s / 2) and kept_s > 0.03:
                line[-1] = replace(last, length_s=min(last.length_s, kept_s))
                line.append(stroke)
                break
        else:
            lines.append([stroke])
    return lines


def plan_syllables(
    line: Sequence[Stroke], rng: np.random.Generator, singer: Singer, style: str = "sung"
) -> list[Syllable]:
    """Random text for a line of notes: consonants, vowels and codas."""
    onsets = _draw_onsets(line, rng, 0.0 if style == "rap" else singer.melisma)
    syllables: list[Syllable] = []
    for k, (stroke, onset) in enumerate(zip(line, onsets, strict=True)):
        following = onsets[k + 1] if k + 1 < len(line) else None
        end_s = stroke.start_s + stroke.length_s
        if following:
            end_s = min(end_s, line[k + 1].start_s - following.length_s)
        end_s = max(end_s, stroke.start_s + SHORTEST_S)
        coda = None
        sung_on = following is not None and following.consonant is None
        if not sung_on and rng.random() < singer.coda_chance:
            coda = str(rng.choice(CODAS))
        syllable = Syllable(
            stroke.start_s,
            end_s,
            stroke.pitch,
            level=(stroke.velocity / 100) ** 1.3,
            consonant=onset.consonant,
            consonant_s=onset.length_s,
            nucleus=onset.nucleus,
            coda=coda if end_s - stroke.start_s > 0.18 else None,
            after_rest=not syllables or stroke.start_s - syllables[-1].end_s > 0.15,
        )
        syllables.append(syllable)
    return syllables


class _Onset(NamedTuple):
    consonant: str | None
    length_s: float
    nucleus: tuple[str, str]


def _draw_onsets(line: Sequence[Stroke], rng: np.random.Generator, melisma: float) -> list[_Onset]:
    """A consonant or none and a nucleus for each note of a line."""
    names = list(consonants())
    nuclei = [NUCLEI[k] for k in rng.integers(len(NUCLEI), size=len(line))]
    if rng.random() < REFRAIN:
        nuclei = [nuclei[0]] * len(line)
        names = [str(rng.choice(names))]
    onsets: list[_Onset] = []
    for k, stroke in enumerate(line):
        since_s = stroke.start_s - line[k - 1].start_s if k else stroke.start_s
        connected = k > 0 and since_s - line[k - 1].length_s < CONNECTED_S
        if (connected and rng.random() < melisma) or rng.random() < 0.07:
            onsets.append(_Onset(None, 0.0, onsets[-1].nucleus if connected else nuclei[k]))
            continue
        name = pick(rng, names)
        length_s = consonants()[name].length_s * rng.uniform(0.7, 1.4)
        onsets.append(_Onset(name, min(length_s, 0.4 * since_s), nuclei[k]))
    return onsets
