"""FullBandVocoder: bands of middle and side to stereo at the full rate."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import soxr
import torch
from torch import Tensor, nn

from kcarol.audio.full_band import RESAMPLING
from kcarol.audio.log_mel import mel_edges_hz
from kcarol.audio.parallel import parallel_map
from kcarol.config import AudioConfig
from kcarol.model.device import fast_inference
from kcarol.vocoder.griffin_lim import GriffinLim
from kcarol.vocoder.neural import NeuralVocoder
from kcarol.vocoder.pieces import vocode_in_pieces
from kcarol.vocoder.refinement.phase_continuation import CarriedPhases
from kcarol.vocoder.shapes import output_length
from kcarol.vocoder.treble import Treble

MONO_BELOW_HZ = 120.0  # the bass is in the middle: below, the side is turned down
MONO_SLOPE = 4  # of the side below, powers of the frequency: 24 dB an octave
RESAMPLING_LOSS_NATS = (0.1, 0.75)  # of the highest mel bands, upsampled and analysed again
MIDDLE, SIDE = 0, 1


class FullBandVocoder(nn.Module):
    """A vocoder twice, for the middle and the side below 8 kHz, and `Treble` above."""

    side_gain: Tensor  # (n_bands,) nats

    def __init__(self, vocoder: NeuralVocoder | GriffinLim, audio: AudioConfig | None = None):
        super().__init__()
        self.audio = audio or AudioConfig()
        self.vocoder = vocoder
        self.treble = Treble(self.audio)
        ratio = (mel_edges_hz(self.audio)[1:-1] / MONO_BELOW_HZ) ** MONO_SLOPE
        side_gain = torch.zeros(self.audio.n_bands)
        side_gain[: self.audio.n_mels] = (ratio / (1 + ratio)).log()
        self.register_buffer("side_gain", side_gain, persistent=False)

    @property
    def device(self) -> torch.device:
        return self.side_gain.device

    @torch.inference_mode()
    def vocode(
        self,
        bands: Tensor,
        length: int | None = None,
        first_frame: int = 0,
        phases: tuple[CarriedPhases | None, CarriedPhases | None] = (None, None),
    ) -> Tensor:
        """Bands (F, 2, n_bands), as of `FullBandMel` -> left and right (2, T) float32.

        T is `length` or (F - 1) * full_hop. `first_frame`, `phases`: of a piece of a longer song,
        of which `stream` makes all. ValueError for another shape or a length that does not fit.
        """
        audio = self.audio
        if bands.dim() != 3 or bands.shape[1:] != (2, audio.n_bands) or not len(bands):
            raise ValueError(
                f"expected bands (F, 2, {audio.n_bands}), found shape {tuple(bands.shape)}"
            )
        n_samples = output_length(len(bands), audio.full_hop, length)
        bands = bands.float().to(self.device)
        low = self._low(bands, n_samples // audio.full_factor, phases)
        channels = torch.zeros(2, n_samples, device=self.device)
        for channel, wave in zip(channels, parallel_map(self._upsampled, list(low)), strict=True):
            channel[: len(wave)] = wave
        self.treble.add_(channels, low, bands[:, :, audio.n_mels :], first_frame)
        middle, side = channels
        left = middle.add_(side)  # in place: a piece of a song takes 60 MB
        side.mul_(-2).add_(left)
        return channels

    def _upsampled(self, wave: Tensor) -> Tensor:
        """(T,) at `sample_rate` -> (full_factor * T,), in main memory."""
        rates = self.audio.sample_rate, self.audio.full_rate
        return torch.from_numpy(soxr.resample(wave.cpu().numpy(), *rates, RESAMPLING))

    def _low(
        self,
        bands: Tensor,
        n_samples: int,
        phases: tuple[CarriedPhases | None, CarriedPhases | None],
    ) -> Tensor:
        """Middle and side (2, T) at `sample_rate`."""

        def vocoded(channel: int) -> Tensor:
            mel = bands[:, channel, : self.audio.n_mels].clone()
            mel[:, -2:] += mel.new_tensor(RESAMPLING_LOSS_NATS)
            if channel == SIDE:
                mel += self.side_gain[: self.audio.n_mels]
            return self.vocoder.vocode(mel, n_samples, phases=phases[channel], side=channel == SIDE)

        with fast_inference(self.device):
            return torch.stack(list(parallel_map(vocoded, (MIDDLE, SIDE), self.device)))

    def stream(
        self, bands_of: Callable[[int, int], Tensor], n_samples: int, piece_frames: int
    ) -> Iterator[np.ndarray]:
        """A song's left and right of `n_samples` as consecutive pieces (2, t).

        bands_of: first frame and last frame + 1 -> bands (f, 2, n_bands). As `vocode_in_pieces`.
        """
        phases = CarriedPhases(), CarriedPhases()

        def vocode(first: int, last: int, length: int) -> np.ndarray:
            return self.vocode(bands_of(first, last), length, first, phases).cpu().numpy()

        return vocode_in_pieces(vocode, n_samples, self.audio.full_hop, piece_frames, phases)
