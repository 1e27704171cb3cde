"""Compares the neural vocoder with Griffin-Lim on carols, in full band and stereo.

vocoder_against_griffin_lim.py CAROL [CAROL ...] [--seconds S]

Distances are mean absolute differences, in nats, of the bands before and after resynthesis: of the
middle and the side below 8 kHz, and of both above. Times are processor time, the best of three
rounds in which the two take turns. Prints one row each and the ratios.
"""

from __future__ import annotations

import argparse
import math
import time
from pathlib import Path

import numpy as np
import torch

from kcarol.audio.decoding import load_stereo
from kcarol.audio.full_band import FullBandMel
from kcarol.config import AudioConfig
from kcarol.conversion.weights import VOCODER_FILE, shipped_weights
from kcarol.vocoder.full_band import MIDDLE, SIDE, FullBandVocoder
from kcarol.vocoder.griffin_lim import GriffinLim
from kcarol.vocoder.neural import NeuralVocoder

ROUNDS = 3
RMS = AudioConfig.reference_rms


def levelled(path: Path, cfg: AudioConfig, seconds: float) -> np.ndarray:
    """The carol (2, T) at the level that carols have in training."""
    stereo = load_stereo(path, cfg.full_rate, duration_s=seconds)
    return stereo * np.float32(RMS / max(1e-6, float(np.sqrt(np.mean(np.square(stereo))))))


def distances(made: torch.Tensor, bands: torch.Tensor, full_band: FullBandMel) -> list[float]:
    """Of middle, side and treble; a side that is not there is not counted."""
    error, n_mels = (full_band(made) - bands).abs(), full_band.cfg.n_mels
    side = error[:, SIDE, :n_mels].mean() if bands[:, SIDE].max() > -9 else torch.tensor(np.nan)
    return [float(error[:, MIDDLE, :n_mels].mean()), float(side), float(error[..., n_mels:].mean())]


def without_bass(bands: torch.Tensor, vocoder: FullBandVocoder) -> torch.Tensor:
    """The bands that the vocoder is to bring back: it turns down the bass of the side."""
    middle, side = bands.unbind(1)
    floor = math.log(vocoder.audio.log_floor)
    return torch.stack([middle, (side + vocoder.side_gain).clamp_min(floor)], dim=1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("carols", nargs="+", type=Path, help="audio files")
    parser.add_argument("--weights", type=Path, default=shipped_weights() / VOCODER_FILE)
    parser.add_argument("--seconds", type=float, default=20.0, help="of each file (default 20)")
    args = parser.parse_args()
    cfg = AudioConfig()
    full_band = FullBandMel(cfg)
    vocoders = {
        "neural": FullBandVocoder(NeuralVocoder.load(args.weights), cfg).eval(),
        "griffin-lim": FullBandVocoder(GriffinLim(cfg, 32), cfg).eval(),
    }
    carols = [levelled(path, cfg, args.seconds) for path in args.carols]
    targets = [full_band(carol) for carol in carols]
    seconds = sum(carol.shape[1] for carol in carols) / cfg.full_rate
    best, found = dict.fromkeys(vocoders, float("inf")), {}
    for _ in range(ROUNDS):
        for name, vocoder in vocoders.items():
            started = time.process_time()
            made = [
                vocoder.vocode(bands, carol.shape[1])
                for bands, carol in zip(targets, carols, strict=True)
            ]
            best[name] = min(best[name], time.process_time() - started)
            rows = [
                distances(stereo, without_bass(bands, vocoder), full_band)
                for stereo, bands in zip(made, targets, strict=True)
            ]
            found[name] = np.nanmean(rows, axis=0)
    print(f"{len(carols)} carols, {seconds:.0f} s, {torch.get_num_threads()} threads")
    print("| vocoder | middle | side | above 8 kHz | real time / processor time |\n|-|-|-|-|-|")
    for name in vocoders:
        figures = " | ".join(f"{value:.3f}" for value in found[name])
        print(f"| {name} | {figures} | {seconds / best[name]:.1f} |")
    middle, side, _ = found["neural"] / found["griffin-lim"]
    print(f"distance to Griffin-Lim's: middle {middle:.2f}, side {side:.2f}")


if __name__ == "__main__":
    main()
