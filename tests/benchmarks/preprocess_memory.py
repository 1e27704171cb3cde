"""Peak memory of decoding and preprocessing: a 3-hour file against a 3-minute one.

python tests/benchmarks/preprocess_memory.py [--hours 3] [--format flac]

Each measurement is a fresh process; what importing costs is shown beside. Fails if the long file takes more than
1.2 times the memory of the short one: in whole, or beyond the imports and with ffmpeg's own.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import resource
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import psutil

ROOT = Path(__file__).resolve().parents[2]
LARGEST_RATIO = 1.2


def make_sound(path: Path, seconds: float) -> None:
    """A stereo sine over brown noise, 44.1 kHz, generated and encoded by ffmpeg."""
    from kcarol.audio import find_ffmpeg

    source = f"sine=330:duration={seconds}:sample_rate=44100[a];anoisesrc=d={seconds}:c=brown:r=44100:a=0.1[b]"
    command = [find_ffmpeg(), "-y", "-v", "error", "-f", "lavfi", "-i", f"{source};[a][b]join=inputs=2[out0]"]
    subprocess.run([*command, str(path)], check=True, stdin=subprocess.DEVNULL)


def peak_mib() -> float:
    """Highest resident memory of this process so far (Linux counts KiB, macOS bytes)."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024 if sys.platform != "darwin" else 1 << 20)


class ChildWatch(threading.Thread):
    """Highest resident memory of the ffmpeg processes, looked at every 10 ms."""

    def __init__(self):
        super().__init__(daemon=True)
        self.peak_mib = 0.0

    def run(self) -> None:
        while True:
            for child in psutil.Process().children():
                with contextlib.suppress(psutil.Error):  # it may have ended meanwhile
                    if "ffmpeg" in child.name():  # not yet so between fork and exec
                        self.peak_mib = max(self.peak_mib, child.memory_info().rss / (1 << 20))
            time.sleep(0.01)


def measure(job: str, path: Path) -> None:
    """One job in this process; prints the peak of imports, the peak, ffmpeg's (MiB), seconds of sound and of work."""
    import librosa
    import numpy as np

    from kcarol.audio import stream_audio
    from kcarol.config import AudioConfig
    from kcarol.data import preprocess

    librosa.resample(np.zeros(100, np.float32), orig_sr=2, target_sr=1)  # loads what it loads lazily
    watch = ChildWatch()
    watch.start()
    imported, start = peak_mib(), time.perf_counter()
    if job == "stream":
        sound_s = sum(len(chunk) for chunk in stream_audio(path)) / AudioConfig.sample_rate
    else:
        with tempfile.TemporaryDirectory() as out:
            [row] = preprocess({"kpop": path.parent}, Path(out), progress=False)
        sound_s = row.seconds
    print(imported, peak_mib(), watch.peak_mib, sound_s, time.perf_counter() - start)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--hours", type=float, default=3.0, help="length of the long file, hours (default 3)")
    parser.add_argument("--format", default="flac", help="flac, mp3, wav, ogg, m4a ... (default flac)")
    parser.add_argument("--measure", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        measure(options.measure[0], Path(options.measure[1]))
        return 0
    peaks: dict[str, list[tuple[float, float]]] = {"stream": [], "preprocess": []}
    print(f"{'job':<12}{'file':>10}{'imports':>10}{'peak':>10}{'ffmpeg':>10}{'sound':>10}{'time':>9}")
    with tempfile.TemporaryDirectory() as folder:
        for name, seconds in (("3 min", 180.0), (f"{options.hours:g} h", options.hours * 3600)):
            path = Path(folder, name.replace(" ", "_"), f"sound.{options.format}")
            path.parent.mkdir()
            make_sound(path, seconds)
            for job, found in peaks.items():
                command = [sys.executable, __file__, "--measure", job, str(path)]
                done = subprocess.run(command, check=True, capture_output=True, text=True,
                                      env=os.environ | {"PYTHONPATH": str(ROOT)})  # fmt: skip
                imports, peak, ffmpeg, sound_s, took_s = map(float, done.stdout.split())
                found.append((peak, peak - imports + ffmpeg))
                print(f"{job:<12}{name:>10}{imports:6.0f} MiB{peak:6.0f} MiB{ffmpeg:6.0f} MiB"
                      f"{sound_s:8.0f} s{took_s:7.1f} s")  # fmt: skip
            path.unlink()
    ratios = {job: [long / short for short, long in zip(*pair, strict=True)] for job, pair in peaks.items()}
    for job, (whole, beyond) in ratios.items():
        print(f"{job}: long over short {whole:.2f} in whole, {beyond:.2f} beyond the imports and with ffmpeg's own")
    return int(max(map(max, ratios.values())) > LARGEST_RATIO)


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    sys.exit(main())
