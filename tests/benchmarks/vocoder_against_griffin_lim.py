"""Compares the neural vocoder with Griffin-Lim on carols, in full band and stereo.

    kcarol corpus --carols --held-out --hours 0.18 --out DIR
    vocoder_against_griffin_lim.py DIR [--weights FILE] [--carols N] [--seconds S]

Distances are mean absolute differences, in nats, of the bands before and after resynthesis: of the
middle and the side below 8 kHz, and of both above. Not counted: frames that reach past an end, the
bass of the side, which is turned down, and a side that is not there. "Lean" is by how much the left
is louder than the right, dB. Times are processor time, the best of three rounds in which the two
take turns. Prints one row each and the ratios.
"""

from __future__ import annotations

import argparse
import itertools
import math
import time
from pathlib import Path

import numpy as np
import torch

from kcarol.audio.full_band import FullBandMel
from kcarol.audio.log_mel import mel_edges_hz
from kcarol.config import AudioConfig
from kcarol.conversion.weights import VOCODER_FILE, shipped_weights
from kcarol.dataset.carols import stored_carols
from kcarol.vocoder.full_band import MIDDLE, MONO_BELOW_HZ, SIDE, FullBandVocoder
from kcarol.vocoder.griffin_lim import GriffinLim
from kcarol.vocoder.neural import NeuralVocoder

ROUNDS = 3
EDGE = 4  # frames at an end whose windows reach past it


def distances(made: torch.Tensor, bands: torch.Tensor, full_band: FullBandMel) -> list[float]:
    """Of middle, side and treble; a side that is not there is not counted."""
    error, n_mels = (full_band(made) - bands).abs()[EDGE:-EDGE], full_band.cfg.n_mels
    first = int((mel_edges_hz(full_band.cfg)[1:-1] < MONO_BELOW_HZ).sum())
    side = error[:, SIDE, first:n_mels]
    return [
        float(error[:, MIDDLE, :n_mels].mean()),
        float(side.mean()) if bands[:, SIDE].max() > -9 else math.nan,
        float(error[..., n_mels:].mean()),
    ]


def lean_db(stereo: torch.Tensor) -> float:
    """Of left and right (2, T)."""
    left, right = stereo.square().mean(1).clamp_min(1e-9)
    return float(10 * torch.log10(left / right))


def without_bass(bands: torch.Tensor, vocoder: FullBandVocoder) -> torch.Tensor:
    """The bands that the vocoder is to bring back: it turns down the bass of the side."""
    middle, side = bands.unbind(1)
    floor = math.log(vocoder.audio.log_floor)
    return torch.stack([middle, (side + vocoder.side_gain).clamp_min(floor)], dim=1)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path, help="of carols, by `kcarol corpus --carols`")
    parser.add_argument("--weights", type=Path, default=shipped_weights() / VOCODER_FILE)
    parser.add_argument("--carols", type=int, default=16, help="how many (default 16)")
    parser.add_argument("--seconds", type=float, default=8.0, help="of each (default 8)")
    args = parser.parse_args()
    cfg = AudioConfig()
    full_band = FullBandMel(cfg)
    vocoders = {
        "neural": FullBandVocoder(NeuralVocoder.load(args.weights), cfg).eval(),
        "griffin-lim": FullBandVocoder(GriffinLim(cfg, 32), cfg).eval(),
    }
    n_frames = cfg.n_frames(round(args.seconds * cfg.sample_rate))
    carols = itertools.islice(stored_carols(args.folder), args.carols)
    targets = [rows.log_mel[0, :n_frames].float() for rows in carols]
    seconds = sum(len(bands) - 1 for bands in targets) / cfg.frame_rate
    best, found = dict.fromkeys(vocoders, float("inf")), {}
    for _ in range(ROUNDS):
        for name, vocoder in vocoders.items():
            started = time.process_time()
            made = [vocoder.vocode(bands) for bands in targets]
            best[name] = min(best[name], time.process_time() - started)
            rows = [
                [*distances(stereo, without_bass(bands, vocoder), full_band), lean_db(stereo)]
                for stereo, bands in zip(made, targets, strict=True)
            ]
            found[name] = np.nanmean(rows, axis=0)
    print(f"{len(targets)} carols, {seconds:.0f} s, {torch.get_num_threads()} threads")
    print("| vocoder | middle | side | above 8 kHz | lean, dB | times real time, one core |")
    print("|-|-|-|-|-|-|")
    for name in vocoders:
        *figures, lean = found[name]
        cells = [f"{value:.4f}" for value in figures]
        print(f"| {name} | {' | '.join(cells)} | {lean:.1f} | {seconds / best[name]:.1f} |")
    middle, side = (found["neural"] / found["griffin-lim"])[:2]
    print(f"distance to Griffin-Lim's: middle {middle:.2f}, side {side:.2f}")


if __name__ == "__main__":
    main()
