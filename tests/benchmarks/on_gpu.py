"""Everything that needs a GPU to be checked, in one command.

on_gpu.py [--device cuda] [--quick] [--only CHECK ...] [--out DIR]

tests      the tests that touch a device, and those of the training loop
precision  the playing half trained from the same seed on the same batches: loss curves in fp32,
           bf16 and fp16 on the device, compared with fp32 on the CPU (mean over the last quarter of
           the steps, within TOLERANCE)
speed      training steps of both halves by precision and batch size: seconds of audio per second,
           and the share of the measured rate of matrix products in that precision
convert    real-time factor of a conversion by the length of the song, and its memory
memory     a batch that does not fit: memory is limited until it runs out, the batch must be halved,
           and the losses must stay close to those of the run without a limit

With `--device cpu` everything runs on the CPU (memory is then limited by the address space of the
process), smaller with `--quick`, and what only a GPU can show is listed as skipped. The exit status
is 1 if a check fails. Writes on_gpu.json, on_gpu.csv and on_gpu.md.
"""

from __future__ import annotations

import argparse
import csv
import multiprocessing
import os
import re
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import torch

from kcarol.config import AudioConfig, Config
from kcarol.evaluation.table import Table

ROOT = Path(__file__).resolve().parents[2]
SONG = ROOT / "data" / "raw" / "kpop" / "snowlit-signal.mp3"
PAIRS = ROOT / "data" / "pairs" / "train"
DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}
# relative, of the mean loss over the last quarter of the steps. Devices sum fp32 in different
# orders, half precision keeps 3 or 4 digits; the error grows with the steps, from a tenth of this
TOLERANCE = {"fp32": 0.01, "bf16": 0.05, "fp16": 0.05}
HELD_BACK = 0.35  # share of the memory needed that the limited run does not get
SAME_LOSS = 0.15  # relative: each part of a batch draws its own offset in the positional encoding


@dataclass(frozen=True)
class Size:
    steps: int  # of the loss curves
    batch: int
    frames: int
    batches: tuple[int, ...]  # batch sizes for the speed
    speed_steps: int
    matrix: int  # n of the n × n matrices
    songs_s: tuple[int, ...]
    memory: tuple[int, int]  # rows and frames of the batch that does not fit


FULL = Size(200, 16, 384, (16, 64, 256), 40, 8_192, (60, 240, 3_600), (256, 384))
QUICK = Size(8, 4, 128, (4,), 4, 1_024, (20,), (32, 512))


# ---- a training run


@cache
def groups():
    from kcarol.dataset.pair_set import load_pair_set

    return tuple(load_pair_set(PAIRS))


def batches_of(what: str, cfg: Config) -> object:
    """Of the pairs of the repository for hearing, of the references of styles for the player."""
    from kcarol.training.batches import CarolBatches, PairBatches
    from kcarol.training.fine_tuning import reference_carols

    batch, frames = cfg.train.batch_size, cfg.train.window_frames
    if what == "hearing":
        return PairBatches(groups(), cfg.audio, 64, batch, frames)
    return CarolBatches(reference_carols(), cfg.audio, batch, frames)


def begun(what: str, cfg: Config) -> tuple[torch.nn.Module, Callable]:
    """An untrained model whose other half is frozen, and its loss."""
    from kcarol.training.pretraining import HALVES, build_module, freeze_all_but_, loss_of

    torch.manual_seed(cfg.train.seed)
    module = build_module(what, cfg)
    freeze_all_but_(module, HALVES[what])
    return module, loss_of(what, cfg.audio)


def train(
    device: str,
    precision: str,
    steps: int,
    batch: int,
    frames: int,
    out: Path,
    what: str = "player",
) -> list[dict]:
    """The log of a run from seed 0, one row per step."""
    from kcarol.training.loop import fit

    cfg = Config().with_train(
        steps=steps,
        batch_size=batch,
        window_frames=frames,
        precision=precision,
        log_every=1,
        warmup_steps=min(20, steps // 2),
        picture_every=steps,
        save_every=steps,
    )
    module, loss = begun(what, cfg)
    fit(module, loss, batches_of(what, cfg), cfg.train, out, device=device)
    with (out / "log.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def losses(rows: list[dict]) -> np.ndarray:
    return np.array([float(row["loss"]) for row in rows])


# ---- checks, each yielding rows of check, case, found, wanted and ok


def row(check: str, case: str, found: object, wanted: str = "", ok: bool | None = True) -> dict:
    return {
        "check": check,
        "case": case,
        "found": found,
        "wanted": wanted,
        "ok": {True: "yes", False: "NO", None: "skipped"}[ok],
    }


def tests(device: str, size: Size) -> Iterator[dict]:
    chosen = (
        "cuda or precision or memory"
        if size is FULL
        else "cuda or names_become_dtypes or single_row"
    )
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "tests/training",
        "tests/vocoder",
        "tests/model/test_device.py",
        "-k",
        chosen,
    ]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    found = (
        done.stdout.strip().splitlines()[-1].strip("= ")
        if done.stdout.strip()
        else done.stderr[-200:]
    )
    n_skipped = int((re.search(r"(\d+) skipped", found) or [0, 0])[1])
    yield row("tests", chosen, found, "all pass", done.returncode == 0)
    if device == "cpu":
        yield row("tests", "those on CUDA", f"{n_skipped} skipped: no GPU was asked for", "", None)


def precision(device: str, size: Size) -> Iterator[dict]:
    with tempfile.TemporaryDirectory() as folder:

        def run(where, kind):
            return losses(
                train(where, kind, size.steps, size.batch, size.frames, Path(folder) / where / kind)
            )

        reference = run("cpu", "fp32")
        last = max(1, size.steps // 4)
        for kind, most in TOLERANCE.items():
            if device == "cpu" and kind == "fp32":
                yield row("precision", kind, "the reference itself: no GPU was asked for", "", None)
                continue
            curve = run(device, kind)
            first, end = (
                abs(curve[part].mean() / reference[part].mean() - 1)
                for part in (slice(0, 1), slice(-last, None))
            )
            found = (
                f"{reference[-last:].mean():.4g} → {curve[-last:].mean():.4g}: "
                f"{end:.2%} off, {first:.3%} at the first step"
            )
            learns = curve[-last:].mean() < curve[0]
            yield row(
                "precision",
                f"{kind}, {size.steps} steps",
                found,
                f"≤ {most:.0%}, falling",
                bool(end <= most and learns),
            )


def speed(device: str, size: Size) -> Iterator[dict]:
    with tempfile.TemporaryDirectory() as folder:
        for kind, dtype in DTYPES.items():
            if device == "cpu" and kind == "fp16":
                yield row("speed", kind, "no CPU is fast in it", "", None)
                continue
            peak = matrix_rate(device, dtype, size.matrix)
            yield row("speed", f"matrix product, {kind}", f"{peak / 1e12:.3g} TFLOP/s")
            for what in ("hearing", "player"):
                for batch in size.batches:
                    out = Path(folder) / f"{kind}{what}{batch}"
                    rows = train(device, kind, size.speed_steps, batch, size.frames, out, what)
                    audio = float(
                        np.median(
                            [float(r["audio_s_per_s"]) for r in rows[size.speed_steps // 2 :]]
                        )
                    )
                    step_s = batch * size.frames / AudioConfig().frame_rate / audio
                    share = step_operations(what, batch, size.frames) / step_s / peak
                    yield row(
                        "speed",
                        f"{what}, {kind}, {batch} × {size.frames} frames",
                        f"{audio:.4g} s of sound a second, "
                        f"{share:.0%} of the matrix products' rate",
                    )


def matrix_rate(device: str, dtype: torch.dtype, n: int, seconds: float = 1.0) -> float:
    """Floating point operations per second of n × n products, the best within a second."""
    a, b = (torch.randn(n, n, device=device, dtype=dtype) for _ in range(2))
    best, end = 0.0, time.perf_counter() + seconds
    while time.perf_counter() < end:
        wait(device)
        began = time.perf_counter()
        for _ in range(4):
            a @ b
        wait(device)
        best = max(best, 4 * 2 * n**3 / (time.perf_counter() - began))
    return best


def wait(device: str) -> None:
    if torch.device(device).type == "cuda":
        torch.cuda.synchronize(device)


@cache
def step_operations(what: str, batch: int, frames: int) -> int:
    """Multiplications and additions in the matrix products and convolutions of one step, backward
    pass included.
    """
    from torch.utils.flop_counter import FlopCounterMode

    few = 2  # rows; the count is proportional to them
    cfg = Config().with_train(batch_size=few, window_frames=frames)
    module, loss = begun(what, cfg)
    with FlopCounterMode(display=False) as counter:
        loss(module, batches_of(what, cfg).batch(0))["loss"].backward()
    return counter.get_total_flops() * batch // few


def convert(device: str, size: Size) -> Iterator[dict]:
    from kcarol.audio.decoding import load_audio
    from kcarol.conversion.converter import Converter

    converter, sound = Converter.load(None, device), load_audio(SONG)
    # warm-up
    converter.convert(sound[: 10 * AudioConfig.sample_rate])
    for seconds in size.songs_s:
        wave = np.resize(sound, seconds * AudioConfig.sample_rate)
        if device != "cpu":
            torch.cuda.reset_peak_memory_stats(device)
        began = time.perf_counter()
        carol = converter.convert(wave)
        took = time.perf_counter() - began
        room = (
            f", {torch.cuda.max_memory_allocated(device) / 2**20:.0f} MiB of its memory"
            if device != "cpu"
            else ""
        )
        n_samples = len(wave) * converter.audio.full_factor
        whole = carol.shape == (2, n_samples) and bool(np.isfinite(carol).all())
        found = f"{took:.2f} s, {seconds / took:.0f} times real time{room}"
        yield row("convert", f"{seconds} s", found, "as long, finite", whole)
    if device == "cpu":
        yield row("convert", "memory of the GPU", "no GPU was asked for", "", None)


def memory(device: str, size: Size) -> Iterator[dict]:
    """Runs in separate processes, so that memory reserved by one does not help the other."""
    if device == "cpu" and not Path("/proc/self/status").is_file():
        yield row("memory", "", "skipped: a CPU's memory can be limited on Linux alone", "", None)
        return
    roomy = alone(memory_run, device, size, None)
    limit = roomy["before"] + (1 - HELD_BACK) * (roomy["peak"] - roomy["before"])
    tight = alone(memory_run, device, size, int(limit))
    off = abs(tight["losses"] / roomy["losses"] - 1).max()
    used = f"{roomy['peak'] / 2**20:.0f} → {tight['peak'] / 2**20:.0f} MiB"
    found = f"{used}, batch cut into {tight['parts']}, losses {off:.1e} off"
    ok = bool(roomy["parts"] == 1 < tight["parts"] and off < SAME_LOSS)
    yield row(
        "memory",
        f"{size.memory[0]} × {size.memory[1]} frames, fp32",
        found,
        f"halved, losses ≤ {SAME_LOSS:g} off",
        ok,
    )


def alone(function: Callable, *arguments: object) -> dict:
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as process:
        return process.submit(function, *arguments).result()


def memory_run(device: str, size: Size, limit: int | None) -> dict:
    """Trains three steps with at most `limit` bytes. Returns the number of parts of a batch, the
    losses, and the bytes held before and at the peak.
    """
    from kcarol.training.checkpoint import load_checkpoint

    torch.set_num_threads(1)
    groups()
    # loads threads, libraries and kernels, which do not count as memory of the batch
    with tempfile.TemporaryDirectory() as folder:
        train(device, "fp32", 2, 2, size.memory[1], Path(folder))
    before = held(device)
    if limit and device == "cpu":
        resource.setrlimit(resource.RLIMIT_AS, (limit, resource.getrlimit(resource.RLIMIT_AS)[1]))
    elif limit:
        torch.cuda.set_per_process_memory_fraction(
            limit / torch.cuda.get_device_properties(device).total_memory, device
        )
    with tempfile.TemporaryDirectory() as folder:
        rows = train(device, "fp32", 3, *size.memory, Path(folder))
        parts = load_checkpoint(Path(folder) / "checkpoint.pt")["parts"]
    return {
        "parts": parts,
        "losses": losses(rows),
        "before": before,
        "peak": held(device, peak=True),
    }


def held(device: str, peak: bool = False) -> int:
    """Bytes reserved on the GPU, or in the address space of the process."""
    if device != "cpu":
        return (
            torch.cuda.max_memory_reserved(device) if peak else torch.cuda.memory_reserved(device)
        )
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    return 1024 * int(re.search(rf"^{'VmPeak' if peak else 'VmSize'}:\s+(\d+)", status, re.M)[1])


CHECKS: dict[str, Callable] = {
    "tests": tests,
    "precision": precision,
    "speed": speed,
    "convert": convert,
    "memory": memory,
}


def checked(name: str, device: str, size: Size) -> Iterator[dict]:
    """The rows of a check; an exception becomes a row that failed."""
    try:
        yield from CHECKS[name](device, size)
    except Exception as error:  # the other checks still run
        yield row(
            name, "", f"{type(error).__name__}: {' '.join(str(error).split())[:200]}", "", False
        )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--device", default="cuda", help="cuda, cuda:1 ... or cpu (default: %(default)s)"
    )
    parser.add_argument("--quick", action="store_true", help="small sizes: a minute or two")
    parser.add_argument(
        "--only", choices=CHECKS, nargs="+", default=list(CHECKS), help="checks (default: all)"
    )
    parser.add_argument(
        "--out",
        type=Path,
        default=Path(__file__).parent,
        help="folder of the table (default: %(default)s)",
    )
    args = parser.parse_args()
    if args.device != "cpu" and not torch.cuda.is_available():
        sys.exit(
            "on_gpu.py: expected a CUDA device, found none; "
            "--device cpu runs what it can on the CPU, faster with --quick"
        )
    name = "CPU" if args.device == "cpu" else torch.cuda.get_device_name(args.device)
    settings = {
        "device": name,
        "torch": torch.__version__,
        "threads": torch.get_num_threads(),
        "quick": args.quick,
        "load_before": round(os.getloadavg()[0], 1),
    }
    rows = []
    for check in args.only:
        for found in checked(check, args.device, QUICK if args.quick else FULL):
            rows.append(found)
            print(found, flush=True)
    table = Table(f"kcarol on {name}", rows, settings=settings)
    table.write(args.out, "on_gpu")
    print(table.to_markdown(), settings)
    sys.exit(any(found["ok"] == "NO" for found in rows))


if __name__ == "__main__":
    main()
