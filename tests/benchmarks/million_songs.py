"""What converting a large catalogue costs, extrapolated from measurements on this machine.

million_songs.py [--songs N] [--clips N] [--out DIR] ...

Lists of `--clips` and of twice as many songs (the demo song, repeated, as a stereo mp3 at 44.1 kHz)
go through `kcarol convert --manifest` with one worker per core. The difference is the cost of the
songs, the rest that of starting. Also measured: decoding alone, the size and encoding time of a
carol in each format, the memory of a worker, the speed of the disk, and the time per song of the
process that hands out the work. Everything else is worked out, and each line of the page says how.

Prices and watts are arguments; their defaults are assumptions to be replaced, not offers. Times are
processor seconds, which other load on the machine hardly affects; the extrapolation assumes an
otherwise idle machine. Writes million_songs.md and million_songs.json.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
import tracemalloc
from dataclasses import asdict, dataclass
from pathlib import Path

from kcarol.conversion.catalogue import DONE, Outcome, Settings, convert_all

ROOT = Path(__file__).resolve().parents[2]
SONG = ROOT / "data" / "raw" / "kpop" / "snowlit-signal.mp3"
FORMATS = ("wav", "flac", "mp3", "ogg")
DAY_S, WEEK_S = 86_400, 7 * 86_400
# assumed share of the cores at work; the ends of a list and the system take the rest
BUSY = 0.9
# runs a command; prints its wall-clock seconds, processor seconds (children included), and the
# peak memory of one process
TIMED = """
import json, resource, subprocess, sys, time
began = time.perf_counter()
subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL)
wall_s = time.perf_counter() - began
used = resource.getrusage(resource.RUSAGE_CHILDREN)
cpu_s = used.ru_utime + used.ru_stime
print(json.dumps({"wall_s": wall_s, "cpu_s": cpu_s, "peak_mib": used.ru_maxrss / 1024}))
"""
DECODE = """
import json, resource, sys
from kcarol.audio.decoding import load_audio
def cpu_s():
    processes = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    return sum(sum(resource.getrusage(who)[:2]) for who in processes)
load_audio(sys.argv[1], duration_s=1.0)  # imports and plans of the first call are not measured
began = cpu_s()
load_audio(sys.argv[1])
print(json.dumps({"cpu_s": cpu_s() - began}))
"""


@dataclass(frozen=True)
class Measured:
    """Measurements on this machine; each song is `song_s` seconds long."""

    cores: int
    memory_gib: float
    load: float  # load average before measuring
    song_s: float
    cpu_s: float  # processor seconds per song
    wall_s: float  # seconds per song with all cores at work
    start_cpu_s: float  # processor seconds of an empty list
    decode_cpu_s: float
    worker_mib: float
    song_mib: float  # size of the input mp3
    carol_mib: dict[str, float]  # by format
    encode_cpu_s: dict[str, float]
    disk_mib_s: float  # writing, fsync included
    hand_out_ms: float  # per song, in the process that hands out songs
    plan_bytes: float  # memory per song in the same process


# ---- measuring


def child(script: str, *argv: object) -> dict:
    done = subprocess.run(
        [sys.executable, "-c", script, *map(str, argv)],
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    return json.loads(done.stdout.splitlines()[-1])


def make_song(path: Path, seconds: float) -> Path:
    """The demo song, repeated, in stereo at its original rate like the songs that people have."""
    import numpy as np
    import soundfile

    sound, rate = soundfile.read(SONG, dtype="float32")
    soundfile.write(path, np.resize(sound, (round(seconds * rate), sound.shape[1])), rate)
    return path


def convert_list(folder: Path, song: Path, n: int, jobs: int) -> dict:
    """Cost of a list of n songs in separate files."""
    here = folder / f"list{n}"
    here.mkdir()
    names = [f"{number:04d}.mp3" for number in range(n)]
    for name in names:
        os.link(song, here / name)
    (here / "list.txt").write_text("\n".join(names))
    argv = ("convert", "--manifest", here / "list.txt", "--jobs", jobs, "--device", "cpu")
    cost = child(TIMED, sys.executable, ROOT / "main.py", *argv)
    assert len(list(here.glob("*.carol.wav"))) == n
    return cost


def formats(folder: Path, carol: Path) -> tuple[dict[str, float], dict[str, float]]:
    """Size of a carol in MiB and processor seconds to write it, by format."""
    from kcarol.audio.decoding import load_audio
    from kcarol.audio.encoding import save_audio

    wave, sizes, seconds = load_audio(carol), {}, {}
    for kind in FORMATS:
        began = time.process_time()
        path = save_audio(folder / f"carol.{kind}", wave)
        seconds[kind], sizes[kind] = time.process_time() - began, path.stat().st_size / 2**20
    return sizes, seconds


def disk_speed(folder: Path, mib: int = 128) -> float:
    """MiB per second of writing one file, fsync included."""
    began = time.perf_counter()
    with (folder / "speed").open("wb") as file:
        for _ in range(mib):
            file.write(os.urandom(2**20))
        file.flush()
        os.fsync(file.fileno())
    return mib / (time.perf_counter() - began)


def nothing(song: Path, carol: Path, settings: Settings) -> Outcome:
    """A task that takes no time, so that only the handing out is measured."""
    return Outcome(str(song), str(carol), DONE)


def handing_out(folder: Path, n: int) -> tuple[float, float]:
    """Milliseconds and bytes per song in the process that hands out a list, journal included."""

    def hand_out(n: int) -> list:
        plan = {
            folder / f"artist {number % 97}/song {number}.mp3": folder / f"song {number}.carol.wav"
            for number in range(n)
        }
        return [plan, convert_all(plan, Settings(), 1, folder / "journal.jsonl", task=nothing)]

    tracemalloc.start()
    kept = hand_out(n // 4)
    n_bytes = tracemalloc.get_traced_memory()[0] / len(kept[0])
    tracemalloc.stop()  # tracing costs time
    began = time.process_time()
    hand_out(n)
    return 1_000 * (time.process_time() - began) / n, n_bytes


def measure(clips: int, song_s: float, n_handed: int, jobs: int) -> Measured:
    with tempfile.TemporaryDirectory() as name:
        folder, load = Path(name), os.getloadavg()[0]
        song = make_song(folder / "song.mp3", song_s)
        clips = max(clips, jobs)  # both lists start every worker
        few, many = (convert_list(folder, song, n, jobs) for n in (clips, 2 * clips))
        cpu_s = (many["cpu_s"] - few["cpu_s"]) / clips
        sizes, encoding = formats(folder, folder / f"list{clips}" / "0000.carol.wav")
        hand_out_ms, plan_bytes = handing_out(folder, n_handed)
        return Measured(
            jobs,
            os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30,
            load,
            song_s,
            cpu_s,
            (many["wall_s"] - few["wall_s"]) / clips,
            max(0.0, few["cpu_s"] - clips * cpu_s),
            child(DECODE, song)["cpu_s"],
            many["peak_mib"],
            song.stat().st_size / 2**20,
            sizes,
            encoding,
            disk_speed(folder),
            hand_out_ms,
            plan_bytes,
        )


# ---- working out


def machine_days(m: Measured, songs: float) -> float:
    """Days of one machine like this that does nothing else."""
    return songs * m.cpu_s / (m.cores * BUSY) / DAY_S


def limits(m: Measured, kind: str) -> dict[str, float]:
    """Songs per hour that each resource alone would allow; the smallest is the first bottleneck."""
    workers, both_mib = m.memory_gib * 1024 / m.worker_mib, m.song_mib + m.carol_mib[kind]
    return {
        f"processors: {m.cores} cores, {BUSY:.0%} at work": 3600 * m.cores * BUSY / m.cpu_s,
        f"memory: room for {workers:.0f} workers, had they a core each": 3600 * workers / m.cpu_s,
        f"disk: {m.song_mib:.1f} MiB read and {m.carol_mib[kind]:.1f} MiB written a song": 3600
        * m.disk_mib_s
        / both_mib,
        "the process that hands out songs": 3_600_000 / m.hand_out_ms,
    }


def page(m: Measured, args: argparse.Namespace) -> str:
    """The page in Markdown."""
    days, hours = machine_days(m, args.songs), args.songs * m.cpu_s / 3600
    fleet = -(-days // 7)
    found = limits(m, args.format)
    first = min(found, key=found.get)
    one = found[f"processors: {m.cores} cores, {BUSY:.0%} at work"]
    songs_mib, carols_mib = args.songs * m.song_mib, args.songs * m.carol_mib[args.format]
    n, paid = f"{args.songs:,.0f}", hours / BUSY  # hours of cores, idle ones too
    measured = [
        (
            "processor seconds a song",
            f"{m.cpu_s:.2f} ({m.song_s / m.cpu_s:.0f} times real time on one core)",
        ),
        (
            f"seconds a song, {m.cores} workers",
            f"{m.wall_s:.2f}; the machine's load was {m.load:.1f} before",
        ),
        (
            "of that, decoding an mp3 to 16 kHz mono",
            f"{m.decode_cpu_s:.2f} s, {m.decode_cpu_s / m.cpu_s:.0%}",
        ),
        (
            "processor seconds to start a list",
            f"{m.start_cpu_s:.1f}, once for each run and machine",
        ),
        (
            "memory of a worker at most",
            f"{m.worker_mib:.0f} MiB; this machine has {m.memory_gib:.0f} GiB",
        ),
        ("a song read", f"{m.song_mib:.1f} MiB (mp3)"),
        (
            "a carol written",
            ", ".join(
                f"{kind} {m.carol_mib[kind]:.1f} MiB in {m.encode_cpu_s[kind]:.2f} s"
                for kind in FORMATS
            ),
        ),
        ("disk", f"{m.disk_mib_s:.0f} MiB a second written and synchronised"),
        (
            "handing out a song, journal included",
            f"{m.hand_out_ms:.2f} ms, {m.plan_bytes:.0f} bytes of memory",
        ),
    ]
    worked_out = [
        ("core hours", f"{hours:,.0f}", "songs × processor seconds a song / 3600"),
        (
            "days of one machine like this",
            f"{days:,.1f}",
            f"core hours / {m.cores} cores / {BUSY:.0%} at work / 24",
        ),
        ("machines for a week", f"{fleet:,.0f}", "days / 7, rounded up"),
        (
            f"cores, at {args.price_core_hour:g} a core hour",
            f"{paid * args.price_core_hour:,.0f}",
            "paid while they wait, too",
        ),
        (
            "electricity, kWh",
            f"{paid * args.watts / 1000:,.0f}",
            f"{args.watts:g} W a core, all of the machine in it",
        ),
        (
            f"electricity, at {args.price_kwh:g} a kWh",
            f"{paid * args.watts / 1000 * args.price_kwh:,.0f}",
            "where machines are one's own",
        ),
        ("songs to read, TiB", f"{songs_mib / 2**20:.2f}", "songs × MiB of the mp3"),
        (
            f"carols as {args.format}, TiB",
            f"{carols_mib / 2**20:.2f}",
            "; ".join(f"{kind} {args.songs * m.carol_mib[kind] / 2**20:.2f}" for kind in FORMATS),
        ),
        (
            f"keeping them a month, at {args.price_gib_month:g} a GiB",
            f"{carols_mib / 1024 * args.price_gib_month:,.0f}",
            "",
        ),
        (
            "network, MiB a second and machine",
            f"{(songs_mib + carols_mib) / (fleet * WEEK_S):.1f}",
            "read and written in a week",
        ),
    ]
    text = [
        f"# {n} songs of {m.song_s:g} s",
        "",
        "Worked out from what one machine did, by `tests/benchmarks/million_songs.py`. "
        "Prices and watts are assumptions given as arguments, not offers.",
        "",
        "| measured here | |",
        "|-|-|",
        *(f"| {name} | {value} |" for name, value in measured),
        "",
        f"| for {n} songs | | how |",
        "|-|-|-|",
        *(f"| {name} | {value} | {how} |" for name, value, how in worked_out),
        "",
        "| what would stop one machine | songs an hour |",
        "|-|-|",
        *(
            f"| {name} | {value:,.0f} |"
            for name, value in sorted(found.items(), key=lambda item: item[1])
        ),
        "",
        f"First bottleneck: {first.split(':')[0]}. The process that hands out songs keeps up with "
        f"{found['the process that hands out songs'] / one:,.0f} machines like this, and holds "
        f"{n} of them in {args.songs * m.plan_bytes / 2**30:.1f} GiB; more machines take a list "
        "each: carols that exist already are not made again.",
    ]
    return "\n".join(text) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    option = parser.add_argument
    option("--songs", type=float, default=1e6, help="in the catalogue (default: %(default)s)")
    option(
        "--length",
        type=float,
        default=240.0,
        help="of a song, in seconds; converted at this length (default: %(default)s)",
    )
    option(
        "--clips",
        type=int,
        default=4,
        help="songs of the shorter list, at least a worker's (default: %(default)s)",
    )
    option(
        "--handed",
        type=int,
        default=2_000,
        help="songs of the list that only hands out (default: %(default)s)",
    )
    option(
        "--jobs",
        type=int,
        default=os.cpu_count() or 1,
        help="workers (default: the processors, %(default)s here)",
    )
    option(
        "--format",
        choices=FORMATS,
        default="mp3",
        help="of the carols that are kept (default: %(default)s)",
    )
    option(
        "--price-core-hour",
        type=float,
        default=0.04,
        help="money, an assumption (default: %(default)s)",
    )
    option(
        "--price-gib-month",
        type=float,
        default=0.02,
        help="money for storage, an assumption (default: %(default)s)",
    )
    option(
        "--price-kwh",
        type=float,
        default=0.25,
        help="money for electricity, an assumption (default: %(default)s)",
    )
    option(
        "--watts",
        type=float,
        default=10.0,
        help="a core and its share of the machine, an assumption (default: %(default)s)",
    )
    option(
        "--out",
        type=Path,
        default=Path(__file__).parent,
        help="folder of the page (default: %(default)s)",
    )
    args = parser.parse_args()
    measured = measure(args.clips, args.length, args.handed, args.jobs)
    text = page(measured, args)
    args.out.mkdir(parents=True, exist_ok=True)
    (args.out / "million_songs.md").write_text(text, encoding="utf-8")
    given = {name: value for name, value in vars(args).items() if name != "out"}
    (args.out / "million_songs.json").write_text(
        json.dumps({"measured": asdict(measured), "given": given}, indent=1) + "\n"
    )
    print(text)


if __name__ == "__main__":
    main()
