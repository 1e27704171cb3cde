"""The network that separates the voice of a song from its band.

Hybrid Demucs: Défossez, "Hybrid Spectrogram and Waveform Source Separation", ISMIR MDX workshop
2021; torchaudio has it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from kcarol.audio.chunks import chunk_spans, overlap_add_stream
from kcarol.audio.disk_buffer import DiskWave
from kcarol.audio.parallel import parallel_map
from kcarol.model.device import fast_inference
from kcarol.model.weights_file import WeightsError
from kcarol.voice.separation.download import Progress

RATE = 44_100  # Hz, of the training
SOURCES = ("drums", "bass", "other", "vocals")  # as the weights have them
PIECE = 10 * RATE  # samples at once: memory grows with it, what the network can hear, too
FADE = RATE  # samples that two pieces have in common
AT_ONCE = 4  # pieces, one a core: each takes 650 MB
SHORTEST = RATE // 10  # samples: of fewer the network makes no spectrogram
SILENT = 1e-6  # standard deviation


class Separator:
    """Stereo songs at RATE -> their voices."""

    def __init__(self, network: nn.Module, device: torch.device | str = "cpu"):
        """network: (B, 2, T) -> (B, sources, 2, T)."""
        self.network = network.to(device).eval()
        self.device = torch.device(device)

    @classmethod
    def load(cls, path: Path, device: torch.device | str = "cpu") -> Separator:
        """From the file of torchaudio's weights, of which no code is run; WeightsError."""
        network, found = empty_network(), _read(path)
        expected = network.state_dict()
        if _shapes(found) != _shapes(expected):
            n_fitting = len(_shapes(found).items() & _shapes(expected).items())
            raise WeightsError(
                f"{path}: expected the {len(expected)} tensors of torchaudio's "
                f"HDEMUCS_HIGH_MUSDB_PLUS, found {len(found)}, of which {n_fitting} fit: "
                "give the other file"
            )
        network.load_state_dict({k: v.float() for k, v in found.items()}, assign=True)
        return cls(network, device)

    def voice(
        self, song: np.ndarray | DiskWave, progress: Progress | None = None
    ) -> Iterator[np.ndarray]:
        """A song (2, T) at RATE -> its voice in blocks (t, 2), T samples in all.

        The network gets the song less its mean, divided by its standard deviation (both of the
        mono mix of the whole song), in pieces that are joined by cross-fades.
        progress: told samples.
        """
        n_samples = song.shape[-1]
        spans = chunk_spans(n_samples, PIECE, FADE)
        pieces = self._pieces(song, spans)
        for start, block in overlap_add_stream(pieces, spans, n_samples):
            yield block.numpy()
            if progress:
                progress(start + len(block), n_samples)

    def _pieces(
        self, song: np.ndarray | DiskWave, spans: Sequence[tuple[int, int]]
    ) -> Iterator[Tensor]:
        mean, deviation = mean_and_deviation(song)

        def separate(span: tuple[int, int]) -> Tensor:
            return self._piece(song[..., span[0] : span[1]], mean, deviation)

        # half the processor time of all cores on one piece, where others compute, too
        for first in range(0, len(spans), AT_ONCE):
            yield from parallel_map(separate, spans[first : first + AT_ONCE], self.device)

    @torch.inference_mode()
    def _piece(self, piece: np.ndarray, mean: float, deviation: float) -> Tensor:
        """(2, t) -> (t, 2) on the CPU. Of silence the voice is silence."""
        n_samples = piece.shape[-1]
        if deviation < SILENT:
            return torch.zeros(n_samples, 2)
        mixture = (torch.from_numpy(piece) - mean) / deviation
        mixture = functional.pad(mixture, (0, max(0, SHORTEST - n_samples)))
        with fast_inference(self.device):
            sources = self.network(mixture[None].to(self.device))[0]
        voice = sources[SOURCES.index("vocals"), :, :n_samples]
        return (voice.float() * deviation).T.cpu()


def empty_network() -> nn.Module:
    """Without numbers: they would be drawn, and thrown away."""
    from torchaudio.models import hdemucs_high  # takes a while to import

    with torch.device("meta"):
        return hdemucs_high(list(SOURCES))


def mean_and_deviation(song: np.ndarray | DiskWave) -> tuple[float, float]:
    """Of the mono mix of (2, T); by pieces."""
    total = total_square = 0.0
    n_samples = song.shape[-1]
    for start in range(0, n_samples, PIECE):
        mono = song[..., start : start + PIECE].mean(0, dtype=np.float64)
        total += mono.sum()
        total_square += np.square(mono).sum()
    mean = total / n_samples
    return mean, max(0.0, total_square / n_samples - mean**2) ** 0.5


def _read(path: Path) -> dict[str, Tensor]:
    try:
        found = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # torch raises half a dozen kinds for broken files
        reason = " ".join(str(error).split())[:120] or type(error).__name__
        raise WeightsError(
            f"{path}: not weights of torch, or broken ({reason}); get the file again"
        ) from error
    return found if isinstance(found, dict) else {}


def _shapes(state: dict) -> dict[str, tuple[int, ...] | None]:
    return {
        str(name): tuple(value.shape) if isinstance(value, Tensor) else None
        for name, value in state.items()
    }
