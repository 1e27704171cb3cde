"""Small random converters, and a song for them."""

import numpy as np
import pytest
import torch

from kcarol.config import AudioConfig, ConversionConfig, ModelConfig, VocoderConfig
from kcarol.conversion.converter import Converter
from kcarol.conversion.weights import CONVERTER_FILE, VOCODER_FILE, shipped_weights
from kcarol.model.transformer import MusicTransformer
from kcarol.model.weights_file import read_about
from kcarol.vocoder.neural import NeuralVocoder

AUDIO = AudioConfig()
MODEL = ModelConfig.smoke()


def ships_player_of_notes():
    """Whether the shipped files are there, and not those of an earlier player."""
    files = [shipped_weights() / name for name in (CONVERTER_FILE, VOCODER_FILE)]
    if not all(file.is_file() for file in files):
        return False
    return bool(read_about(files[0])["config"].get("n_bands"))


needs_shipped = pytest.mark.skipif(
    not ships_player_of_notes(),
    reason=f"no {CONVERTER_FILE} and {VOCODER_FILE} in kcarol/weights: train and export them first",
)


def song(length_s=3.0, seed=0):
    """Chords of plucked tones on a beat of 120 bpm, (T,)."""
    rng, rate = np.random.default_rng(seed), AUDIO.sample_rate
    wave = np.zeros(round(length_s * rate) + rate)
    for i in range(int(length_s * 2)):
        time_s = np.arange(rate // 2) / rate
        for midi in rng.choice([60, 62, 64, 65, 67, 69, 72], 3, replace=False):
            wave[i * rate // 2 :][: rate // 2] += np.sin(
                2 * np.pi * 440 * 2 ** ((midi - 69) / 12) * time_s
            ) * np.exp(-4 * time_s)
    return (0.2 * wave[: round(length_s * rate)]).astype(np.float32)


def make_converter(window_frames=128, model=None, syllables=None):
    torch.manual_seed(0)
    model = model or MusicTransformer(MODEL)
    model.mel_mean.fill_(-5.0)
    vocoder = NeuralVocoder(VocoderConfig.smoke())
    styles = {"bells": torch.zeros(MODEL.d_style), "choir": torch.ones(MODEL.d_style)}
    return Converter(model, vocoder, styles, window_frames, AUDIO, syllables=syllables)


def in_pieces(converter, piece_frames):
    cfg = ConversionConfig(piece_frames=piece_frames)
    return Converter(
        converter.model,
        converter.vocoder,
        converter.styles,
        converter.window_frames,
        AUDIO,
        "cpu",
        torch.full((2 * AUDIO.n_bands,), 0.2),
        cfg,
    )
