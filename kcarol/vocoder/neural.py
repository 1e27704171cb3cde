"""NeuralVocoder: log-mel to wave by a network at frame rate and an inverse STFT."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor, nn

from kcarol.audio.parallel import n_workers, parallel_map
from kcarol.config import AudioConfig, VocoderConfig
from kcarol.model.weights_file import config_from, load_module, save_module
from kcarol.vocoder.inverse_stft import InverseSTFT
from kcarol.vocoder.refinement.low_band import LowBand
from kcarol.vocoder.refinement.mel_correction import MelCorrection
from kcarol.vocoder.refinement.phase_continuation import CarriedPhases
from kcarol.vocoder.refinement.phase_refinement import STRIDE
from kcarol.vocoder.shapes import check_log_mel, output_length

MAX_LOG_MAGNITUDE = math.log(1e2)  # Vocos: safeguard against excessively large magnitudes
START_LOG_MAGNITUDE = -3.5  # an untrained head hums about as loud as a song, at rms .03
NETWORK_FRAMES = 2048  # per pass of the network, besides their context
MIN_BLOCK_FRAMES = 256  # shorter blocks repeat more context than a second thread would save
# From like log-mels the network makes like phases, and with a side in phase with the middle all
# would be louder on the left. With a late side, left and right are louder by turns every 250 Hz.
SIDE_DELAY_S = 0.004


class ConvNeXtBlock(nn.Module):
    """ConvNeXt (arXiv 2201.03545) in one dimension: depthwise convolution, MLP per frame."""

    def __init__(self, d_model: int, d_feedforward: int, kernel_size: int, scale: float):
        super().__init__()
        self.depthwise = nn.Conv1d(
            d_model, d_model, kernel_size, padding=kernel_size // 2, groups=d_model
        )
        self.norm = nn.LayerNorm(d_model, eps=1e-6)
        self.widen = nn.Linear(d_model, d_feedforward)
        self.narrow = nn.Linear(d_feedforward, d_model)
        self.scale = nn.Parameter(torch.full((d_model,), scale))

    def forward(self, x: Tensor) -> Tensor:
        """(B, F, D) -> (B, F, D)."""
        y = self.norm(self._over_frames(x))
        return torch.addcmul(x, self.scale, self.narrow(nn.functional.gelu(self.widen(y))))

    def _over_frames(self, x: Tensor) -> Tensor:
        """The depthwise convolution as a conv2d of images one pixel high: the channels stay last,
        which conv1d does not allow.
        """
        conv = self.depthwise
        image, weight = x.transpose(1, 2)[:, :, None], conv.weight[:, :, None]
        padding = (0, *conv.padding)
        y = nn.functional.conv2d(image, weight, conv.bias, padding=padding, groups=conv.groups)
        return y[:, :, 0].transpose(1, 2)


class Refinement(nn.Module):
    """Passes that bring a wave nearer to its log-mel: all bands, the low octaves, all bands."""

    def __init__(self, audio: AudioConfig, cfg: VocoderConfig):
        super().__init__()
        self.first, self.last = (
            MelCorrection(audio, passes, cfg.correction_momentum, cfg.correction_step)
            for passes in cfg.corrections
        )
        rates = zip(cfg.low_rates, cfg.low_passes, cfg.low_momenta, strict=True)
        self.low_bands = nn.ModuleList(
            LowBand(audio, *rate, fresh=i == 0) for i, rate in enumerate(rates)
        )


class NeuralVocoder(nn.Module):
    """Vocos (arXiv 2306.00814): ConvNeXt at frame rate, magnitude and phase, inverse STFT.

    `forward` is the network, as in training; `vocode` also refines the wave.
    """

    mean: Tensor  # (M,) of natural-log mel
    std: Tensor

    def __init__(self, cfg: VocoderConfig | None = None, audio: AudioConfig | None = None):
        """With weights drawn at random."""
        super().__init__()
        self.cfg = cfg = cfg or VocoderConfig()
        audio = replace(audio or AudioConfig(), n_mels=cfg.n_mels, hop_length=cfg.hop_length)
        self.register_buffer("mean", torch.zeros(cfg.n_mels))
        self.register_buffer("std", torch.ones(cfg.n_mels))
        self.embed = nn.Conv1d(
            cfg.n_mels, cfg.d_model, cfg.kernel_size, padding=cfg.kernel_size // 2
        )
        self.norm_in = nn.LayerNorm(cfg.d_model, eps=1e-6)
        self.blocks = nn.ModuleList(
            ConvNeXtBlock(cfg.d_model, cfg.d_feedforward, cfg.kernel_size, 1 / cfg.n_layers)
            for _ in range(cfg.n_layers)
        )
        self.norm_out = nn.LayerNorm(cfg.d_model, eps=1e-6)
        self.head = nn.Linear(cfg.d_model, cfg.n_fft + 2)
        self.istft = InverseSTFT(cfg.n_fft, cfg.hop_length)
        self.n_side_late = round(SIDE_DELAY_S * audio.sample_rate)
        self.refinement = Refinement(audio, cfg)
        self.apply(_init_weights)
        with torch.no_grad():
            self.head.bias[: cfg.n_fft // 2 + 1] = START_LOG_MAGNITUDE

    @property
    def context_frames(self) -> int:
        """Frames on each side that an output frame depends on."""
        return (1 + len(self.blocks)) * (self.cfg.kernel_size // 2)

    def standardise(self, mean: Tensor, std: Tensor) -> None:
        """Sets mean and deviation of the natural-log mel, (M,) or numbers, from training data."""
        with torch.no_grad():
            self.mean.copy_(torch.as_tensor(mean))
            self.std.copy_(torch.as_tensor(std).clamp_min(1e-3))

    def spectrum(self, log_mel: Tensor) -> Tensor:
        """Natural-log mel (B, F, M) -> complex64 spectrum (B, N/2 + 1, F)."""
        x = ((log_mel.float() - self.mean) / self.std).transpose(1, 2)
        x = self.norm_in(self.embed(x).transpose(1, 2))
        for block in self.blocks:
            x = block(x)
        with torch.autocast(log_mel.device.type, enabled=False):  # phases need float32
            log_magnitude, phase = self.head(self.norm_out(x.float())).transpose(1, 2).chunk(2, 1)
            # clamped before exp: after it, a huge value would give 0 * inf = NaN as gradient
            magnitude = log_magnitude.clamp(max=MAX_LOG_MAGNITUDE).exp()
            # torch.polar takes twice the time
            return torch.complex(magnitude * phase.cos(), magnitude * phase.sin())

    def forward(self, log_mel: Tensor, length: int | None = None) -> Tensor:
        """Natural-log mel (F, M) or (B, F, M) -> float32 wave (T,) or (B, T), without refinement.

        T is `length` or (F - 1) * hop. Raises ValueError for another shape, or a length that does
        not fit F frames.
        """
        check_log_mel(log_mel, self.cfg.n_mels)
        n_samples = output_length(log_mel.shape[-2], self.cfg.hop_length, length)
        spectrum = self.spectrum(log_mel if log_mel.dim() == 3 else log_mel[None])
        with torch.autocast(log_mel.device.type, enabled=False):
            wave = self.istft.rows(spectrum)[:, self.istft.n_skip :].flatten(1)[:, :n_samples]
        return wave if log_mel.dim() == 3 else wave[0]

    @torch.inference_mode()
    def vocode(
        self,
        log_mel: Tensor,
        length: int | None = None,
        block_frames: int = 2048,
        phases: CarriedPhases | None = None,
        side: bool = False,
    ) -> Tensor:
        """Like `forward`, and then refined: a first correction, the low octaves, the last one.

        The result does not depend on `block_frames`; memory grows only with the wave. `phases`:
        for a piece (F, M) of a longer song, see `vocode_in_pieces`. A `side` comes late, by
        `SIDE_DELAY_S`.
        """
        check_log_mel(log_mel, self.cfg.n_mels)
        n_samples = output_length(log_mel.shape[-2], self.cfg.hop_length, length)
        mel = log_mel if log_mel.dim() == 3 else log_mel[None]
        if not n_samples:
            return log_mel.new_zeros(*log_mel.shape[:-2], 0)
        first, last = self.refinement.first, self.refinement.last

        def draft(start: int, stop: int) -> Tensor:
            return first(self._made(mel, start, stop), mel[:, start // self.cfg.hop_length :])

        def finish(start: int, stop: int) -> Tensor:
            return last(wave[:, start:stop], mel[:, start // self.cfg.hop_length :])

        shape = len(mel), n_samples
        wave = self._in_blocks(draft, shape, first.reach, block_frames)
        if side:
            wave = nn.functional.pad(wave, (self.n_side_late, 0))[:, :n_samples]
        for low_band in self.refinement.low_bands:
            for row in zip(wave, mel, strict=True):
                low_band.correct_(*row, phases)  # type: ignore[operator]
        wave = self._in_blocks(finish, shape, last.reach, block_frames)
        return wave if log_mel.dim() == 3 else wave[0]

    def _made(self, mel: Tensor, start: int, stop: int) -> Tensor:
        """Samples [start, stop) as the network makes them."""
        hop, n_skip = self.cfg.hop_length, self.istft.n_skip
        first = start // hop + n_skip
        last = first + math.ceil((stop - start) / hop)
        rows = [
            self._rows(mel, row, min(row + NETWORK_FRAMES, last))
            for row in range(first, last, NETWORK_FRAMES)
        ]
        return torch.cat(rows, dim=1).flatten(1)[:, : stop - start]

    def _rows(self, mel: Tensor, start: int, stop: int) -> Tensor:
        """Rows [start, stop) of the inverse STFT, from the frames that reach them and context."""
        first, last = max(0, start - self.istft.n_overlap + 1), min(mel.shape[1], stop)
        left, right = max(0, first - self.context_frames), last + self.context_frames
        spectrum = self.spectrum(mel[:, left:right].to(self.mean.device))
        rows = self.istft.rows(spectrum[:, :, first - left : last - left])
        return rows[:, start - first : stop - first]

    def _in_blocks(
        self,
        make: Callable[[int, int], Tensor],
        shape: tuple[int, int],
        reach: int,
        max_frames: int,
    ) -> Tensor:
        """A wave of `shape` (B, T) from `make(start, stop)`, in blocks on all threads.

        Each block is made with the `reach` samples on each side that it depends on.
        """
        hop, device, n_samples = self.cfg.hop_length, self.mean.device, shape[1]
        n_frames = 1 + n_samples // hop
        n_parallel = min(n_workers(device), n_frames // MIN_BLOCK_FRAMES)
        n_blocks = max(math.ceil(n_frames / max_frames), n_parallel, 1)
        size = STRIDE * math.ceil(n_frames / n_blocks / STRIDE) * hop
        wave = torch.empty(shape, device=device)

        def fill(start: int) -> None:
            first, stop = max(0, start - reach), min(n_samples, start + size + reach)
            block = make(first, stop)[:, start - first :][:, :size]
            wave[:, start : start + size] = block

        for _ in parallel_map(fill, range(0, n_samples, size), device):
            pass
        return wave

    def save(
        self, path: Path, dtype: torch.dtype | None = torch.float16, extra: dict | None = None
    ) -> None:
        """Writes weights and config as safetensors."""
        save_module(path, self, self.cfg, extra, dtype)

    @classmethod
    def load(cls, path: Path, device: str | torch.device = "cpu") -> NeuralVocoder:
        """A saved vocoder in eval mode. Raises WeightsError."""
        return load_module(path, lambda values: cls(config_from(VocoderConfig, values)), device)[0]


def _init_weights(module: nn.Module) -> None:
    if isinstance(module, (nn.Conv1d, nn.Linear)):
        nn.init.trunc_normal_(module.weight, std=0.02)
        if module.bias is not None:
            nn.init.zeros_(module.bias)
