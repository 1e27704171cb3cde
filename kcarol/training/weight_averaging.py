"""Averages of weights: over a run's steps, with its initial weights, and of several runs.

`python -m kcarol.training.weight_averaging OUT PLAY HEAR [HEAR ...]` joins the files of converters
whose halves were trained separately. Runs that continue each other lie in one basin: the mean of
their weights transcribes held-out songs better than each of them (Wortsman et al., "Model soups",
arXiv 2203.05482).
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from kcarol.conversion.converter import Converter
from kcarol.conversion.weights import save_converter
from kcarol.model.weights_file import WeightsError


def moving_average(module: nn.Module, decay: float) -> AveragedModel:
    """Exponential moving average of a module's weights over the updates of a run.

    Young averages forget faster: the decay is at most (1 + n) / (10 + n) after n updates.
    """

    def update(average: list[Tensor], current: list[Tensor], _: Tensor) -> None:
        n_updates = int(averaged.n_averaged)  # on the CPU: this does not wait for the device
        warm_decay = min(decay, (1 + n_updates) / (10 + n_updates))
        get_ema_multi_avg_fn(warm_decay)(average, current, n_updates)

    averaged = AveragedModel(module, multi_avg_fn=update)
    return averaged


@torch.no_grad()
def interpolate_(module: nn.Module, base: nn.Module, share: float) -> None:
    """Interpolate from the base's weights to `share` of the module's (WiSE-FT: Wortsman et al.,
    arXiv 2109.01903).
    """
    for trained, before in zip(module.parameters(), base.parameters(), strict=True):
        trained.lerp_(before.to(trained), 1 - share)


def join(out: Path, play: Path, hear: Sequence[Path]) -> Path:
    """Write `out`: `play` with the mean of the hearing halves of `hear`, at least one, as its own.

    Raises WeightsError for other networks, and for converters of another shape.
    """
    whole, *heard = [Converter.load(Path(path), "cpu") for path in (play, *hear)]
    for path, converter in zip(hear, heard, strict=True):
        # dropout matters only in training
        if replace(converter.model.cfg, dropout=whole.model.cfg.dropout) != whole.model.cfg:
            raise WeightsError(
                f"{path}: expected a network shaped like {play}, "
                f"found another: {converter.model.cfg}"
            )
    halves = [converter.model.parameters_of("hear") for converter in heard]
    with torch.no_grad():
        for own, *others in zip(whole.model.parameters_of("hear"), *halves, strict=True):
            own.copy_(torch.stack(others).mean(0))
    about = {"play": str(play), "hear": [str(path) for path in hear]}
    save_converter(out, whole.model, whole.styles, whole.window_frames, about, whole.texture)
    return out


def main(names: Sequence[str]) -> int:
    try:
        if len(names) < 3:
            raise ValueError(
                "python -m kcarol.training.weight_averaging: expected OUT PLAY HEAR [HEAR ...], "
                f"found {len(names)} names"
            )
        out, play, *hear = map(Path, names)
        join(out, play, hear)
    except (ValueError, OSError) as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
