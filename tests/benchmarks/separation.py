"""What separating a voice costs: time, and memory by the length of the song.

    python tests/benchmarks/separation.py [--minutes 1 4] [--weights FILE]

The network is the real one; without `--weights` its weights are random, which takes as long. A row
a length, each in a process of its own: a demo song is repeated to the length, and its voice
separated on the CPU, from file to file. The last line says how far the network in bfloat16, which
is used where the processor multiplies in it, is from the same network in float32.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from contextlib import nullcontext
from pathlib import Path
from unittest.mock import patch

import numpy as np
import torch
from torchaudio.models import hdemucs_high

from kcarol.audio.decoding import load_stereo
from kcarol.audio.encoding import save_audio
from kcarol.voice.separation import separator
from kcarol.voice.separation.separator import RATE, SOURCES, Separator

SONG = Path(__file__).resolve().parents[2] / "data" / "raw" / "kpop" / "snowlit-signal.mp3"
SEPARATE = """
import json, resource, sys, time
from kcarol.voice.separation.separated import separated_voice
began = time.perf_counter()
separated_voice(sys.argv[1], sys.argv[2], weights=sys.argv[3], device="cpu")
seconds = time.perf_counter() - began
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(json.dumps({"seconds": seconds, "peak_mib": peak / 1024}))
"""


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--minutes", type=float, nargs="+", default=[1.0, 4.0])
    parser.add_argument("--weights", type=Path)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        weights = arguments.weights or save_random(Path(folder) / "random.pt")
        print(f"{torch.get_num_threads()} threads")
        print("minutes | s | x real time | peak MiB")
        print("-" * 40)
        for minutes in arguments.minutes:
            song = repeated(Path(folder) / "song.wav", minutes)
            cost = measured(song, Path(folder) / f"{minutes}.flac", weights)
            speed = 60 * minutes / cost["seconds"]
            print(f"{minutes:g} | {cost['seconds']:.1f} | {speed:.2f} | {cost['peak_mib']:.0f}")
        error_db = error_of_bf16_db(weights)
        print(f"bf16 against float32, 10 s: {error_db:.1f} dB under the voice")


def save_random(path: Path) -> Path:
    torch.manual_seed(0)
    torch.save(hdemucs_high(list(SOURCES)).state_dict(), path)
    return path


def repeated(path: Path, minutes: float) -> Path:
    """A demo song over and over, as a file."""
    wave = np.resize(load_stereo(SONG, RATE).T, (round(60 * minutes * RATE), 2))
    return save_audio(path, wave.T, RATE)


def measured(song: Path, out: Path, weights: Path) -> dict[str, float]:
    done = subprocess.run(
        [sys.executable, "-c", SEPARATE, str(song), str(out), str(weights)],
        check=True,
        capture_output=True,
        text=True,
    )
    return json.loads(done.stdout.splitlines()[-1])


def error_of_bf16_db(weights: Path) -> float:
    """Energy of the voice over that of the difference."""
    song = load_stereo(SONG, RATE, 20.0, 10.0)
    network = Separator.load(weights)
    usual = voice(network, song)
    with patch.object(separator, "fast_inference", lambda device: nullcontext()):
        exact = voice(network, song)
    return float(10 * np.log10(np.square(exact).sum() / np.square(exact - usual).sum()))


def voice(network: Separator, song: np.ndarray) -> np.ndarray:
    return np.concatenate(list(network.voice(song)))


if __name__ == "__main__":
    main()
