"""Griffin-Lim: lengths, seeds, blocks."""

from __future__ import annotations

import math

import torch

from kcarol.audio.log_mel import LogMel
from kcarol.config import AudioConfig
from kcarol.vocoder.griffin_lim import GriffinLim

AUDIO = AudioConfig()


def chord(n_samples, pitches_hz=(220.0, 277.2, 329.6)):
    t = torch.arange(n_samples) / AUDIO.sample_rate
    return 0.2 * sum(torch.sin(2 * math.pi * f * t) for f in pitches_hz) * torch.exp(-t)


def test_griffin_lim_is_deterministic_and_leaves_the_global_generator_alone():
    mel = LogMel(AUDIO)(chord(16_000))
    torch.manual_seed(5)
    state = torch.get_rng_state()
    first = GriffinLim(AUDIO, iterations=4)(mel)
    assert torch.equal(torch.get_rng_state(), state)
    assert torch.equal(GriffinLim(AUDIO, iterations=4)(mel), first)
    assert not torch.equal(GriffinLim(AUDIO, iterations=4, seed=1)(mel), first)


def test_griffin_lim_gives_the_mel_back():
    log_mel, wave = LogMel(AUDIO), chord(16_000)
    mel = log_mel(wave)
    back = log_mel(GriffinLim(AUDIO)(mel, 16_000))
    loud = mel > mel.max() - 5  # nepers under the peak: what can be heard
    assert (back - mel)[loud].abs().mean() < 0.5


def test_griffin_lim_in_blocks_keeps_length_and_mel():
    log_mel, wave = LogMel(AUDIO), chord(256 * 150 + 77)
    mel = log_mel(wave)
    blocked = GriffinLim(AUDIO, iterations=8).vocode(mel, len(wave), block_frames=64)
    assert blocked.shape == wave.shape
    whole = GriffinLim(AUDIO, iterations=8)(mel, len(wave))
    loud = mel > mel.max() - 5
    error = [(log_mel(w) - mel)[loud].abs().mean() for w in (blocked, whole)]
    assert error[0] < 1.5 * error[1] + 0.05
