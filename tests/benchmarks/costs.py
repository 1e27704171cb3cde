"""What kcarol costs, by the size of the work and compared with alternatives.

costs.py [--quick] [--only KIND ...] [--out DIR]
costs.py --readme [--out DIR]    the READMEs' tables, from the costs.json there

start          `kcarol --help`, `import kcarol`, and carols by the length of the song, imports and
               all
preprocess     by the length of the song
convert        by the length of the song
convert, list  by the number of songs
stages         the parts of a conversion; `ratio` is the share of the whole
window         hearing and playing by the window of the transformer, and attention alone
vocoder        ours, Griffin-Lim of this project, of torchaudio and of librosa, and the vocos
               package at its published size with random weights (left out where it is not
               installed: pip install vocos)
method         a conversion, compared with methods without weights: Griffin-Lim in place of the
               vocoder, equalising, copying the file
decode         time and memory of reading in chunks, as preprocess does, and of librosa.load
train          a training step by precision and batch size, and its share of the measured rate of
               matrix products
corpus         rendering pairs (left out without FluidSynth and its soundfonts)

`start`, `preprocess`, `convert`, `convert, list`, `decode` and `corpus` run in processes of their
own, and their peak resident memory is given (for `decode`, beyond that of the imports). All others
are the faster of two runs. `x real time` includes imports, except for `convert` and `decode`.
`ratio` is relative to the first row of a kind. Writes costs.json, costs.md, costs.csv and
costs.png. The settings list where kcarol is slower than others, and extrapolate the longest list to
a million songs of 4 minutes.
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

from kcarol.audio.decoding import load_audio, load_audio_into, load_stereo
from kcarol.audio.disk_buffer import DiskBuffer
from kcarol.audio.encoding import save_audio
from kcarol.audio.loudness import match_loudness_, measure_loudness
from kcarol.audio.parallel import single_threaded
from kcarol.config import AudioConfig, DecodingConfig, TrainConfig
from kcarol.conversion.api import convert
from kcarol.evaluation.table import Table
from kcarol.model.device import fast_inference

ROOT = Path(__file__).resolve().parents[2]
SONG = ROOT / "data" / "raw" / "kpop" / "snowlit-signal.mp3"
CAROL = ROOT / "data" / "raw" / "carol" / "joy-to-the-world.ogg"
RATE = AudioConfig().sample_rate
FILE_RATE = 44_100  # of the stereo files that are converted
# runs a command, then prints its duration and the peak memory of it and its children
TIMED = """
import json, resource, subprocess, sys, time
began = time.perf_counter()
subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
print(json.dumps({"seconds": time.perf_counter() - began, "peak_mib": peak / 1024}))
"""
CONVERT = """
import json, resource, sys, time
from kcarol.conversion.api import convert
from kcarol.conversion.converter import Converter
converter = Converter.load(None, "cpu")
began = time.perf_counter()
convert(sys.argv[1], sys.argv[2], converter=converter, force=True)
seconds = time.perf_counter() - began
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(json.dumps({"seconds": seconds, "peak_mib": peak / 1024}))
"""
DECODE = """
import json, resource, sys, time
import librosa, numpy, soundfile
from kcarol.audio.decoding import stream_audio
# the first call imports lazily
librosa.resample(numpy.zeros(100, numpy.float32), orig_sr=2, target_sr=1)
def peak_mib():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
imported = peak_mib()
began = time.perf_counter()
if sys.argv[2] == "kcarol":
    n = sum(len(chunk) for chunk in stream_audio(sys.argv[1]))
else:
    n = len(librosa.load(sys.argv[1], sr=16_000, mono=True, res_type="soxr_hq")[0])
seconds = time.perf_counter() - began
print(json.dumps(dict(seconds=seconds, audio_s=n / 16_000, peak_mib=peak_mib() - imported)))
"""
CORPUS = """
import json, resource, sys
from pathlib import Path
from kcarol.config import AudioConfig
from kcarol.corpus.dataset.rendering import build
from kcarol.dataset.shards import ROW_FRAMES
if __name__ == "__main__":
    n_pairs, seconds = build(Path(sys.argv[1]), float(sys.argv[2]), 0, int(sys.argv[3]))
    processes = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    peak_mib = max(resource.getrusage(who).ru_maxrss for who in processes) / 1024
    audio_s = n_pairs * ROW_FRAMES / AudioConfig().frame_rate
    print(json.dumps(dict(seconds=seconds, audio_s=audio_s, peak_mib=peak_mib)))
"""
# charactr/vocos-mel-24khz, 13.5 M
VOCOS = {"input_channels": 100, "dim": 512, "intermediate_dim": 1536, "num_layers": 8}
FULL = {
    "first": (10, 40, 240),
    "preprocess": (60, 600, 3_600, 10_800),
    "convert": (10, 60, 240, 1_200, 3_600),
    "songs": (1, 5, 20, 50),
    "windows": (128, 256, 512, 1_024, 2_048),
    "heard_s": 240,
    "decode": (180, 3_600),
    "batches": (4, 16),
    "matrix": 3_072,
    "corpus_h": 0.5,
}
QUICK = {
    "first": (10,),
    "preprocess": (60, 600),
    "convert": (10, 60),
    "songs": (1, 3),
    "windows": (256, 512),
    "heard_s": 30,
    "decode": (60,),
    "batches": (2,),
    "matrix": 1_024,
    "corpus_h": 0.03,
}


def child(script: str, *argv: object) -> dict:
    # whatever the environment says, modules are compiled once, as where kcarol is used
    compiling = dict(os.environ)
    compiling.pop("PYTHONDONTWRITEBYTECODE", None)
    done = subprocess.run(
        [sys.executable, "-c", script, *map(str, argv)],
        check=True,
        capture_output=True,
        text=True,
        env=compiling,
    )
    return json.loads(done.stdout.splitlines()[-1])


def kcarol(*argv: object) -> dict:
    return child(TIMED, sys.executable, ROOT / "main.py", *argv)


def song(path: Path, seconds: float) -> Path:
    """The demo song, repeated, in stereo."""
    wave = load_stereo(SONG, FILE_RATE).T
    with soundfile.SoundFile(path, "w", FILE_RATE, 2, "PCM_16") as file:
        left = round(seconds * FILE_RATE)
        while left > 0:
            file.write(wave[:left])
            left -= len(wave)
    return path


def starts(folder: Path, sizes: dict) -> Iterator[dict]:
    kcarol("convert", song(folder / "compile.flac", 1), "--device", "cpu")  # all modules
    importing = f"import sys; sys.path.insert(0, {str(ROOT)!r}); import kcarol"
    yield {"size": "help", "audio_s": 0, **kcarol("--help")}
    yield {"size": "import", "audio_s": 0, **child(TIMED, sys.executable, "-c", importing)}
    for seconds in sizes["first"]:
        path = song(folder / f"first{seconds}.flac", seconds)
        yield {
            "size": f"first carol of {seconds} s",
            "audio_s": seconds,
            **kcarol("convert", path, "--device", "cpu"),
        }


def preprocessing(folder: Path, sizes: dict) -> Iterator[dict]:
    for seconds in sizes["preprocess"]:
        raw = folder / f"raw{seconds}"
        raw.mkdir()
        song(raw / "song.flac", seconds)
        paths = ("--kpop", raw, "--carol", raw, "--processed", folder / f"out{seconds}")
        yield {
            "size": f"2 files of {seconds} s",
            "audio_s": 2 * seconds,
            **kcarol("preprocess", *paths, "--jobs", 1),
        }


def conversions(folder: Path, sizes: dict) -> Iterator[dict]:
    for seconds in sizes["convert"]:
        yield {
            "size": f"{seconds} s",
            "audio_s": seconds,
            **child(CONVERT, song(folder / "a.flac", seconds), folder / "a.wav"),
        }


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


def best(work: Callable, times: int = 2) -> float:
    """Seconds of the fastest call; the first one may include compiling and planning."""
    found = []
    for _ in range(times):
        began = time.perf_counter()
        work()
        found.append(time.perf_counter() - began)
    return min(found)


def stages(folder: Path, sizes: dict) -> Iterator[dict]:
    with torch.inference_mode(), single_threaded():  # as in a conversion
        for name, work in parts_of_a_conversion(folder, sizes["heard_s"]).items():
            yield {"size": name, "audio_s": sizes["heard_s"], "seconds": best(work)}


def parts_of_a_conversion(folder: Path, seconds: float) -> dict[str, Callable]:
    """Each alone, on what the ones before it made, in the order of a conversion."""
    from kcarol.arrangement.played_notes import notes_of
    from kcarol.arrangement.styles import STYLES
    from kcarol.conversion.converter import Converter
    from kcarol.conversion.sound.dynamics import follow_loudness_
    from kcarol.conversion.sound.playing_time import PlayingTime
    from kcarol.conversion.vibrato import centre_vibrato
    from kcarol.transcription.decoding import decode
    from kcarol.transcription.form.onset_rate import onset_rate
    from kcarol.transcription.song_level import measure_level
    from kcarol.transcription.tuning import estimate_tuning
    from kcarol.vocoder.hall import Hall

    converter = Converter.load(None, "cpu")
    path, out = song(folder / "a.flac", seconds), folder / "a.wav"
    wave, cfg = load_audio(path), converter.audio
    tuning_cents = estimate_tuning(wave, cfg)
    logits = converter.hear(wave, tuning_cents)
    transcription = converter.transcribe(wave)
    notes = notes_of(converter.arrange(transcription, "bells"), cfg.frame_rate)
    predicted = converter.predict(notes, len(transcription), "bells")
    filtered = converter.post_filter(predicted, "bells")
    bands = filtered.frames(0, len(predicted)).unflatten(1, (2, -1))
    middle, side = bands[:, :, : cfg.n_mels].unbind(1)
    time_ = PlayingTime(tuning_cents, cfg)
    played = np.zeros((2, time_.n_samples(len(wave) / RATE)), np.float32)
    converter.vocode_onto(played, filtered)
    carol = np.zeros((2, round(seconds * FILE_RATE)), np.float32)
    time_.resample_onto(carol, FILE_RATE, played)
    hall, loudness = Hall(STYLES["bells"].hall, FILE_RATE), measure_loudness(carol, FILE_RATE)
    return {
        "whole": lambda: convert(path, out, converter=converter, force=True),
        "decode the file": lambda: load_into(path),
        "tuning": lambda: estimate_tuning(wave, cfg),
        "hear": lambda: converter.hear(wave, tuning_cents),
        "decode the logits": lambda: decode(logits, audio=cfg),
        "level": lambda: measure_level(wave, cfg, DecodingConfig()),
        "onset rate": lambda: onset_rate(wave, cfg),
        "vibrato": lambda: centre_vibrato(transcription, wave, cfg),
        "arrange": lambda: converter.arrange(transcription, "bells"),
        "play": lambda: converter.predict(notes, len(transcription), "bells"),
        "post-filter": lambda: filtered.frames(0, len(predicted)),
        "vocode": lambda: converter.vocode_onto(played, filtered),
        "vocode, network alone": lambda: [network(converter, mel) for mel in (middle, side)],
        "to the song's time": lambda: time_.resample_onto(carol.copy(), FILE_RATE, played),
        "follow the loudness": lambda: follow_loudness_(
            carol.copy(), transcription.level, FILE_RATE, cfg
        ),
        "hall": lambda: hall.add_(carol.copy()),
        "match loudness": lambda: match_loudness_(carol.copy(), loudness, FILE_RATE),
        "write the file": lambda: save_audio(out, carol, FILE_RATE),
    }


def load_into(path: Path) -> None:
    with DiskBuffer() as buffer:
        load_audio_into(buffer, path)


def network(converter, mel: torch.Tensor) -> None:
    """Runs the vocoder without its corrections."""
    with fast_inference("cpu"):
        for piece in mel.split(2_048):
            converter.vocoder(piece)


def windows(folder: Path, sizes: dict) -> Iterator[dict]:
    from kcarol.conversion.converter import Converter

    converter, seconds = Converter.load(None, "cpu"), sizes["heard_s"]
    wave, layer = np.resize(load_audio(SONG), seconds * RATE), converter.model.layers[0]
    transcription = converter.transcribe(wave)
    n_frames, cfg = converter.audio.n_frames(len(wave)), converter.model.cfg
    by_size = {
        frames: Converter(converter.model, converter.vocoder, converter.styles, frames)
        for frames in sizes["windows"]
    }
    for frames, other in by_size.items():
        yield {
            "size": f"{frames} frames",
            "audio_s": seconds,
            "seconds": best(lambda other=other: other.predicted_mel(transcription, "bells")),
        }
    with torch.inference_mode(), fast_inference("cpu"):
        for frames, other in by_size.items():
            x = torch.randn(len(other.windows.spans(n_frames)), frames // cfg.stride, cfg.d_model)
            yield {
                "size": f"attention of one layer, {frames} frames",
                "audio_s": seconds,
                "seconds": best(lambda x=x: [layer.attend(part) for part in x.split(8)]),
            }


def vocoders(folder: Path, sizes: dict) -> Iterator[dict]:
    import librosa
    import torchaudio

    from kcarol.conversion.converter import Converter
    from kcarol.vocoder.griffin_lim import GriffinLim

    converter, n = Converter.load(None, "cpu"), min(30, sizes["heard_s"]) * RATE
    wave, cfg = np.resize(load_audio(SONG), n), AudioConfig()
    with torch.inference_mode():
        mel = converter.log_mel(torch.from_numpy(wave))
        magnitude = torch.stft(
            torch.from_numpy(wave),
            cfg.n_fft,
            cfg.hop_length,
            window=torch.hann_window(cfg.n_fft),
            return_complex=True,
        ).abs()
        ours, own = (
            converter.with_vocoder(GriffinLim()),
            torchaudio.transforms.GriffinLim(cfg.n_fft, 32, hop_length=cfg.hop_length, power=1.0),
        )
        rivals: dict[str, Callable] = {
            "kcarol": lambda: converter.vocode(mel, n),
            "kcarol, network alone": lambda: network(converter, mel),
            "kcarol griffin-lim, 32": lambda: ours.vocode(mel, n),
            "torchaudio griffin-lim, 32": lambda: own(magnitude),
            "librosa griffin-lim, 32": lambda: librosa.griffinlim(
                magnitude.numpy(), n_iter=32, hop_length=cfg.hop_length
            ),
            **vocos_package(n / RATE),
        }
        for name, play in rivals.items():
            yield {"size": name, "audio_s": n / RATE, "seconds": best(play)}


def vocos_package(seconds: float) -> dict[str, Callable]:
    """The package at its published size (24 kHz) with random weights, in float32 and under the same
    autocast as ours.
    """
    try:
        from vocos.heads import ISTFTHead
        from vocos.models import VocosBackbone
    except ImportError as error:
        print(f"vocoder: the vocos package is left out, {error}: pip install vocos", flush=True)
        return {}
    backbone, head = (
        VocosBackbone(**VOCOS).eval(),
        ISTFTHead(VOCOS["dim"], n_fft=1_024, hop_length=256).eval(),
    )
    mel = torch.randn(1, VOCOS["input_channels"], round(seconds * 24_000 / 256))

    def in_bf16() -> None:
        with fast_inference("cpu"):
            hidden = backbone(mel)
        head(hidden.float())

    millions = sum(p.numel() for module in (backbone, head) for p in module.parameters()) / 1e6
    return {
        f"vocos package, {millions:.1f} M": lambda: head(backbone(mel)),
        f"vocos package, {millions:.1f} M, autocast": in_bf16,
    }


def methods(folder: Path, sizes: dict) -> Iterator[dict]:
    from kcarol.conversion.converter import Converter
    from kcarol.evaluation.baselines import band_levels, equalised
    from kcarol.vocoder.griffin_lim import GriffinLim

    converter, seconds = Converter.load(None, "cpu"), min(60, sizes["heard_s"])
    path, out = song(folder / "a.flac", seconds), folder / "a.wav"
    levels, griffin_lim = band_levels([load_audio(CAROL)]), converter.with_vocoder(GriffinLim())
    ways: dict[str, Callable] = {
        "kcarol": lambda: convert(path, out, converter=converter, force=True),
        "kcarol with griffin-lim": lambda: convert(path, out, converter=griffin_lim, force=True),
        "equalised like a carol": lambda: save_audio(out, equalised(load_audio(path), levels)),
        "copied": lambda: save_audio(out, load_audio(path)),
    }
    for name, way in ways.items():
        yield {"size": name, "audio_s": seconds, "seconds": best(way)}


def decoding(folder: Path, sizes: dict) -> Iterator[dict]:
    wave = load_audio(SONG)
    for seconds in sizes["decode"]:
        path = folder / f"stereo{seconds}.flac"
        # the demo song at a wrong rate: only the size matters
        with soundfile.SoundFile(path, "w", 44_100, 2, "PCM_16") as file:
            for start in range(0, seconds * 44_100, len(wave)):
                file.write(np.repeat(wave[: seconds * 44_100 - start, None], 2, axis=1))
        for system in ("kcarol", "librosa.load"):
            yield {"size": f"{seconds} s of flac, {system}", **child(DECODE, path, system)}
        path.unlink()


def training(folder: Path, sizes: dict) -> Iterator[dict]:
    """Forward, backward and Adam step of hearing, on random numbers, since the time does not depend
    on them.
    """
    from torch.utils.flop_counter import FlopCounterMode

    from kcarol.dataset.labels import N_PACKED
    from kcarol.model.transformer import MusicTransformer
    from kcarol.training.losses import HearingLoss

    torch.manual_seed(0)
    cfg, frames = AudioConfig(), TrainConfig().window_frames
    module, loss = MusicTransformer(), HearingLoss(cfg)
    adam = torch.optim.Adam(module.parameters_of("hear"), 1e-6)

    def step(batch: int, dtype: torch.dtype) -> None:
        inputs = {
            "features": torch.randn(batch, frames, cfg.n_features),
            "labels": torch.zeros(batch, frames, N_PACKED, dtype=torch.int16),
        }
        with torch.autocast("cpu", dtype, enabled=dtype != torch.float32):
            value = loss(module, inputs)["loss"]
        value.backward()
        adam.step()
        adam.zero_grad()

    with FlopCounterMode(display=False) as counter:
        step(1, torch.float32)
    for name, dtype in {"fp32": torch.float32, "bf16": torch.bfloat16}.items():
        rate = matrix_rate(dtype, sizes["matrix"])
        for batch in sizes["batches"]:
            took = best(lambda: step(batch, dtype))  # noqa: B023
            share = counter.get_total_flops() * batch / took / rate
            yield {
                "size": f"{name}, batch {batch}: {share:.0%} of {rate / 1e9:.0f} GFLOP/s",
                "seconds": took,
                "audio_s": batch * frames / cfg.frame_rate,
            }


def matrix_rate(dtype: torch.dtype, n: int) -> float:
    """Floating point operations per second of a product of n x n matrices."""
    a, b = torch.randn(n, n).to(dtype), torch.randn(n, n).to(dtype)
    return 2 * n**3 / best(lambda: a @ b, 5)


def corpora(folder: Path, sizes: dict) -> Iterator[dict]:
    from kcarol.corpus.dataset.pairs import missing

    if said := missing():
        print(f"corpus: left out, {said}", flush=True)
        return
    script = folder / "corpus.py"  # a file, since the worker processes import it again
    script.write_text(CORPUS)
    jobs, hours = os.cpu_count() or 1, sizes["corpus_h"]
    done = subprocess.run(
        [sys.executable, script, folder / "pairs", str(hours), str(jobs)],
        check=True,
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )
    yield {"size": f"{hours:g} h of pairs, {jobs} jobs", **json.loads(done.stdout.splitlines()[-1])}


KINDS = {
    "start": starts,
    "preprocess": preprocessing,
    "convert": conversions,
    "convert, list": lists,
    "stages": stages,
    "window": windows,
    "vocoder": vocoders,
    "method": methods,
    "decode": decoding,
    "train": training,
    "corpus": corpora,
}
PICTURED = ("convert", "stages", "vocoder", "method")


def measured(kind: str, sizes: dict) -> list[dict]:
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for found in KINDS[kind](Path(folder), sizes):
            speed = found["audio_s"] / found["seconds"]
            first = rows[0] if rows else {"seconds": found["seconds"]}
            rows.append(
                {
                    "system": kind,
                    "sound": found["size"],
                    "seconds": round(found["seconds"], 4),
                    "x real time": round(speed, 1),
                    "ratio": round(found["seconds"] / first["seconds"], 3),
                    "peak_mib": round(found.get("peak_mib", 0)) or None,
                }
            )
            print(rows[-1], flush=True)
    return rows


def slower(rows: list[dict]) -> list[str]:
    """The alternatives that take less time than kcarol for the same work."""
    found = []
    for mine in (row for row in rows if row["sound"].endswith("kcarol")):
        work = mine["sound"].removesuffix("kcarol")
        for row in (
            row for row in rows if row["system"] == mine["system"] and row["sound"].startswith(work)
        ):
            share = row["seconds"] / mine["seconds"]
            if share < 1 and not row["sound"].startswith("kcarol"):
                found.append(f"{row['system']}: {row['sound']} takes {share:.3f} of kcarol's time")
    return found


def draw(rows: list[dict], path: Path) -> None:
    from kcarol.notebook import figures

    panels = {
        kind: ("seconds", {row["sound"]: row["seconds"] for row in rows if row["system"] == kind})
        for kind in PICTURED
        if any(row["system"] == kind for row in rows)
    }
    if panels:
        figures.save(figures.bars(panels), path)


# of the READMEs' tables: rows of costs.md, and what they are called in English and in Korean
README_ROWS = (
    (
        [("start", "help"), ("start", "import")],
        "`kcarol --help`; `import kcarol`",
        "`kcarol --help`; `import kcarol`",
    ),
    (
        [("start", f"first carol of {seconds} s") for seconds in FULL["first"]],
        "from the command to the first carol, imports and all: 10 s, 40 s, 4 min",
        "명령을 친 때부터 첫 캐럴까지, 불러오는 시간 포함: 10초, 40초, 4분",
    ),
    (
        [("convert", "10 s"), ("convert", "240 s"), ("convert", "3600 s")],
        "convert 10 s, 4 min, 1 h, to 44.1 kHz stereo",
        "10초, 4분, 1시간을 44.1 kHz 스테레오로 변환",
    ),
    (
        [("convert, list", "50 songs of 30 s, 2 jobs")],
        "50 songs of 30 s as a list, two processes",
        "30초짜리 50곡을 목록으로, 프로세스 두 개",
    ),
    (
        [("preprocess", "2 files of 60 s"), ("preprocess", "2 files of 10800 s")],
        "preprocess two files of 1 min; of 3 h (30 s are kept)",
        "1분짜리 두 파일, 3시간짜리 파일 전처리(30초만 남김)",
    ),
    ([("vocoder", "kcarol")], "vocoder, 30 s, one channel", "보코더, 30초, 한 채널"),
    (
        [("vocoder", f"{whose} griffin-lim, 32") for whose in ("kcarol", "torchaudio", "librosa")],
        "Griffin-Lim, 32 iterations: ours, torchaudio, librosa",
        "Griffin-Lim 32회 반복: kcarol, torchaudio, librosa",
    ),
    (
        [("corpus", "0.5 h of pairs, 2 jobs")],
        "rendering half an hour of pairs, two processes",
        "쌍 30분 분량 렌더링, 프로세스 두 개",
    ),
)
README_HEADS = (
    "| what | time, s | times real time | memory, MiB |",
    "| 작업 | 시간, 초 | 실시간 대비 배속 | 메모리, MiB |",
)


def readme_tables(rows: list[dict]) -> str:
    """The tables of README.md and README.ko.md, of those rows that were measured."""
    found = {(row["system"], row["sound"]): row for row in rows}
    tables = [[head, "|-|-|-|-|"] for head in README_HEADS]
    for keys, *names in README_ROWS:
        measured_ = [found[key] for key in keys if key in found]
        cells = [
            ", ".join(shown(row[column]) for row in measured_ if row[column])
            for column in ("seconds", "x real time", "peak_mib")
        ]
        for table, name in zip(tables, names, strict=True):
            table.append(f"| {' | '.join([name, *cells])} |")
    return "\n\n".join("\n".join(table) for table in tables)


def shown(value: float) -> str:
    return f"{value:.0f}" if value >= 10 else f"{value:.2g}"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--quick", action="store_true", help="small sizes: two minutes instead of twenty"
    )
    parser.add_argument(
        "--only", choices=KINDS, nargs="+", default=list(KINDS), help="kinds of row (default: all)"
    )
    parser.add_argument(
        "--out",
        type=Path,
        default=Path(__file__).parent,
        help="folder of the table (default: %(default)s)",
    )
    parser.add_argument(
        "--readme", action="store_true", help="measure nothing, print the READMEs' tables"
    )
    args = parser.parse_args()
    if args.readme:
        print(readme_tables(json.loads((args.out / "costs.json").read_text())["rows"]))
        return
    load, began = os.getloadavg()[0], time.perf_counter()  # other load distorts the figures
    rows = [row for kind in args.only for row in measured(kind, QUICK if args.quick else FULL)]
    settings = {
        "threads": torch.get_num_threads(),
        "cpus": os.cpu_count(),
        "load_before": round(load, 1),
        "quick": args.quick,
        "took_s": round(time.perf_counter() - began),
        "slower": slower(rows),
    }
    if lists_of := [row for row in rows if row["system"] == "convert, list"]:
        speed = lists_of[-1]["x real time"]
        days = 1e6 * 240 / speed / 86_400
        settings["millions"] = (
            f"a million songs of 240 s: {days:.0f} days of this machine at {speed}"
        )
    table = Table("Costs", rows, settings=settings)
    table.write(args.out, "costs")
    draw(rows, args.out / "costs.png")
    print(table.to_markdown(), settings)


if __name__ == "__main__":
    main()
