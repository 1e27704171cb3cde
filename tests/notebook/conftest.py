"""What the tests of listening share."""

import base64
import io
import re

import numpy as np
import pytest
import soundfile
import torch

from kcarol.config import AudioConfig, ModelConfig, VocoderConfig
from kcarol.conversion.converter import Converter
from kcarol.conversion.styles import STYLE_NAMES
from kcarol.model.transformer import MusicTransformer
from kcarol.vocoder.neural import NeuralVocoder

RATE = AudioConfig.sample_rate
SYSTEMS = ("kcarol", "reference", "song", "other carol", "dull")


@pytest.fixture
def tone():
    """A function of seconds, hz and amplitude -> a sine (T,)."""

    def make(seconds=1.0, hz=440.0, amplitude=0.1):
        times = np.arange(round(seconds * RATE)) / RATE
        return (amplitude * np.sin(2 * np.pi * hz * times)).astype(np.float32)

    return make


@pytest.fixture
def embedded():
    """A function of a page -> the sounds that it holds, in order."""

    def read(page):
        found = re.findall(r'src="data:audio/flac;base64,([^"]+)"', page)
        files = [io.BytesIO(base64.b64decode(data)) for data in found]
        return [soundfile.read(file, dtype="float32")[0].T for file in files]

    return read


@pytest.fixture
def stimuli(tone):
    """song -> system -> wave, all different."""
    return {
        song: {name: tone(0.5, 200 + 50 * i + j) for i, name in enumerate(SYSTEMS)}
        for j, song in enumerate(("one", "two"))
    }


@pytest.fixture
def small_converter():
    """A function of a vocoder -> a converter with tiny untrained networks."""

    def make(vocoder=None):
        torch.manual_seed(0)
        model = MusicTransformer(ModelConfig.smoke())
        styles = {name: torch.randn(model.cfg.d_style) for name in STYLE_NAMES[:2]}
        return Converter(model, vocoder or NeuralVocoder(VocoderConfig.smoke()), styles, 512)

    return make
