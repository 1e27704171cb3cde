"""What singers of the corpus sing: which vowel from when to when, and where a syllable begins."""

from __future__ import annotations

import functools
from collections.abc import Sequence

import numpy as np

from kcarol.corpus.synthesis.syllables import Syllable
from kcarol.corpus.synthesis.words import Word
from kcarol.corpus.tables import read_table
from kcarol.model.vowels import NO_VOWEL, VOWELS
from kcarol.transcription.lead_sheet import SungVowel

TURN = 0.5  # of a diphthong's length, after which its second vowel is the one that is heard


@functools.cache
def classes() -> dict[str, tuple[int, int]]:
    """The first and the last vowel of each phoneme of the formant voice and of espeak-ng."""
    table = read_table("synthesis", "vowels.ini")
    return {
        name: (VOWELS.index(row.split()[0]), VOWELS.index(row.split()[-1]))
        for section in table
        for name, row in table[section].items()
    }


def text_of_syllables(syllables: Sequence[Syllable]) -> list[SungVowel]:
    """What the formant voice sings; notes that are sung on begin no syllable."""
    text = []
    for k, s in enumerate(syllables):
        first, last = (classes()[name][0] for name in s.nucleus)
        sung_on = k > 0 and s.consonant is None and not s.after_rest
        begins = not (sung_on and s.nucleus == syllables[k - 1].nucleus)
        text += _turning(s.start_s, s.end_s, first, last, begins)
    return text


def text_of_words(words: Sequence[Word]) -> list[SungVowel]:
    """What a speaker's syllables sing."""
    text = []
    for word in words:
        first, last = classes()[word.unit.nucleus.lower()]
        coda_s = min(word.unit.coda_s, 0.4 * (word.end_s - word.start_s)) if word.with_coda else 0.0
        text += _turning(word.start_s, word.end_s - coda_s, first, last, True)
    return text


def _turning(start_s: float, end_s: float, first: int, last: int, begins: bool) -> list[SungVowel]:
    if first == last:
        return [SungVowel(start_s, end_s, first, begins)]
    turn_s = start_s + TURN * (end_s - start_s)
    return [SungVowel(start_s, turn_s, first, begins), SungVowel(turn_s, end_s, last, False)]


def vowel_frames(
    text: Sequence[SungVowel], n_frames: int, frame_rate: float
) -> tuple[np.ndarray, np.ndarray]:
    """Number of the vowel in each frame, NO_VOWEL in rests, (F,) int8; and where syllables begin,
    (F,) bool.
    """
    vowels = np.full(n_frames, NO_VOWEL, np.int8)
    begins = np.zeros(n_frames, bool)
    for sung in text:
        first, last = round(sung.start_s * frame_rate), round(sung.end_s * frame_rate)
        vowels[max(0, first) : max(0, last)] = sung.vowel
        if sung.begins and 0 <= first < n_frames:
            begins[first] = True
    return vowels, begins
