"""The grain of a sound: what of a carol's log-mel no content can tell.

Mean squared error predicts the conditional mean, and the mean of beating partials and bow noise is
a standstill: outputs sound frozen, and stand far from recordings in every frame-to-frame statistic.
What is missing was measured: it fluctuates by some 2.7 dB, about as fast as the analysis window
lets it, hardly depends on level, and neighbouring bands share little. So it is drawn at random with
that deviation per band and that correlation.
"""

from __future__ import annotations

from collections.abc import Iterator

import torch
import torch.nn.functional as F
from torch import Tensor

from kcarol.config import AudioConfig

SLOW_FRAMES = 25  # 0.4 s: slower differences are errors of the prediction, not texture
BLOCK_FRAMES = 4096  # one minute of noise held at a time
# with a generator of their own: a piece of a long song is drawn without all before it
SEEDED_FRAMES = 5 * BLOCK_FRAMES
BAND_KERNEL = (0.25, 0.5, 0.25)  # neighbouring mel filters overlap by half


def measure_texture(predicted: Tensor, target: Tensor) -> Tensor:
    """Log-mels (F, M) of the same content -> deviation (M,) of their difference without its slow
    part.
    """
    difference = (target - predicted).T[None]
    slow = F.avg_pool1d(difference, SLOW_FRAMES, 1, SLOW_FRAMES // 2, count_include_pad=False)
    return (difference - slow)[0].std(dim=1)


def draw_texture(
    n_frames: int, deviation: Tensor, generator: torch.Generator, cfg: AudioConfig | None = None
) -> Tensor:
    """(F, M) of mean 0 and `deviation` (M,) per band: white noise as smooth as frames and bands
    that overlap.
    """
    cfg = cfg or AudioConfig()
    n_bands, reach = len(deviation), cfg.n_fft // cfg.hop_length
    window = torch.hann_window(reach + 3)[1:-1]  # frames this far apart share no samples
    bands = torch.tensor(BAND_KERNEL)
    noise = torch.randn(n_bands, n_frames + reach, generator=generator)
    # (F, M + 2)
    smooth = F.pad(_filtered(noise, window / window.norm()).T, (len(bands) // 2, len(bands) // 2))
    return _filtered(smooth, bands / bands.norm()) * deviation


def _filtered(x: Tensor, taps: Tensor) -> Tensor:
    """(n, T), (k,) -> (n, T - k + 1): sums of shifted copies, since oneDNN convolves one channel as
    slowly as sixteen.
    """
    size = x.shape[1] - len(taps) + 1
    out = x[:, :size] * taps[0]
    for k in range(1, len(taps)):
        out.add_(x[:, k : k + size], alpha=float(taps[k]))
    return out


def stretch(log_mel: Tensor, factor: float | Tensor, n_frames: int) -> Tensor:
    """Deviations of (F, M) from their running mean over about `n_frames`, times `factor`, a number
    or (M,), in place.

    The conditional mean moves less than what it is the mean of; cf. global variance in speech
    synthesis (Toda and Tokuda, IEICE Trans. 2007).
    """
    reach = n_frames // 2
    factors = torch.as_tensor(factor, dtype=log_mel.dtype, device=log_mel.device).expand(
        log_mel.shape[1]
    )
    frame = torch.arange(len(log_mel), device=log_mel.device)
    first, stop = (frame - reach).clamp_min(0), (frame + reach + 1).clamp_max(len(log_mel))
    # a few at a time: songs last hours
    for bands, factor in zip(log_mel.split(16, dim=1), factors.split(16), strict=True):
        # of all frames before, so that no sum is taken twice
        total = F.pad(bands.cumsum(0, dtype=torch.float64), (0, 0, 1, 0))
        mean = ((total[stop] - total[first]) / (stop - first)[:, None]).to(bands.dtype)
        bands.sub_(mean).mul_(factor).add_(mean)
    return log_mel


def add_texture(
    log_mel: Tensor,
    deviation: Tensor,
    seed: int,
    cfg: AudioConfig | None = None,
    first: int = 0,
    n_frames: int | None = None,
) -> Tensor:
    """Texture upon (F, M) in place; the same for frames `first` to first + F of a song of
    `n_frames` as for those of the whole.

    Blocks are drawn one after the other, and apart: neighbours across a border share nothing, once
    a minute.
    """
    stop = first + len(log_mel)
    for start, block in _blocks(first, stop, n_frames or stop, deviation.cpu(), seed, cfg):
        here, own = max(start, first), block[max(0, first - start) : stop - start]
        log_mel[here - first : here - first + len(own)] += own.to(log_mel.device)
    return log_mel


def _blocks(
    first: int, stop: int, n_frames: int, deviation: Tensor, seed: int, cfg: AudioConfig | None
) -> Iterator[tuple[int, Tensor]]:
    """Those blocks of a song's texture that lie in frames `first` to `stop`, with the frames at
    which they begin.
    """
    for begin in range(first // SEEDED_FRAMES * SEEDED_FRAMES, stop, SEEDED_FRAMES):
        generator = torch.Generator().manual_seed(seed + begin // SEEDED_FRAMES)
        for start in range(begin, min(begin + SEEDED_FRAMES, stop), BLOCK_FRAMES):
            block = draw_texture(min(BLOCK_FRAMES, n_frames - start), deviation, generator, cfg)
            if start + len(block) > first:
                yield start, block
