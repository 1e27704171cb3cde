"""From logits per frame to a `Transcription` that is consistent over the whole song."""

from __future__ import annotations

import numpy as np
from torch import Tensor

from kcarol.config import TUNE_LOWEST, AudioConfig, DecodingConfig
from kcarol.model.logits import Logits
from kcarol.model.vowels import NO_VOWEL
from kcarol.transcription.activations import highest_near
from kcarol.transcription.bars import bar_positions, beat_divisions, mean_over_spans, part_spans
from kcarol.transcription.beats import find_beats
from kcarol.transcription.form.onset_rate import rate_of_strokes
from kcarol.transcription.groove import find_strokes, steady_energy
from kcarol.transcription.melody import NO_TUNE, find_tune, note_probabilities, register_shift
from kcarol.transcription.song_level import SongLevel
from kcarol.transcription.transcription import Transcription

MIN_ONSET = 1e-9  # probability of a decoded onset


def decode(
    logits: Logits,
    level: SongLevel | None = None,
    audio: AudioConfig | None = None,
    cfg: DecodingConfig | None = None,
) -> Transcription:
    """Logits (F, n) of a whole song -> its transcription, whose onsets are the groove's strokes.

    `level` None: steady, without fades.
    """
    audio = audio or AudioConfig()
    cfg = cfg or DecodingConfig()

    beat, downbeat = _sigmoid(logits.beat), _sigmoid(logits.downbeat)
    onset, accent = _sigmoid(logits.onset), _sigmoid(logits.accent)
    beats = find_beats(beat, downbeat, audio, cfg)
    positions, metres = bar_positions(downbeat, beats, cfg)
    divisions = beat_divisions(beats, (beat, onset, accent), cfg)

    tune, begins = find_tune(logits.tune, onset, audio, cfg)
    tune_probability, rest_probability = note_probabilities(tune, logits.tune)

    strokes = find_strokes(accent, beats, positions, divisions, cfg)
    spans = part_spans(beats, divisions, len(logits))
    return Transcription(
        beats=beats,
        positions=positions,
        metres=metres,
        divisions=divisions,
        tune=np.where(tune == NO_TUNE, -1, tune + TUNE_LOWEST),
        tune_probability=tune_probability,
        tune_shift=register_shift(tune, tune_probability, rest_probability),
        onset=np.where(begins, highest_near(onset, 1).clip(MIN_ONSET), 0).astype(np.float32),
        chord=mean_over_spans(logits.chord.float().sigmoid().numpy(), spans),
        bass=mean_over_spans(logits.bass.float().softmax(1)[:, :-1].numpy(), spans),
        strokes=strokes,
        energy=steady_energy(_sigmoid(logits.energy), audio, cfg),
        onset_rate=rate_of_strokes(strokes, audio),
        tuning_cents=np.zeros(len(logits), np.float32),
        vowel=np.full(len(logits), NO_VOWEL),
        syllable=np.zeros(len(logits), int),
        level=level or SongLevel.steady(len(logits), audio),
    )


def _sigmoid(logits: Tensor) -> np.ndarray:
    """(F, 1) -> (F,) float32"""
    return logits[:, 0].float().sigmoid().numpy()
