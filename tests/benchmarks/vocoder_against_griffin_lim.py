"""Compares the neural vocoder with Griffin-Lim on held-out carols.

vocoder_against_griffin_lim.py [--pairs DIR]

`distance` is the mean absolute difference of log-mels before and after resynthesis. Times are wall
clock with the same number of threads, the best of three rounds in which the two take turns. Prints
one row each and the ratios.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

import torch

from kcarol.audio.log_mel import LogMel
from kcarol.config import AudioConfig
from kcarol.conversion.converter import to_reference_rms
from kcarol.conversion.weights import VOCODER_FILE, shipped_weights
from kcarol.evaluation.held_out import synthetic_pairs
from kcarol.model.device import fast_inference
from kcarol.vocoder.griffin_lim import GriffinLim
from kcarol.vocoder.neural import NeuralVocoder

ROUNDS, MOST = 3, 12


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=Path, default=Path("data/pairs"), help="pair set or shards")
    parser.add_argument("--weights", type=Path, default=shipped_weights() / VOCODER_FILE)
    parser.add_argument("--threads", type=int, default=1)
    args = parser.parse_args()
    cfg = AudioConfig()
    log_mel, vocoders = (
        LogMel(cfg),
        {"neural": NeuralVocoder.load(args.weights), "griffin-lim": GriffinLim(cfg, 32)},
    )
    torch.set_num_threads(args.threads)
    with tempfile.TemporaryDirectory() as folder:
        waves = [
            torch.from_numpy(to_reference_rms(pair["carol"]))
            for pair in synthetic_pairs(args.pairs, Path(folder), MOST)
        ]
    seconds = sum(len(wave) for wave in waves) / cfg.sample_rate
    best, distance = dict.fromkeys(vocoders, float("inf")), dict.fromkeys(vocoders, 0.0)
    with torch.inference_mode():
        mels = [log_mel(wave) for wave in waves]
        for turn in range(ROUNDS):
            for name, vocoder in vocoders.items():
                started = time.perf_counter()
                with fast_inference("cpu"):
                    made = [
                        vocoder.vocode(mel, len(wave))
                        for mel, wave in zip(mels, waves, strict=True)
                    ]
                best[name] = min(best[name], time.perf_counter() - started)
                if turn == 0:
                    errors = [
                        (log_mel(a) - log_mel(b)).abs().mean()
                        for a, b in zip(made, waves, strict=True)
                    ]
                    distance[name] = float(torch.stack(errors).mean())
    print(f"{len(waves)} carols, {seconds:.0f} s, {torch.get_num_threads()} threads")
    print("| vocoder | distance | times real time |\n|-|-|-|")
    for name in vocoders:
        print(f"| {name} | {distance[name]:.3f} | {seconds / best[name]:.1f} |")
    ratio = distance["griffin-lim"] / distance["neural"]
    print(f"distance ratio {ratio:.2f}, speed ratio {best['griffin-lim'] / best['neural']:.1f}")


if __name__ == "__main__":
    main()
