"""Carol log-mel (F, M) to wave (T,): `NeuralVocoder`, and `GriffinLim` as baseline behind the same
two methods.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from kcarol.audio.log_mel import mel_filters
from kcarol.audio.parallel import n_workers, parallel_map
from kcarol.config import AudioConfig, VocoderConfig
from kcarol.model.weights_file import config_from, load_module, save_module
from kcarol.vocoder.phase_refinement import STRIDE, InverseSTFT, LowBand, MelCorrection, Phases

MAX_LOG_MAGNITUDE = math.log(1e2)  # Vocos: safeguard against excessively large magnitudes
# shorter ones repeat more of their neighbours than a second thread would save
LEAST_BLOCK_FRAMES = 256
NETWORK_FRAMES = 2_048  # that the network sees at once, and its context
# on each side of a piece: what lies further changes a sample by less than -75 dB (measured)
CONTEXT_FRAMES = 256
FADE_FRAMES = 16  # of a piece into the next
START_LOG_MAGNITUDE = -3.5  # an untrained head hums at about the level of a song, rms .03


def samples_of(n_frames: int, hop_length: int, length: int | None) -> int:
    """Output samples for F frames: (F - 1) * hop, or `length` if F frames can carry it (below F *
    hop).
    """
    if length is None:
        return (n_frames - 1) * hop_length
    if not 0 <= length < n_frames * hop_length:
        raise ValueError(
            f"{n_frames} frames carry 0 to {n_frames * hop_length - 1} samples, asked for {length}; "
            "the law is F == 1 + T // hop_length"
        )
    return length


def check_log_mel(log_mel: Tensor, n_mels: int) -> None:
    """Raises ValueError unless `log_mel` is (F, M) or (B, F, M) with F >= 1 and M == n_mels."""
    if log_mel.dim() not in (2, 3) or log_mel.shape[-1] != n_mels or log_mel.shape[-2] < 1:
        raise ValueError(
            f"log-mel must be (F, {n_mels}) or (B, F, {n_mels}), found {tuple(log_mel.shape)}"
        )


class ConvNeXtBlock(nn.Module):
    """Depthwise convolution over frames, then an MLP per frame, with layer scale (arXiv 2201.03545,
    in 1-D).
    """

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
        return x + self.scale * self.narrow(nn.functional.gelu(self.widen(y)))

    def _over_frames(self, x: Tensor) -> Tensor:
        """The depthwise convolution of (B, F, D), as a picture one pixel high: only of pictures may
        the channels come last.
        """
        conv = self.depthwise
        picture, weight = x.transpose(1, 2)[:, :, None], conv.weight[:, :, None]
        y = nn.functional.conv2d(
            picture, weight, conv.bias, padding=(0, *conv.padding), groups=conv.groups
        )
        return y[:, :, 0].transpose(1, 2)


class NeuralVocoder(nn.Module):
    """Vocos-like (arXiv 2306.00814): ConvNeXt at frame rate, magnitude and phase, inverse STFT.

    `mean` and `std` (M,) standardise the input; set them once from the training data.
    """

    def __init__(self, cfg: VocoderConfig | None = None, audio: AudioConfig | None = None):
        super().__init__()
        self.cfg = cfg = cfg or VocoderConfig()
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
        audio = replace(audio or AudioConfig(), n_mels=cfg.n_mels, hop_length=cfg.hop_length)
        first, last = cfg.corrections
        self.first, self.last = (
            MelCorrection(audio, n, cfg.correction_momentum, cfg.correction_step)
            for n in (first, last)
        )
        self.low_bands = nn.ModuleList(
            LowBand(audio, decimation, passes, momentum, fresh=i == 0)
            for i, (decimation, passes, momentum) in enumerate(
                zip(cfg.low_rates, cfg.low_passes, cfg.low_momenta, strict=True)
            )
        )
        self.istft = InverseSTFT(cfg.n_fft, cfg.hop_length)
        self.apply(_init_weights)
        with torch.no_grad():
            self.head.bias[: cfg.n_fft // 2 + 1] = START_LOG_MAGNITUDE

    @property
    def context_frames(self) -> int:
        """Frames on each side that an output frame depends on."""
        return (1 + len(self.blocks)) * (self.cfg.kernel_size // 2)

    def standardise(self, mean: Tensor, std: Tensor) -> None:
        """Sets the input's mean and deviation, (M,) or numbers, natural-log mel."""
        with torch.no_grad():
            self.mean.copy_(torch.as_tensor(mean))
            self.std.copy_(torch.as_tensor(std).clamp_min(1e-3))

    def spectrum(self, log_mel: Tensor) -> Tensor:
        """(B, F, M) -> complex64 (B, N/2 + 1, F)."""
        x = ((log_mel.float() - self.mean) / self.std).transpose(1, 2)
        x = self.norm_in(self.embed(x).transpose(1, 2))
        for block in self.blocks:
            x = block(x)
        with torch.autocast(log_mel.device.type, enabled=False):  # phase needs float32
            y = self.head(self.norm_out(x.float())).transpose(1, 2)
            log_magnitude, phase = y.chunk(2, dim=1)
            # clamped before exp: after it, a huge value would give 0 * inf = NaN as gradient
            magnitude = log_magnitude.clamp(max=MAX_LOG_MAGNITUDE).exp()
            # torch.polar takes twice the time
            return torch.complex(magnitude * phase.cos(), magnitude * phase.sin())

    def forward(self, log_mel: Tensor, length: int | None = None) -> Tensor:
        """Natural-log mel (F, M) or (B, F, M) -> float32 wave (T,) or (B, T), T = (F - 1) * hop or
        `length`.

        Raises ValueError for another shape, or a length that F frames do not carry.
        """
        check_log_mel(log_mel, self.cfg.n_mels)
        n_samples = samples_of(log_mel.shape[-2], self.cfg.hop_length, length)
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
        phases: Phases | None = None,
    ) -> Tensor:
        """Like `forward`, then corrected towards the mel: as a whole, its low octaves, as a whole.
        The same whatever the blocks.

        Memory grows with the wave alone. `phases`: for a piece (F, M) of a longer song, see
        `vocoded`.
        """
        check_log_mel(log_mel, self.cfg.n_mels)
        n_frames, hop = log_mel.shape[-2], self.cfg.hop_length
        n_samples = samples_of(n_frames, hop, length)
        mel = log_mel if log_mel.dim() == 3 else log_mel[None]
        if not n_samples:
            return log_mel.new_zeros(*log_mel.shape[:-2], 0)

        def begun(first: int, stop: int) -> Tensor:
            return self.first(self._samples(mel, first, stop), mel[:, first // hop :])

        def ended(first: int, stop: int) -> Tensor:
            return self.last(wave[:, first:stop], mel[:, first // hop :])

        wave = self._in_blocks(begun, (len(mel), n_samples), self.first.reach, block_frames)
        for low_band in self.low_bands:
            for row in zip(wave, mel, strict=True):
                low_band(*row, phases)
        wave = self._in_blocks(ended, (len(mel), n_samples), self.last.reach, block_frames)
        return wave if log_mel.dim() == 3 else wave[0]

    def _in_blocks(
        self,
        made: Callable[[int, int], Tensor],
        shape: tuple[int, int],
        reach: int,
        most_frames: int,
    ) -> Tensor:
        """`shape` (B, T) from `made(first, stop)`, at least a block for each thread; each sees
        `reach` samples around it.
        """
        hop, device, n_samples = self.cfg.hop_length, self.mean.device, shape[1]
        n_frames = 1 + n_samples // hop
        n_blocks = max(
            math.ceil(n_frames / most_frames),
            min(n_workers(device), n_frames // LEAST_BLOCK_FRAMES),
            1,
        )
        size = STRIDE * math.ceil(n_frames / n_blocks / STRIDE) * hop

        wave = torch.empty(shape, device=device)

        def fill(start: int) -> None:
            first, stop = max(0, start - reach), min(n_samples, start + size + reach)
            wave[:, start : start + size] = made(first, stop)[
                :, start - first : start - first + size
            ]

        for _ in parallel_map(fill, range(0, n_samples, size), device):
            pass
        return wave

    def _samples(self, mel: Tensor, first: int, stop: int) -> Tensor:
        """Samples [first, stop) of the whole wave, uncorrected; `first` is a whole number of hops."""
        hop = self.cfg.hop_length
        row = first // hop + self.istft.n_skip
        end = row + math.ceil((stop - first) / hop)
        rows = [
            self._rows(mel, here, min(here + NETWORK_FRAMES, end))
            for here in range(row, end, NETWORK_FRAMES)
        ]
        return torch.cat(rows, dim=1).flatten(1)[:, : stop - first]

    def _rows(self, mel: Tensor, start: int, stop: int) -> Tensor:
        """Rows [start, stop) of the whole, from the frames that reach them and those frames'
        context.
        """
        n_frames = mel.shape[1]
        first, last = max(0, start - self.istft.n_overlap + 1), min(n_frames, stop)
        left, right = max(0, first - self.context_frames), min(n_frames, last + self.context_frames)
        spectrum = self.spectrum(mel[:, left:right].to(self.mean.device))
        rows = self.istft.rows(spectrum[:, :, first - left : last - left])
        return rows[:, start - first : stop - first]

    def save(
        self, path: Path, dtype: torch.dtype | None = torch.float16, extra: dict | None = None
    ) -> None:
        """Writes weights and config as safetensors."""
        save_module(path, self, self.cfg, extra, dtype)

    @classmethod
    def load(cls, path: Path, device: str | torch.device = "cpu") -> NeuralVocoder:
        """A saved vocoder in eval mode; raises WeightsError."""
        return load_module(path, lambda values: cls(config_from(VocoderConfig, values)), device)[0]


def _init_weights(module: nn.Module) -> None:
    if isinstance(module, (nn.Conv1d, nn.Linear)):
        nn.init.trunc_normal_(module.weight, std=0.02)
        nn.init.zeros_(module.bias)


class GriffinLim(nn.Module):
    """Baseline without weights: magnitude by non-negative least squares, phase by fast Griffin-Lim
    (WASPAA 2013).

    The starting phase is drawn from `seed`. Blocks of long inputs are cross-faded, so memory stays
    bounded.
    """

    def __init__(
        self,
        cfg: AudioConfig | None = None,
        iterations: int = 32,
        seed: int = 0,
        nnls_steps: int = 20,
    ):
        super().__init__()
        self.cfg = cfg = cfg or AudioConfig()
        self.iterations, self.seed, self.nnls_steps = iterations, seed, nnls_steps
        filters = mel_filters(cfg)  # (N/2 + 1, M)
        self.register_buffer("filters", filters, persistent=False)
        self.register_buffer("inverse", torch.linalg.pinv(filters), persistent=False)
        self.register_buffer("window", torch.hann_window(cfg.n_fft), persistent=False)

    def magnitude(self, log_mel: Tensor) -> Tensor:
        """(B, F, M) natural-log mel -> STFT magnitude (B, F, N/2 + 1), by multiplicative updates
        (Lee and Seung).
        """
        mel = log_mel.float().exp()
        magnitude = (mel @ self.inverse).clamp_min(0) + 1e-8
        for _ in range(self.nnls_steps):
            magnitude = (
                magnitude
                * (mel @ self.filters.T)
                / (magnitude @ self.filters @ self.filters.T + 1e-10)
            )
        return magnitude

    @torch.inference_mode()
    def forward(self, log_mel: Tensor, length: int | None = None) -> Tensor:
        """Natural-log mel (F, M) or (B, F, M) -> wave (T,) or (B, T), T = (F - 1) * hop or
        `length`; in one piece.
        """
        check_log_mel(log_mel, self.cfg.n_mels)
        with torch.autocast(self.window.device.type, enabled=False):  # phases need float32
            return self._invert(log_mel, length)

    def _invert(self, log_mel: Tensor, length: int | None) -> Tensor:
        import torchaudio

        n_samples = samples_of(log_mel.shape[-2], self.cfg.hop_length, length)
        mel = (log_mel if log_mel.dim() == 3 else log_mel[None]).to(self.window.device)
        # torchaudio reflects half a window at the ends, so a clip must be longer than that
        n_frames = max(mel.shape[1], self.cfg.n_fft // self.cfg.hop_length + 1)
        silence = math.log(self.cfg.log_floor)
        mel = nn.functional.pad(mel, (0, 0, 0, n_frames - mel.shape[1]), value=silence)
        with torch.random.fork_rng(devices=[mel.device] if mel.device.type == "cuda" else []):
            torch.manual_seed(self.seed)
            wave = torchaudio.functional.griffinlim(
                self.magnitude(mel).transpose(1, 2),
                self.window,
                self.cfg.n_fft,
                self.cfg.hop_length,
                self.cfg.n_fft,
                power=1.0,
                n_iter=self.iterations,
                momentum=0.99,
                length=n_frames * self.cfg.hop_length - 1,
                rand_init=True,
            )[:, :n_samples]
        return wave if log_mel.dim() == 3 else wave[0]

    @torch.inference_mode()
    def vocode(
        self,
        log_mel: Tensor,
        length: int | None = None,
        block_frames: int = 4096,
        phases: Phases | None = None,
    ) -> Tensor:
        """Like `forward`, but in blocks with cross-fades where the input is longer than a block.
        `phases` are not carried on.
        """
        check_log_mel(log_mel, self.cfg.n_mels)
        n_frames, hop, fade = log_mel.shape[-2], self.cfg.hop_length, FADE_FRAMES
        n_samples = samples_of(n_frames, hop, length)
        if n_frames <= block_frames:
            return self.forward(log_mel, length)
        wave = torch.zeros(*log_mel.shape[:-2], n_samples, device=self.window.device)
        ramp = torch.linspace(0, 1, fade * hop, device=wave.device)
        for start in range(0, n_frames - fade, block_frames - fade):
            piece = log_mel[..., start : start + block_frames, :]
            block = self.forward(piece, piece.shape[-2] * hop - 1)
            if start:
                block[..., : len(ramp)] *= ramp
            if start + block_frames < n_frames:
                # the sample a block lacks has weight 0
                block[..., 1 - len(ramp) :] *= ramp.flip(0)[:-1]
            target = wave[..., start * hop : start * hop + block.shape[-1]]
            target += block[..., : target.shape[-1]]
        return wave


def vocoded(
    vocode: Callable[[Tensor, int, Phases], np.ndarray],
    mel_of: Callable[[int, int], Tensor],
    n_samples: int,
    hop: int,
    piece_frames: int,
) -> Iterator[np.ndarray]:
    """A song's wave of `n_samples` as pieces (t,), each vocoded from what `mel_of(first, stop)`
    gives of the log-mel, (f, M).

    A song of no more than `piece_frames` is one piece, as `vocode` makes it. Each further one sees
    its neighbours' frames, its low octaves go on where the one before it left them, and the one
    fades into the other.
    """
    n_frames, phases, fading = 1 + n_samples // hop, Phases(), np.zeros(0, np.float32)
    size = STRIDE * math.ceil(n_frames / math.ceil(n_frames / piece_frames) / STRIDE)
    for start in range(0, n_frames, size):
        stop = min(start + size, n_frames)
        first, last = max(0, start - CONTEXT_FRAMES), min(stop + CONTEXT_FRAMES, n_frames)
        end = n_samples if last == n_frames else last * hop - 1
        wave = vocode(mel_of(first, last), end - first * hop, phases)[(start - first) * hop :]
        phases.known = phases.found[
            max(0, stop - CONTEXT_FRAMES) - first : stop + CONTEXT_FRAMES // 2 - first
        ]
        wave[: len(fading)] += (fading - wave[: len(fading)]) * np.linspace(
            1, 0, len(fading), dtype=np.float32
        )
        wave, fading = np.split(wave[: (size + FADE_FRAMES) * hop], [size * hop])
        yield wave
