"""Callbacks of `fit`: held-out losses, pictures and sound for TensorBoard, and live curves in a
notebook.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from kcarol.audio.log_mel import LogMel
from kcarol.config import AudioConfig
from kcarol.dataset.labels import unpack
from kcarol.dataset.shards import ROW_FRAMES
from kcarol.model.transformer import MusicTransformer
from kcarol.training.batches import BatchSource, PairBatches, WaveBatches
from kcarol.training.memory import LossFn
from kcarol.vocoder.griffin_lim import GriffinLim
from kcarol.vocoder.neural import NeuralVocoder

if TYPE_CHECKING:
    from torch.utils.tensorboard import SummaryWriter

HELD_OUT_BATCHES = 4


class HeldOutLoss:
    """`validate` for `fit`: means of the loss's terms over the first few batches of a source."""

    def __init__(self, batches: BatchSource, loss_fn: LossFn, n_batches: int = HELD_OUT_BATCHES):
        self.batches = batches
        self.loss_fn = loss_fn
        self.n_batches = n_batches

    def __call__(self, module: nn.Module) -> dict[str, float]:
        found = [self.loss_fn(module, self.batches.batch(i)) for i in range(self.n_batches)]
        return {name: sum(float(x[name]) for x in found) / len(found) for name in found[0]}


class ConverterPictures:
    """The converter's output for one window, over the target, into TensorBoard."""

    def __init__(self, batches: PairBatches, cfg: AudioConfig, device: str | torch.device):
        self.batch = {name: value[:1].to(device) for name, value in batches.batch(0).items()}
        self.sample_rate = cfg.sample_rate
        self.griffin_lim = GriffinLim(cfg).to(device)

    def __call__(self, module: MusicTransformer, step: int, writer: SummaryWriter) -> None:
        reference = self.batch["reference_mel"].float()
        played = played_as_heard(
            module, self.batch["features"].float(), reference, self.batch["labels"]
        )
        wave = self.griffin_lim(played).cpu()
        wave = wave / wave.abs().max().clamp_min(1e-6)
        picture = stacked(played, self.batch["carol_mel"][0])
        writer.add_image("converter/made_over_target", picture, step)
        writer.add_audio("converter/made_griffin_lim", wave, step, self.sample_rate)


class VocoderPictures:
    """One window through the vocoder, over itself, into TensorBoard."""

    def __init__(self, batches: WaveBatches, cfg: AudioConfig, device: str | torch.device):
        self.wave = batches.batch(0)["wave"][:1].to(device)
        self.sample_rate = cfg.sample_rate
        self.log_mel = LogMel(cfg).to(device)

    def __call__(self, module: NeuralVocoder, step: int, writer: SummaryWriter) -> None:
        target = self.log_mel(self.wave)
        wave = module(target, self.wave.shape[-1])
        picture = stacked(self.log_mel(wave)[0], target[0])
        writer.add_image("vocoder/made_over_target", picture, step)
        writer.add_audio("vocoder/made", wave[0].cpu().clamp(-1, 1), step, self.sample_rate)


class Snapshots:
    """The converter's output for one pair, step by step, in the style of another row.

    `played`: {step: log-mel (F, M)}; `target`: the pair's carol, log-mel (F, M).
    """

    def __init__(self, batches: PairBatches, row: int = 0, n_frames: int = 384):
        if not 0 <= row < batches.filled or not 2 <= n_frames <= ROW_FRAMES:
            raise ValueError(
                f"expected a row below {batches.filled} and 2 to {ROW_FRAMES} frames, found {row} "
                f"and {n_frames}"
            )
        self.features = batches.features[row : row + 1, :n_frames].float()
        self.reference = batches.carol_mel[batches.style_partner[row]][None, :n_frames].float()
        self.labels = batches.labels[row : row + 1, :n_frames]
        self.target = batches.carol_mel[row, :n_frames].float().cpu()
        self.played: dict[int, Tensor] = {}

    def __call__(self, module: MusicTransformer, step: int, writer: object = None) -> None:
        was_training = module.training
        module.eval()
        played = played_as_heard(module, self.features, self.reference, self.labels)
        self.played[step] = played.cpu()
        module.train(was_training)


class LiveCurves:
    """For a notebook: reads the training log, draws its curves and shows them whenever called.

    `LiveCurves(out / "log.csv", read_curves, loss_figure, handle.update)`; `names` of curves, ()
    for all.
    """

    def __init__(
        self,
        log: Path,
        read: Callable[[Path], Mapping],
        draw: Callable[[Mapping], object],
        show: Callable[[object], object],
        names: Sequence[str] = (),
    ):
        self.log = Path(log)
        self.read = read
        self.draw = draw
        self.show = show
        self.names = tuple(names)

    def figure(self) -> object:
        """The curves so far. ValueError without curves of these names."""
        curves = self.read(self.log)
        names = self.names or tuple(curves)
        return self.draw({name: curve for name, curve in curves.items() if name in names})

    def __call__(self, module: nn.Module, step: int, writer: object = None) -> None:
        self.show(self.figure())


@torch.no_grad()
def played_as_heard(
    module: MusicTransformer, features: Tensor, reference_mel: Tensor, packed_labels: Tensor
) -> Tensor:
    """The first of (B, F, C) as the module hears and plays it: log-mel (F, M)."""
    labels = unpack(packed_labels)
    _, own, _ = module(features, reference_mel, labels.content, tune_shift=labels.tune_shift)
    return module.destandardise(own)[0]


def stacked(upper: Tensor, lower: Tensor) -> Tensor:
    """Two log-mels (F, M) as one grey picture (1, 2 M, F), 0 to 1, treble up, on one scale."""
    both = torch.cat([lower.float(), upper.float()], dim=1).T.flip(0)
    return ((both - both.min()) / (both.max() - both.min() + 1e-6))[None]
