"""What kcarol costs, as the work grows, in one run and one table: costs.py [--quick] [--out DIR].

Rows: `start` (help, and a carol of 10 s from a cold start), `preprocess` and `convert` by the length of the song, `convert, list`
by the number of songs, `window` (hearing and playing by the transformer's window), `vocoder` (ours against Griffin-Lim of this
project, torchaudio and librosa). Each but the last two is a process of its own, with its largest resident memory; `x real time`
counts all of it, imports too, but for `convert`, where they are left out. `ratio` is to the first row of its kind. Written are
costs.json, costs.md, costs.csv and costs.png; `millions` works out from the longest list what a million songs of 4 minutes take.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import soundfile
import torch

from kcarol.audio import load_audio
from kcarol.config import AudioConfig
from kcarol.report import Table

ROOT = Path(__file__).resolve().parents[2]
SONG = ROOT / "data" / "raw" / "kpop" / "snowlit-signal.mp3"
RATE = AudioConfig().sample_rate
# runs a command, says at the end how long it took and the largest memory that it, or a child of it, held
TIMED = """
import json, resource, subprocess, sys, time
began = time.perf_counter()
subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
print(json.dumps({"seconds": time.perf_counter() - began, "peak_mib": peak / 1024}))
"""
CONVERT = """
import json, resource, sys, time
from kcarol.convert import Converter, convert_file
converter = Converter.load(None, "cpu")
began = time.perf_counter()
convert_file(sys.argv[1], sys.argv[2], converter, force=True)
print(json.dumps({"seconds": time.perf_counter() - began, "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}))
"""
FULL = {"preprocess": (60, 600, 3_600, 10_800), "convert": (10, 60, 240, 1_200, 3_600), "songs": (1, 5, 20, 50),
        "windows": (128, 256, 512, 1_024, 2_048), "heard_s": 240}  # fmt: skip
QUICK = {"preprocess": (60, 600), "convert": (10, 60), "songs": (1, 3), "windows": (256, 512), "heard_s": 30}


def child(script: str, *argv: object) -> dict:
    done = subprocess.run([sys.executable, "-c", script, *map(str, argv)], check=True, capture_output=True, text=True)
    return json.loads(done.stdout.splitlines()[-1])


def kcarol(*argv: object) -> dict:
    return child(TIMED, sys.executable, ROOT / "main.py", *argv)


def song(path: Path, seconds: float) -> Path:
    """The demo song over and over."""
    wave = load_audio(SONG)
    with soundfile.SoundFile(path, "w", RATE, 1, "PCM_16") as file:
        left = round(seconds * RATE)
        while left > 0:
            file.write(wave[:left])
            left -= len(wave)
    return path


def starts(folder: Path, sizes: dict) -> Iterator[dict]:
    yield {"size": "help", "audio_s": 0, **kcarol("--help")}
    yield {"size": "first carol of 10 s", "audio_s": 10, **kcarol("convert", song(folder / "a.flac", 10), "--device", "cpu")}


def preprocessing(folder: Path, sizes: dict) -> Iterator[dict]:
    for seconds in sizes["preprocess"]:
        raw = folder / f"raw{seconds}"
        raw.mkdir()
        song(raw / "song.flac", seconds)
        paths = ("--kpop", raw, "--carol", raw, "--processed", folder / f"out{seconds}")
        yield {"size": f"2 files of {seconds} s", "audio_s": 2 * seconds, **kcarol("preprocess", *paths, "--jobs", 1)}


def conversions(folder: Path, sizes: dict) -> Iterator[dict]:
    for seconds in sizes["convert"]:
        yield {"size": f"{seconds} s", "audio_s": seconds, **child(CONVERT, song(folder / "a.flac", seconds), folder / "a.wav")}


def lists(folder: Path, sizes: dict) -> Iterator[dict]:
    jobs = min(2, os.cpu_count() or 1)
    for n in sizes["songs"]:
        out = folder / f"list{n}"
        out.mkdir()
        names = [song(out / f"{number}.flac", 30).name for number in range(n)]
        (out / "list.txt").write_text("\n".join(names))
        cost = kcarol("convert", "--manifest", out / "list.txt", "--jobs", jobs, "--device", "cpu")
        assert len(list(out.glob("*.carol.wav"))) == n
        yield {"size": f"{n} songs of 30 s, {jobs} jobs", "audio_s": 30 * n, **cost}


def windows(folder: Path, sizes: dict) -> Iterator[dict]:
    from kcarol.convert import Converter

    converter, wave = Converter.load(None, "cpu"), np.resize(load_audio(SONG), sizes["heard_s"] * RATE)
    for frames in sizes["windows"]:
        converter.window_frames = frames
        began = time.perf_counter()
        converter.predict(wave)
        yield {"size": f"{frames} frames", "audio_s": sizes["heard_s"], "seconds": time.perf_counter() - began}


def vocoders(folder: Path, sizes: dict) -> Iterator[dict]:
    import librosa
    import torchaudio

    from kcarol.convert import Converter
    from kcarol.vocoder import GriffinLim

    converter, n = Converter.load(None, "cpu"), min(30, sizes["heard_s"]) * RATE
    wave, cfg = np.resize(load_audio(SONG), n), AudioConfig()
    with torch.inference_mode():
        mel = converter.log_mel(torch.from_numpy(wave))
        magnitude = torch.stft(torch.from_numpy(wave), cfg.n_fft, cfg.hop_length, window=torch.hann_window(cfg.n_fft),
                               return_complex=True).abs()  # fmt: skip
        ours, own = converter.with_vocoder(GriffinLim()), torchaudio.transforms.GriffinLim(
            cfg.n_fft, 32, hop_length=cfg.hop_length, power=1.0)  # fmt: skip
        rivals: dict[str, Callable] = {
            "kcarol": lambda: converter.vocode(mel, n), "kcarol griffin-lim, 32": lambda: ours.vocode(mel, n),
            "torchaudio griffin-lim, 32": lambda: own(magnitude),
            "librosa griffin-lim, 32": lambda: librosa.griffinlim(magnitude.numpy(), n_iter=32, hop_length=cfg.hop_length),
        }  # fmt: skip
        for name, play in rivals.items():
            play()  # what is compiled or planned at the first call is not the question
            began = time.perf_counter()
            play()
            yield {"size": name, "audio_s": n / RATE, "seconds": time.perf_counter() - began}


KINDS = {"start": starts, "preprocess": preprocessing, "convert": conversions, "convert, list": lists, "window": windows,
         "vocoder": vocoders}  # fmt: skip


def measured(kind: str, sizes: dict) -> list[dict]:
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for found in KINDS[kind](Path(folder), sizes):
            speed = found["audio_s"] / found["seconds"]
            first = rows[0] if rows else {"seconds": found["seconds"]}
            rows.append({"system": kind, "sound": found["size"], "seconds": round(found["seconds"], 3),
                         "x real time": round(speed, 1), "ratio": round(found["seconds"] / first["seconds"], 2),
                         "peak_mib": round(found.get("peak_mib", 0)) or None})  # fmt: skip
            print(rows[-1], flush=True)
    return rows


def draw(rows: list[dict], path: Path) -> None:
    from kcarol import plotting

    panels = {kind: ("seconds", {row["sound"]: row["seconds"] for row in rows if row["system"] == kind}) for kind in KINDS
              if any(row["system"] == kind for row in rows)}  # fmt: skip
    plotting.save(plotting.bar_panels(panels), path)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="small sizes: minutes instead of half an hour")
    parser.add_argument("--only", choices=KINDS, nargs="+", default=list(KINDS), help="kinds of row (default: all)")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent, help="folder of the table (default: %(default)s)")
    args = parser.parse_args()
    load = os.getloadavg()[0]  # others at work make these figures worse
    rows = [row for kind in args.only for row in measured(kind, QUICK if args.quick else FULL)]
    settings = {"threads": torch.get_num_threads(), "cpus": os.cpu_count(), "load_before": round(load, 1), "quick": args.quick}
    if lists_of := [row for row in rows if row["system"] == "convert, list"]:
        speed = lists_of[-1]["x real time"]
        settings["millions"] = f"a million songs of 240 s: {1e6 * 240 / speed / 86_400:.0f} days of this machine at {speed}"
    table = Table("Costs", rows, settings=settings)
    table.write(args.out, "costs")
    draw(rows, args.out / "costs.png")
    print(table.to_markdown(), settings)


if __name__ == "__main__":
    main()
