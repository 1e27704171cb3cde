"""Facts about the vocoders: lengths, block-wise equality, precision, weights on disk, losses."""

import json
import math

import pytest
import torch

from kcarol.audio.log_mel import LogMel
from kcarol.config import AudioConfig, VocoderConfig
from kcarol.model.weights_file import WeightsError, load_module, read_about, save_module
from kcarol.vocoder.griffin_lim import GriffinLim
from kcarol.vocoder.neural import SIDE_DELAY_S, NeuralVocoder

AUDIO, SMOKE = AudioConfig(), VocoderConfig.smoke()


@pytest.fixture
def vocoder():
    torch.manual_seed(0)
    net = NeuralVocoder(SMOKE).eval()
    with torch.no_grad():
        for block in net.blocks:
            block.depthwise.weight *= 30  # so that the far ends of the receptive field are heard
    return net


@pytest.fixture(scope="module")
def griffin_lim():
    return GriffinLim(AUDIO, iterations=1, nnls_steps=1)


def noise_mel(n_frames, batch=None, seed=0):
    shape = (n_frames, AUDIO.n_mels) if batch is None else (batch, n_frames, AUDIO.n_mels)
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed)) - 4


def chord(n_samples, pitches_hz=(220.0, 277.2, 329.6)):
    t = torch.arange(n_samples) / AUDIO.sample_rate
    return 0.2 * sum(torch.sin(2 * math.pi * f * t) for f in pitches_hz) * torch.exp(-t)


@pytest.mark.parametrize("n_frames", [1, 2, 37])
@pytest.mark.parametrize("extra", [0, 1, 255])
def test_any_length_that_the_frames_carry_is_kept_to_the_sample(
    vocoder, griffin_lim, n_frames, extra
):
    set_passes(vocoder, 1, 1)
    length = (n_frames - 1) * 256 + extra
    for net in (vocoder, griffin_lim):
        assert net(noise_mel(n_frames), length).shape == (length,)
        assert net.vocode(noise_mel(n_frames, batch=2), length).shape == (2, length)
    assert vocoder(noise_mel(n_frames)).shape == ((n_frames - 1) * 256,)


def test_length_that_breaks_the_law_is_refused(vocoder):
    with pytest.raises(ValueError, match="4 frames hold 0 to 1023 samples, found length 1024"):
        vocoder(noise_mel(4), 1024)
    with pytest.raises(ValueError, match=r"must be \(F, 128\)"):
        vocoder(torch.zeros(4, 80))


def set_passes(vocoder, whole, low=0):
    vocoder.refinement.first.passes = vocoder.refinement.last.passes = whole
    for band in vocoder.refinement.low_bands:
        band.passes, band.fresh = low, low > 0 and band.fresh


@pytest.mark.parametrize("block_frames", [1, 16, 50])
@pytest.mark.parametrize("passes", [0, 3])
def test_blockwise_vocoding_equals_one_pass(vocoder, block_frames, passes):
    set_passes(vocoder, passes, passes)
    length = 61 * 256 - 1
    mel = LogMel(AUDIO)(chord(length) + 0.01 * torch.randn(length))
    whole = vocoder.vocode(mel, length, 10_000)
    assert whole.abs().max() > 1e-3
    torch.testing.assert_close(vocoder.vocode(mel, length, block_frames), whole, atol=1e-4, rtol=0)


def test_a_block_is_its_convolution_over_frames(vocoder):
    x = torch.randn(2, 30, SMOKE.d_model, generator=torch.Generator().manual_seed(0))
    block = vocoder.blocks[0]
    torch.testing.assert_close(
        block._over_frames(x), block.depthwise(x.transpose(1, 2)).transpose(1, 2)
    )


def test_vocoding_without_corrections_is_the_network_alone(vocoder):
    set_passes(vocoder, 0)
    mel = noise_mel(50)
    torch.testing.assert_close(
        vocoder.vocode(mel, 50 * 256 - 1), vocoder(mel, 50 * 256 - 1).detach(), atol=1e-5, rtol=0
    )


def test_each_correction_brings_the_wave_nearer_to_the_mel(vocoder):
    log_mel = LogMel(AUDIO)
    mel = log_mel(
        chord(16_000) + 0.01 * torch.randn(16_000, generator=torch.Generator().manual_seed(5))
    )
    distance = []
    for passes in (0, 1, 3, 8):
        set_passes(vocoder, passes)
        distance.append(float((log_mel(vocoder.vocode(mel, 16_000)) - mel).abs().mean()))
    assert distance == sorted(distance, reverse=True)
    assert distance[-1] < distance[0] / 3


def test_low_bands_bring_the_wave_nearer_still(vocoder):
    log_mel = LogMel(AUDIO)
    mel = log_mel(
        chord(16_000) + 0.01 * torch.randn(16_000, generator=torch.Generator().manual_seed(5))
    )
    distance = []
    for passes in (0, 40):
        set_passes(vocoder, 2, passes)
        distance.append(float((log_mel(vocoder.vocode(mel, 16_000)) - mel).abs().mean()))
    assert distance[1] < 0.9 * distance[0]


def test_a_side_comes_late(vocoder):
    set_passes(vocoder, 0)
    mel = LogMel(AUDIO)(chord(16_000))
    n_late = round(SIDE_DELAY_S * AUDIO.sample_rate)
    middle, side = (vocoder.vocode(mel, 16_000, side=side) for side in (False, True))
    error = (side[n_late:] - middle[:-n_late]).square().mean()
    assert error < 0.01 * middle.square().mean()


def test_context_frames_are_the_receptive_field(vocoder):
    mel = noise_mel(81)
    changed = mel.clone()
    changed[40] += 10 * noise_mel(1, seed=3)[0]
    difference = (vocoder.spectrum(changed[None]) - vocoder.spectrum(mel[None]))[0].abs().amax(0)
    touched = difference.gt(1e-7).nonzero().flatten()
    assert (touched.min(), touched.max()) == (
        40 - vocoder.context_frames,
        40 + vocoder.context_frames,
    )


def test_input_standardisation_is_applied_and_saved(vocoder, tmp_path):
    mel, mean, std = noise_mel(9), torch.full((128,), -4.0), torch.full((128,), 2.0)
    plain = vocoder((mel - mean) / std)
    vocoder.standardise(mean, std)
    torch.testing.assert_close(vocoder(mel), plain)
    vocoder.save(tmp_path / "v.safetensors", dtype=torch.float32)
    torch.testing.assert_close(NeuralVocoder.load(tmp_path / "v.safetensors")(mel), plain)


def test_wave_is_float32_under_autocast_and_close_to_full_precision(vocoder):
    with torch.autocast("cpu", torch.bfloat16):
        low = vocoder(noise_mel(30))
    assert low.dtype == torch.float32
    full = vocoder(noise_mel(30))
    assert (low - full).norm() < 0.1 * full.norm()


def test_huge_input_gives_finite_wave_and_gradient(vocoder):
    mel = (noise_mel(8) * 1e4).requires_grad_()
    with torch.no_grad():
        vocoder.head.bias += 200  # exp(200) is above float32
    wave = vocoder(mel)
    wave.square().mean().backward()
    assert wave.isfinite().all() and mel.grad.isfinite().all()


def test_spectral_loss_falls_by_half_on_one_clip():
    from kcarol.training.losses import SpectralLoss

    torch.manual_seed(0)
    wave = chord(256 * 15)[None] + 0.01 * torch.randn(1, 256 * 15)
    vocoder, loss_fn = NeuralVocoder(SMOKE), SpectralLoss(AUDIO)
    adam = torch.optim.Adam(vocoder.parameters(), 3e-3)
    losses = []
    for _ in range(25):
        adam.zero_grad()
        loss = loss_fn(vocoder, {"wave": wave})["loss"]
        loss.backward()
        adam.step()
        losses.append(loss.item())
    assert losses[-1] < 0.5 * losses[0]


def test_half_precision_weights_are_half_the_size_and_sound_the_same(vocoder, tmp_path):
    vocoder.save(tmp_path / "half.safetensors", extra={"steps": 7})
    vocoder.save(tmp_path / "full.safetensors", dtype=None)
    sizes = [(tmp_path / f"{name}.safetensors").stat().st_size for name in ("half", "full")]
    assert sizes[0] < 0.6 * sizes[1]
    assert read_about(tmp_path / "half.safetensors")["extra"] == {"steps": 7}
    half, full = NeuralVocoder.load(tmp_path / "half.safetensors"), vocoder
    assert half.cfg == SMOKE
    torch.testing.assert_close(half(noise_mel(20)), full(noise_mel(20)), atol=1e-2, rtol=0)


def test_full_size_vocoder_ships_under_16_mib(tmp_path):
    NeuralVocoder(VocoderConfig()).save(tmp_path / "v.safetensors")
    assert (tmp_path / "v.safetensors").stat().st_size < 16 * 2**20


def test_unusable_weights_files_are_named_in_one_line(vocoder, tmp_path):
    from safetensors.torch import save_file

    good, bad = tmp_path / "good.safetensors", tmp_path / "bad.safetensors"
    vocoder.save(good)
    bad.write_bytes(good.read_bytes()[:1000])
    foreign, newer = tmp_path / "foreign.safetensors", tmp_path / "newer.safetensors"
    save_file({"x": torch.zeros(1)}, foreign)
    about = {**read_about(good), "format": 99}
    save_file({"x": torch.zeros(1)}, newer, metadata={"kcarol": json.dumps(about)})
    cases = {
        tmp_path / "none.safetensors": "no such weights",
        bad: "broken",
        foreign: "not written by kcarol",
        newer: "format 99",
    }
    for path, message in cases.items():
        with pytest.raises(WeightsError, match=message) as caught:
            NeuralVocoder.load(path)
        assert "\n" not in str(caught.value) and path.name in str(caught.value)
    with pytest.raises(WeightsError, match="holds a NeuralVocoder, not a Linear"):
        load_module(good, lambda values: torch.nn.Linear(1, 1))


def test_weights_of_another_shape_or_not_finite_are_refused(vocoder, tmp_path):
    path = tmp_path / "v.safetensors"
    save_module(path, vocoder, VocoderConfig(d_model=32, d_feedforward=128, n_layers=2))
    with pytest.raises(WeightsError, match="has shape"):
        NeuralVocoder.load(path)
    with torch.no_grad():
        vocoder.head.weight[0, 0] = 1e6  # above float16
    with pytest.raises(WeightsError, match="head.weight is not finite in torch.float16"):
        vocoder.save(path)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_vocoder_on_cuda_equals_cpu(vocoder):
    mel = noise_mel(64)
    on_cpu = vocoder(mel).detach()
    on_cuda = vocoder.cuda().vocode(mel.cuda(), block_frames=16).cpu()
    torch.testing.assert_close(on_cuda, on_cpu, atol=2e-3, rtol=0)
