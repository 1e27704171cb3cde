"""A sung voice, a band, and the record of both, without soundfonts."""

import numpy as np
import soundfile

from kcarol.config import AudioConfig
from kcarol.corpus.synthesis.formant_voice import synthesise_singing
from kcarol.transcription.lead_sheet import Stroke

RATE = AudioConfig().sample_rate
PHRASES_S = ((0.5, 3.5), (5.5, 8.0))
LENGTH_S = 9.0


def sung_voice(seed=0):
    """(T,): notes of half a second in two phrases, silent between them."""
    rng = np.random.default_rng(seed)
    strokes = [
        Stroke(start, 0.45, int(rng.integers(60, 70)), 100)
        for begin, end in PHRASES_S
        for start in np.arange(begin, end, 0.5).tolist()
    ]
    return synthesise_singing(strokes, LENGTH_S, RATE, rng)


def drum_strokes(seed=0):
    """(T,): a stroke of noise four times a second, 60 ms long, peaks 1."""
    rng, n = np.random.default_rng(seed), round(LENGTH_S * RATE)
    since_s = np.arange(n) / RATE % 0.25
    return (rng.uniform(-1, 1, n) * np.exp(-since_s / 0.015)).astype(np.float32)


def band(seed=0):
    """(T,): drums and chords."""
    rng, time_s = np.random.default_rng(seed), np.arange(round(LENGTH_S * RATE)) / RATE
    chords = sum(np.sin(2 * np.pi * hz * time_s) for hz in rng.uniform(100, 400, 3))
    return (0.05 * chords + 0.2 * drum_strokes(seed)).astype(np.float32)


def heard_tune():
    """(F,) of `sung_voice`, with a note missing."""
    audio = AudioConfig()
    tune = np.full(audio.n_frames(round(LENGTH_S * RATE)), -1)
    for begin, end in PHRASES_S:
        tune[round(begin * audio.frame_rate) : round(end * audio.frame_rate)] = 64
    tune[round(2.0 * audio.frame_rate) : round(2.5 * audio.frame_rate)] = -1
    return tune


def write(path, wave, rate=RATE):
    """(T,) or (C, T) as floats."""
    soundfile.write(path, wave.T, rate, subtype="FLOAT")
    return path
