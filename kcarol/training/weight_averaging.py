"""A converter from halves that were trained side by side; of several hearing halves their mean.

`python -m kcarol.training.weight_averaging OUT PLAY HEAR [HEAR ...]`, each a converter's file. Runs
that went on from one another end in one basin: the mean of their weights hears held-out songs
better than either (Wortsman et al., "Model soups", ICML 2022).
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import torch

from kcarol.conversion.converter import Converter
from kcarol.conversion.weights import save_converter
from kcarol.model.weights_file import WeightsError


def join(out: Path, play: Path, hear: Sequence[Path]) -> Path:
    """Write `out`: all of `play` but its hearing half, which is the mean of those of `hear`, at
    least one.

    Raises WeightsError for what is no converter, and for networks of another shape.
    """
    whole, *heard = [Converter.load(Path(path), "cpu") for path in (play, *hear)]
    for path, converter in zip(hear, heard, strict=True):
        # dropout is training's alone
        if replace(converter.model.cfg, dropout=whole.model.cfg.dropout) != whole.model.cfg:
            raise WeightsError(
                f"{path}: expected a network shaped like {play}, found another: {converter.model.cfg}"
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
                f"python -m kcarol.training.weight_averaging: expected OUT PLAY HEAR [HEAR ...], found {len(names)} names"
            )
        out, play, *hear = map(Path, names)
        join(out, play, hear)
    except (ValueError, OSError) as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
