"""Sound above 8 kHz: its levels, its sharpness, and that cuts leave no trace."""

import numpy as np
import pytest
import torch
from signals import sine

from kcarol.audio.full_band import FullBandMel
from kcarol.config import AudioConfig
from kcarol.vocoder.treble import Treble

pytestmark = pytest.mark.usefixtures("one_thread")
CFG = AudioConfig()
TREBLE = Treble(CFG)
FACTOR = CFG.full_factor
HOP, FLOOR = CFG.full_hop, float(np.log(CFG.log_floor))


def made(levels, n_samples=None, first_frame=0, low=None, treble=TREBLE):
    """(2, T) of levels (F, 2, K); from `low` (2, t), noise if there is none."""
    n_samples = (len(levels) - 1) * HOP if n_samples is None else n_samples
    low = noise(n_samples // FACTOR) if low is None else low
    return treble.add_(torch.zeros(2, n_samples), low, levels, first_frame)


def noise(n_samples):
    return 0.1 * torch.randn(2, n_samples, generator=torch.Generator().manual_seed(1))


def levels_of(waves):
    """(F, K) of the first channel, as `FullBandMel` measures it."""
    return FullBandMel(CFG)(waves[:1].expand(2, -1))[:, 0, CFG.n_mels :]


def flat(level, n_frames=200):
    return torch.full((n_frames, 2, CFG.n_treble_bands), level)


@pytest.mark.parametrize("gain", [1.0, 0.0], ids=["noise below", "silence below"])
def test_its_levels_are_those_that_were_asked_for(gain):
    wanted = -3.0 - 0.3 * torch.arange(CFG.n_treble_bands)
    found = levels_of(made(flat(0.0) + wanted, low=gain * noise(199 * CFG.hop_length)))[4:-4]
    assert torch.all((found.exp().square().mean(0).log() / 2 - wanted).abs() < 0.15)  # nats


def test_a_tone_below_is_a_tone_above():
    tone = torch.from_numpy(sine(5_000, 199 * CFG.hop_length / CFG.sample_rate)).expand(2, -1)
    spectrum = torch.fft.rfft(made(flat(-3.0), low=tone)[0]).abs()
    hz = torch.fft.rfftfreq(199 * HOP, 1 / CFG.full_rate)
    near = [(hz - f).abs() < 10 for f in (9_000, 13_000, 17_000)]
    assert all(spectrum[place].max() > 20 * spectrum[spectrum > 1].median() for place in near)


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


def test_a_piece_of_a_song_has_the_song_s_treble():
    levels, low = flat(-3.0) + torch.randn(200, 2, CFG.n_treble_bands), noise(199 * CFG.hop_length)
    whole = made(levels, low=low)
    piece = made(levels[90:], first_frame=90, low=low[:, 90 * CFG.hop_length :])
    torch.testing.assert_close(piece[:, HOP:], whole[:, 91 * HOP :], atol=1e-5, rtol=0)


def test_a_stroke_is_sharp():
    levels = flat(FLOOR, 40)
    levels[20:] = -3.0
    power = made(levels)[0].square()
    before = power[: 19 * HOP + HOP // 2].mean()
    assert before < 1e-4 * power[20 * HOP :].mean()


def test_middle_and_side_are_not_alike():
    middle, side = made(flat(-3.0))
    assert torch.corrcoef(torch.stack([middle, side]))[0, 1].abs() < 0.02


def test_the_same_seed_gives_the_same_sound():
    levels = flat(-3.0, 9)
    assert torch.equal(made(levels, treble=Treble(CFG)), made(levels))
    assert not torch.equal(made(levels, treble=Treble(CFG, seed=1)), made(levels))


def test_it_is_float32_under_autocast():
    levels = flat(-3.0, 9)
    with torch.autocast("cpu", torch.bfloat16):
        low = made(levels)
    assert torch.equal(low, made(levels))
