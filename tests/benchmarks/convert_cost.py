"""Time and memory of a conversion as songs grow: convert_cost.py [SECONDS ...] (default: 60, 240, 3600).

A demo song is repeated to each length, written as FLAC, and converted by a process of its own. `times real time` leaves the
imports and the loading of the weights out (they are in `start`, seconds); `peak` is the process's largest resident memory,
imports included.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import soundfile

from kcarol.audio import load_audio

SONG = Path(__file__).parents[2] / "data" / "raw" / "kpop" / "snowlit-signal.mp3"
CHILD = """
import json, resource, sys, time
started = time.perf_counter()
from kcarol.convert import Converter, convert_file
converter = Converter.load()
loaded = time.perf_counter()
convert_file(sys.argv[1], sys.argv[2], converter, force=True)
print(json.dumps({"start": loaded - started, "seconds": time.perf_counter() - loaded,
                  "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}))
"""


def measure(seconds: float, folder: Path) -> dict[str, float]:
    wave = load_audio(SONG)
    song, out = folder / "song.flac", folder / "carol.wav"
    soundfile.write(song, np.resize(wave, round(seconds * 16_000)), 16_000)
    done = subprocess.run([sys.executable, "-c", CHILD, str(song), str(out)], check=True, capture_output=True, text=True)
    assert soundfile.info(out).frames == soundfile.info(song).frames
    return json.loads(done.stdout.splitlines()[-1])


def main() -> None:
    lengths = [float(a) for a in sys.argv[1:]] or [60.0, 240.0, 3600.0]
    print("| song, s | start, s | convert, s | times real time | peak, MiB |\n|-|-|-|-|-|", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        for seconds in lengths:
            row = measure(seconds, Path(folder))
            print(f"| {seconds:.0f} | {row['start']:.1f} | {row['seconds']:.1f} | {seconds / row['seconds']:.0f} "
                  f"| {row['peak_mib']:.0f} |", flush=True)


if __name__ == "__main__":
    main()
