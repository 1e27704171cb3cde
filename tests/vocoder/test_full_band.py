"""Stereo from the bands of middle and side, whole and in pieces."""

import numpy as np
import pytest
import soxr
import torch
from converters import needs_shipped, song
from signals import sine

from kcarol.audio.full_band import FullBandMel, middle_and_side
from kcarol.config import AudioConfig, VocoderConfig
from kcarol.conversion.weights import VOCODER_FILE, shipped_weights
from kcarol.vocoder.full_band import MONO_BELOW_HZ, FullBandVocoder
from kcarol.vocoder.griffin_lim import GriffinLim
from kcarol.vocoder.neural import NeuralVocoder
from kcarol.vocoder.refinement.phase_continuation import CarriedPhases

pytestmark = pytest.mark.usefixtures("one_thread")
CFG = AudioConfig()
MEL = FullBandMel(CFG)
HOP, RATE = CFG.full_hop, CFG.full_rate
MIDDLE, SIDE = 0, 1


@pytest.fixture(scope="module")
def griffin_lim():
    return FullBandVocoder(GriffinLim(CFG, iterations=8), CFG)


@pytest.fixture(scope="module")
def neural():
    torch.manual_seed(0)
    return FullBandVocoder(NeuralVocoder(VocoderConfig.smoke()), CFG).eval()


def orchestra(seconds=2.0):
    """(2, T): a low tone in the middle, a higher one left, noise right."""
    low, high = sine(220, seconds, RATE), sine(880, seconds, RATE)
    noise = np.random.default_rng(0).standard_normal(len(low)).astype(np.float32)
    return np.stack([low + high, low + 0.02 * noise])


@pytest.mark.parametrize("n_samples", [3, 767, 768, 769, 20_000, 20_001])
def test_the_sound_is_as_long_as_asked(neural, n_samples):
    bands = torch.full((1 + n_samples // HOP, 2, CFG.n_bands), -6.0)
    stereo = neural.vocode(bands, n_samples)
    assert stereo.shape == (2, n_samples) and stereo.dtype == torch.float32
    assert neural.vocode(bands).shape == (2, n_samples // HOP * HOP)


def test_griffin_lim_brings_back_the_bands_of_both_channels(griffin_lim):
    stereo = orchestra()
    bands = MEL(stereo)
    found = MEL(griffin_lim.vocode(bands, stereo.shape[1]))
    bass = bands[:, SIDE, :40] - bands[:, MIDDLE, :40] < -7  # nothing but floor
    distance = (found - bands)[4:-4].abs()
    assert distance[:, MIDDLE].mean() < 0.5 and distance[:, SIDE, 40:].mean() < 0.5
    assert distance[:, :, CFG.n_mels :].mean() < 0.25 and bass.any()


def test_the_middle_is_the_mono_sum(griffin_lim):
    """Whatever the side is, it does not change what a mono speaker plays."""
    stereo = orchestra(0.5)
    bands = MEL(stereo)
    narrow = bands.clone()
    narrow[:, SIDE] = float(np.log(CFG.log_floor))
    sums = [middle_and_side(griffin_lim.vocode(b, 24_000))[MIDDLE] for b in (bands, narrow)]
    torch.testing.assert_close(*sums)


@needs_shipped
def test_little_is_lost_where_the_treble_begins():
    """Resampling takes the highest mel band down by up to a neper."""
    shipped = FullBandVocoder(NeuralVocoder.load(shipped_weights() / VOCODER_FILE)).eval()
    noise = 0.1 * np.random.default_rng(3).standard_normal((2, RATE)).astype(np.float32)
    bands = MEL(noise)
    lost = (bands - MEL(shipped.vocode(bands, RATE)))[8:-8].mean((0, 1))
    assert lost[CFG.n_mels - 4 : CFG.n_mels + 2].abs().max() < 0.6


@pytest.mark.parametrize("kind", ["neural", "griffin_lim"])
def test_no_ear_is_louder_where_middle_and_side_have_the_same_bands(kind, request):
    """In phase, as like bands would make them, they would cancel in the right channel."""
    bands = MEL(orchestra())[:, [MIDDLE, MIDDLE]]
    stereo = request.getfixturevalue(kind).vocode(bands)
    left, right = MEL(np.stack([stereo[0], stereo[0]])), MEL(np.stack([stereo[1], stereo[1]]))
    above_500_hz = (left - right)[4:-4, MIDDLE, 60 : CFG.n_mels]
    assert abs(float(above_500_hz.mean())) < 0.25  # nats


def test_the_bass_is_in_the_middle(griffin_lim):
    tones = {hz: sine(hz, 1.0, RATE) for hz in (MONO_BELOW_HZ / 2, 4 * MONO_BELOW_HZ)}
    for hz, tone in tones.items():
        bands = MEL(np.stack([tone, 0 * tone]))
        middle, side = middle_and_side(griffin_lim.vocode(bands, RATE)).square().mean(1)
        assert (side < 0.03 * middle) == (hz < MONO_BELOW_HZ)


def test_pieces_are_together_the_song(griffin_lim):
    n_samples = 1_300 * HOP + 100
    bands = torch.full((1_301, 2, CFG.n_bands), -4.0)
    pieces = list(griffin_lim.stream(lambda a, b: bands[a:b], n_samples, 700))
    assert len(pieces) == 2 and all(piece.shape[0] == 2 for piece in pieces)
    made = np.concatenate(pieces, axis=1)
    assert made.shape == (2, n_samples)
    treble = MEL(made)[4:-4, :, CFG.n_mels :].mean(2)
    assert torch.all((treble + 4).abs() < 1)  # where pieces join, too


def test_the_low_octaves_go_on_from_piece_to_piece(monkeypatch):
    low = np.stack([song(25.0), song(25.0, seed=1)], axis=1)
    stereo = soxr.resample(low, CFG.sample_rate, RATE).T
    bands, n_samples = MEL(stereo), stereo.shape[1]
    shipped = FullBandVocoder(NeuralVocoder.load(shipped_weights() / VOCODER_FILE)).eval()

    def difference_db():
        pieces = list(shipped.stream(lambda a, b: bands[a:b], n_samples, 700))
        error = np.concatenate(pieces, axis=1) - whole
        return 20 * np.log10(np.linalg.norm(error) / np.linalg.norm(whole))

    whole = shipped.vocode(bands, n_samples).numpy()
    assert difference_db() < -40
    monkeypatch.setattr(CarriedPhases, "advance_", lambda *_: None)  # each piece starts anew
    assert difference_db() > -10


def test_silence_stays_silent(neural, griffin_lim):
    bands = MEL(np.zeros((2, 30_000), np.float32))
    assert griffin_lim.vocode(bands, 30_000).abs().max() < 1e-3


@pytest.mark.parametrize("shape", [(0, 2, 140), (5, 2, 128), (5, 140), (5, 1, 140), (1, 5, 2, 140)])
def test_another_shape_is_refused(neural, shape):
    with pytest.raises(ValueError, match=r"expected bands \(F, 2, 140\)"):
        neural.vocode(torch.zeros(shape))
