"""Inspection in notebooks: log-mel and features as arrays, a network's parts and attention."""

from __future__ import annotations

import numpy as np
import soxr
import torch

from kcarol.audio.features import Features
from kcarol.audio.full_band import FullBandMel
from kcarol.audio.log_mel import LogMel
from kcarol.audio.parallel import single_threaded
from kcarol.config import AudioConfig, ModelConfig
from kcarol.conversion.converter import Converter
from kcarol.model.transformer import MusicTransformer
from kcarol.notebook.excerpts import rate_of
from kcarol.vocoder.griffin_lim import GriffinLim


@torch.inference_mode()
@single_threaded()
def log_mel(wave: np.ndarray) -> np.ndarray:
    """(T,) at 16 kHz -> natural-log mel (F, M)."""
    return LogMel()(torch.from_numpy(np.ascontiguousarray(wave))).numpy()


@torch.inference_mode()
@single_threaded()
def bands(wave: np.ndarray, sample_rate: int | None = None) -> np.ndarray:
    """What pictures show: of (T,) at 16 kHz the log-mel (F, M); of other waves, (T,) or (2, T), the
    bands to 20 kHz of the middle (F, n_bands). Without a rate, see `rate_of`.
    """
    sample_rate = sample_rate or rate_of(wave)
    if wave.ndim == 1 and sample_rate == AudioConfig.sample_rate:
        return log_mel(wave)
    both = np.ascontiguousarray(np.broadcast_to(wave, (2, wave.shape[-1])))
    full = soxr.resample(both.T, sample_rate, AudioConfig.full_rate).T
    return FullBandMel()(full)[:, 0].numpy()


@torch.inference_mode()
@single_threaded()
def features(wave: np.ndarray) -> np.ndarray:
    """(T,) at 16 kHz -> features (F, C)."""
    return Features()(torch.from_numpy(np.ascontiguousarray(wave))).numpy()


def resynthesised(wave: np.ndarray, converter: Converter) -> dict[str, np.ndarray]:
    """A carol (T,), and its log-mel through the vocoder and Griffin-Lim, (T,) each."""
    mel = torch.from_numpy(log_mel(wave))
    return {
        "carol": wave,
        "vocoder": converter.vocode(mel, len(wave)),
        "Griffin-Lim": GriffinLim().vocode(mel, len(wave)).numpy(),
    }


@torch.inference_mode()
@single_threaded()
def attention_weights(converter: Converter, wave: np.ndarray) -> list[np.ndarray]:
    """(H, S, S) of each hearing layer, for (T,) of at most one window."""
    wave = torch.from_numpy(np.ascontiguousarray(wave)).to(converter.device)
    weights: list[torch.Tensor] = []
    converter.model.hear(converter.features(wave)[None, : converter.window_frames], weights)
    return [layer[0].cpu().numpy() for layer in weights]


def architecture_stages(cfg: ModelConfig) -> list[tuple[str, str, str]]:
    """From a song to its carol: name, work, and shape of the output (S = F / stride)."""
    n_hearing, n_playing = cfg.n_hearing_layers, cfg.n_layers - cfg.n_hearing_layers
    steps = f"(B, S, {cfg.d_model})"
    return [
        ("song", "16 kHz, mono", "(B, T)"),
        ("features", "pitch, onsets, level", f"(B, F, {cfg.n_features})"),
        ("2 x Conv1d", f"{cfg.stride} frames a step", steps),
        ("position", "sinusoids, any length", steps),
        (f"{n_hearing} layers hear", f"{cfg.n_heads} heads", steps),
        ("8 outputs", "tune, chord, beat ...", "(B, F, n)"),
        ("decode, arrange", "over the whole song", "notes (N, 5)"),
        ("note bank", "draft: powers add", f"(B, F, {cfg.n_played})"),
        (f"{n_playing} layers play", f"style ({cfg.d_style},) steers", steps),
        ("linear", "middle and side", f"(B, F, {cfg.n_played})"),
        ("vocoder", "inverse STFT, treble", "(2, T)"),
    ]


def parameter_counts(model: MusicTransformer) -> dict[str, int]:
    """Parameters by part; they add up to all of the model's."""
    n_hearing = model.cfg.n_hearing_layers
    parts = {
        "2 x Conv1d": [model.conv1, model.conv2],
        f"{n_hearing} hearing layers": [*model.layers[:n_hearing], model.heard_norm],
        "8 outputs": [model.heads],
        "note bank": [model.note_bank],
        "draft in": [model.read_draft],
        "style": [model.style_encoder, model.read_style],
        f"{model.cfg.n_layers - n_hearing} playing layers": [
            *model.layers[n_hearing:],
            model.out_norm,
        ],
        "log-mel out": [model.out],
    }
    return {
        name: sum(p.numel() for module in modules for p in module.parameters())
        for name, modules in parts.items()
    }
