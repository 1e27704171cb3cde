"""Noise above 8 kHz: its levels, its sharpness, and that cuts leave no trace."""

import numpy as np
import pytest
import torch

from kcarol.audio.full_band import FullBandMel
from kcarol.config import AudioConfig
from kcarol.vocoder.treble import TrebleNoise

pytestmark = pytest.mark.usefixtures("one_thread")
CFG = AudioConfig()
TREBLE = TrebleNoise(CFG)
HOP, FLOOR = CFG.full_hop, float(np.log(CFG.log_floor))


def made(levels, n_samples=None, first_frame=0):
    """(2, T) of levels (F, 2, K)."""
    n_samples = (len(levels) - 1) * HOP if n_samples is None else n_samples
    return TREBLE.add_(torch.zeros(2, n_samples), levels, first_frame)


def levels_of(waves):
    """(F, K) of the first channel, as `FullBandMel` measures it."""
    return FullBandMel(CFG)(waves[:1].expand(2, -1))[:, 0, CFG.n_mels :]


def flat(level, n_frames=200):
    return torch.full((n_frames, 2, CFG.n_treble_bands), level)


def test_its_levels_are_those_that_were_asked_for():
    wanted = -3.0 - 0.3 * torch.arange(CFG.n_treble_bands)
    found = levels_of(made(flat(0.0) + wanted))[4:-4]
    assert torch.all((found.exp().square().mean(0).log() / 2 - wanted).abs() < 0.15)  # nats


def test_nothing_is_below_it_or_above():
    spectrum = torch.fft.rfft(made(flat(-3.0))[0]).abs()
    hz = torch.fft.rfftfreq(199 * HOP, 1 / CFG.full_rate)
    inside = (hz > CFG.f_max_hz - 300) & (hz < CFG.treble_max_hz + 300)
    assert spectrum[~inside].square().mean() < 1e-4 * spectrum[inside].square().mean()


@pytest.mark.parametrize("n_samples", [0, 1, 383, 384, 385, 767, 768, 40_000])
def test_any_number_of_samples_is_filled(n_samples):
    waves = made(flat(-3.0, 1 + n_samples // HOP), n_samples)
    assert waves.shape == (2, n_samples) and waves.isfinite().all()
    assert n_samples < 100 or waves[:, -50:].abs().mean() > 1e-3


def test_a_piece_of_a_song_has_the_song_s_noise():
    levels = flat(-3.0) + torch.randn(200, 2, CFG.n_treble_bands)
    whole, piece = made(levels), made(levels[90:], first_frame=90)
    torch.testing.assert_close(piece[:, HOP:], whole[:, 91 * HOP :])


def test_a_stroke_is_sharp():
    levels = flat(FLOOR, 40)
    levels[20:] = -3.0
    power = made(levels)[0].square()
    before = power[: 19 * HOP + HOP // 2].mean()
    assert before < 1e-4 * power[20 * HOP :].mean()


def test_middle_and_side_are_not_alike():
    middle, side = made(flat(-3.0))
    assert torch.corrcoef(torch.stack([middle, side]))[0, 1].abs() < 0.02


def test_the_same_seed_gives_the_same_noise():
    levels = flat(-3.0, 9)
    again, other = TrebleNoise(CFG), TrebleNoise(CFG, seed=1)
    assert torch.equal(again.add_(torch.zeros(2, 999), levels), made(levels, 999))
    assert not torch.equal(other.add_(torch.zeros(2, 999), levels), made(levels, 999))


def test_it_is_float32_under_autocast():
    levels = flat(-3.0, 9)
    with torch.autocast("cpu", torch.bfloat16):
        assert torch.equal(made(levels), made(levels))
        low = made(levels)
    assert torch.equal(low, made(levels))
