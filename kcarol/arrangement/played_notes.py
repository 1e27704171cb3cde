"""Parts as `Notes` and `Text`: from seconds to the arrays that the playing half reads."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch

from kcarol.model.instruments import INSTRUMENTS, NUMBERS, SLEIGH_BELLS, Instrument
from kcarol.model.notes import Notes
from kcarol.model.singing.text import Text
from kcarol.model.vowels import NO_VOWEL
from kcarol.transcription.lead_sheet import Part

VELOCITY_DB = 40.0  # a decade of velocity, as General MIDI synthesisers attenuate
BY_PROGRAM = {instrument.program: instrument for instrument in INSTRUMENTS}
# of choirs
SUNG_ON_S = 0.6  # of a vowel after its end, if nothing else is sung: short gaps are consonants
CROSS_FADE_S = 0.16  # from a vowel to the next
CONSONANT_S = 0.06  # before a syllable, in which a choir is softer
CONSONANT_DB = -4.0  # there at the softest
SLEIGH = INSTRUMENTS[NUMBERS[SLEIGH_BELLS]]


def notes_of(parts: Sequence[Part], frame_rate: float) -> Notes:
    """The strokes of all parts. KeyError for a part whose program no instrument has."""
    rows = [
        (
            NUMBERS[instrument_of(part).name],
            stroke.pitch,
            VELOCITY_DB * np.log10(stroke.velocity / 127) + part.gain_db,
            stroke.start_s * frame_rate,
            (stroke.start_s + stroke.length_s) * frame_rate,
            bool(part.text),
        )
        for part in parts
        for stroke in part.strokes
    ]
    rows.sort(key=lambda row: row[3])
    columns = torch.tensor(rows, dtype=torch.float32).reshape(-1, 6)
    return replace(Notes.of_tensor(columns[:, :5]), sings=columns[:, 5] > 0)


def text_of(parts: Sequence[Part], n_frames: int, frame_rate: float) -> Text | None:
    """What the choirs sing that have a text, all of them the same; None where no part has one."""
    text = next((part.text for part in parts if part.text), ())
    if not text:
        return None
    vowels = np.full(n_frames, NO_VOWEL)
    level_db = np.zeros(n_frames)
    starts_s = [sung.start_s for sung in text[1:]] + [np.inf]
    for sung, next_start_s in zip(text, starts_s, strict=True):
        end_s = max(sung.end_s, min(sung.end_s + SUNG_ON_S, next_start_s))
        first, last = (max(0, round(time_s * frame_rate)) for time_s in (sung.start_s, end_s))
        vowels[first:last] = sung.vowel
        if sung.begins:
            _make_consonant_(level_db, sung.start_s * frame_rate, CONSONANT_S * frame_rate)
    return Text(
        torch.from_numpy(_cross_faded(vowels, CROSS_FADE_S * frame_rate)).float(),
        torch.from_numpy(level_db).float(),
    )


def _make_consonant_(level_db: np.ndarray, end: float, n_frames: float) -> None:
    """Dip of n_frames before frame `end`, both also fractions, in dB (F,)."""
    first = max(0, math.ceil(end - n_frames))
    frames = np.arange(first, min(math.ceil(end), len(level_db)))
    dip_db = CONSONANT_DB * np.sin(np.pi * (end - frames) / n_frames)
    level_db[frames] = np.minimum(level_db[frames], dip_db)


def _cross_faded(vowels: np.ndarray, n_frames: float) -> np.ndarray:
    """Vowels (F,) -> shares (F, len(VOWELS) + 1), which take n_frames to change."""
    fade = np.hanning(round(n_frames) + 4)[1:-1]
    shares = np.stack(
        [np.convolve(vowels == vowel, fade, "same") for vowel in range(NO_VOWEL + 1)], axis=1
    )
    return shares[: len(vowels)] / shares[: len(vowels)].sum(1, keepdims=True)


def instrument_of(part: Part) -> Instrument:
    """Who plays a part. KeyError for a program that no instrument has."""
    return SLEIGH if part.is_drums else BY_PROGRAM[part.program]
