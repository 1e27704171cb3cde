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
from kcarol.model.transformer import MusicTransformer
from kcarol.training.batches import BatchSource, CarolBatches, WaveBatches, notes_of_batch
from kcarol.training.memory import LossFn, map_tensors
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
        device = next(module.parameters()).device
        found = []
        for number in range(self.n_batches):
            batch = map_tensors(lambda x: x.to(device), self.batches.batch(number))
            found.append(self.loss_fn(module, batch))
        return {name: sum(float(x[name]) for x in found) / len(found) for name in found[0]}


class PlayerPictures:
    """The middle of one window as it is played, over the target, into TensorBoard."""

    def __init__(self, batches: CarolBatches, cfg: AudioConfig, device: str | torch.device):
        self.batch = {name: value[:1].to(device) for name, value in batches.batch(0).items()}
        self.n_mels, self.sample_rate = cfg.n_mels, cfg.sample_rate
        self.griffin_lim = GriffinLim(cfg).to(device)

    def __call__(self, module: MusicTransformer, step: int, writer: SummaryWriter) -> None:
        played = played_batch(module, self.batch)[0, :, 0, : self.n_mels]
        wave = self.griffin_lim(played).cpu()
        wave = wave / wave.abs().max().clamp_min(1e-6)
        picture = stacked(played, self.batch["log_mel"][0, :, 0, : self.n_mels])
        writer.add_image("player/made_over_target", picture, step)
        writer.add_audio("player/made_griffin_lim", wave, step, self.sample_rate)


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
    """What the player makes of one window of carols, step by step.

    `played`: {step: log-mel of the middle (F, n_bands)}; `target`: the same of the carol.
    """

    def __init__(self, batches: CarolBatches, number: int = 0):
        self.batch = {name: value[:1] for name, value in batches.batch(number).items()}
        self.target = self.batch["log_mel"][0, :, 0].float()
        self.played: dict[int, Tensor] = {}

    def __call__(self, module: MusicTransformer, step: int, writer: object = None) -> None:
        was_training = module.training
        module.eval()
        device = next(module.parameters()).device
        batch = {name: value.to(device) for name, value in self.batch.items()}
        self.played[step] = played_batch(module, batch)[0, :, 0].cpu()
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
def played_batch(module: MusicTransformer, batch: Mapping[str, Tensor]) -> Tensor:
    """A batch of carols as the module plays it: log-mel (B, F, 2, n_bands)."""
    style = module.embed_style(batch["reference"])
    played = module.play(notes_of_batch(batch["notes"]), batch["log_mel"].shape[1], style)
    return module.destandardise(played).unflatten(2, (2, -1))


def stacked(upper: Tensor, lower: Tensor) -> Tensor:
    """Two log-mels (F, M) as one grey picture (1, 2 M, F), 0 to 1, treble up, on one scale."""
    both = torch.cat([lower.float(), upper.float()], dim=1).T.flip(0)
    return ((both - both.min()) / (both.max() - both.min() + 1e-6))[None]
