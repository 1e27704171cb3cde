"""Griffin-Lim: the baseline without weights."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from kcarol.audio.chunks import chunk_spans, overlap_add
from kcarol.audio.log_mel import mel_filters
from kcarol.config import AudioConfig
from kcarol.vocoder.refinement.phase_continuation import CarriedPhases
from kcarol.vocoder.shapes import check_log_mel, output_length

FADE_FRAMES = 16  # cross-fade from a block to the next


class GriffinLim(nn.Module):
    """Magnitudes by non-negative least squares, phases by fast Griffin-Lim (WASPAA 2013).

    `seed` draws the starting phases. Long inputs are made in blocks, so that memory stays bounded.
    """

    def __init__(
        self,
        cfg: AudioConfig | None = None,
        iterations: int = 32,
        seed: int = 0,
        nnls_steps: int = 20,
    ):
        super().__init__()
        self.cfg = cfg or AudioConfig()
        self.iterations = iterations
        self.seed = seed
        self.nnls_steps = nnls_steps
        filters = mel_filters(self.cfg)  # (N/2 + 1, M)
        self.register_buffer("filters", filters, persistent=False)
        self.register_buffer("inverse", torch.linalg.pinv(filters), persistent=False)
        self.register_buffer("window", torch.hann_window(self.cfg.n_fft), persistent=False)

    def magnitude(self, log_mel: Tensor) -> Tensor:
        """Natural-log mel (B, F, M) -> STFT magnitude (B, F, N/2 + 1).

        By the multiplicative updates of Lee and Seung (NIPS 2000).
        """
        mel = log_mel.float().exp()
        magnitude = (mel @ self.inverse).clamp_min(0) + 1e-8
        for _ in range(self.nnls_steps):
            found = magnitude @ self.filters
            magnitude = magnitude * (mel @ self.filters.T) / (found @ self.filters.T + 1e-10)
        return magnitude

    @torch.inference_mode()
    def forward(self, log_mel: Tensor, length: int | None = None, side: bool = False) -> Tensor:
        """Natural-log mel (F, M) or (B, F, M) -> wave (T,) or (B, T), in one piece.

        T is `length` or (F - 1) * hop. A `side` starts from phases of its own: with the middle's,
        all would be louder on the left. Raises ValueError as `check_log_mel` and `output_length`.
        """
        check_log_mel(log_mel, self.cfg.n_mels)
        n_samples = output_length(log_mel.shape[-2], self.cfg.hop_length, length)
        mel = (log_mel if log_mel.dim() == 3 else log_mel[None]).to(self.window.device)
        with torch.autocast(self.window.device.type, enabled=False):  # phases need float32
            wave = self._invert(mel, self.seed + side)[:, :n_samples]
        return wave if log_mel.dim() == 3 else wave[0]

    def _invert(self, mel: Tensor, seed: int) -> Tensor:
        """(B, F, M) -> (B, T), T at least F * hop - 1."""
        import torchaudio

        # torchaudio reflects half a window at the ends, so a clip must be longer than that
        n_missing = max(0, self.cfg.n_fft // self.cfg.hop_length + 1 - mel.shape[1])
        silence = math.log(self.cfg.log_floor)
        mel = nn.functional.pad(mel, (0, 0, 0, n_missing), value=silence)
        with torch.random.fork_rng(devices=[mel.device] if mel.device.type == "cuda" else []):
            torch.manual_seed(seed)
            return torchaudio.functional.griffinlim(
                self.magnitude(mel).transpose(1, 2),
                self.window,
                self.cfg.n_fft,
                self.cfg.hop_length,
                self.cfg.n_fft,
                power=1.0,
                n_iter=self.iterations,
                momentum=0.99,
                length=mel.shape[1] * self.cfg.hop_length - 1,
                rand_init=True,
            )

    @torch.inference_mode()
    def vocode(
        self,
        log_mel: Tensor,
        length: int | None = None,
        block_frames: int = 4096,
        phases: CarriedPhases | None = None,
        side: bool = False,
    ) -> Tensor:
        """Like `forward`, but long inputs in cross-faded blocks. `phases` are not used."""
        check_log_mel(log_mel, self.cfg.n_mels)
        hop = self.cfg.hop_length
        n_samples = output_length(log_mel.shape[-2], hop, length)
        n_frames = 1 + n_samples // hop
        if n_frames <= block_frames:
            return self.forward(log_mel[..., :n_frames, :], n_samples, side)
        blocks = chunk_spans(n_frames, block_frames, FADE_FRAMES)
        spans = [(start * hop, min(stop * hop - 1, n_samples)) for start, stop in blocks]
        waves = (
            self.forward(log_mel[..., first:last, :], stop - start, side)[..., None]
            for (first, last), (start, stop) in zip(blocks, spans, strict=True)
        )
        return overlap_add(waves, spans, n_samples)[..., 0]
