"""A list of songs to carols by several processes: nothing lost, nothing done twice, failures
listed, workers may die.
"""

import importlib.util
import json
import os
import signal
import subprocess
import sys
import time
import types
from functools import partial
from pathlib import Path

import hostile
import pytest
import soundfile
from worker_tasks import note, raising

from kcarol.audio.encoding import save_audio
from kcarol.cli import main as cli
from kcarol.config import AudioConfig
from kcarol.conversion.catalogue import Settings, convert_all, summary
from kcarol.conversion.manifest import ManifestError

ROOT = Path(__file__).resolve().parents[2]
RATE = AudioConfig().sample_rate


def songs(folder: Path, n: int, seconds: float = 0.5) -> list[Path]:
    folder.mkdir(parents=True, exist_ok=True)
    wave = hostile.music(seconds, RATE, 1)[:, 0]
    return [save_audio(folder / f"{number:03d}.wav", wave, RATE) for number in range(n)]


def listed(path: Path, entries: list) -> Path:
    path.write_text("".join(f"{entry}\n" for entry in entries), encoding="utf-8")
    return path


def convert(weights: Path, manifest: Path, *argv: object) -> list[str]:
    return [
        "convert",
        "--manifest",
        str(manifest),
        "--weights",
        str(weights),
        "--device",
        "cpu",
        *map(str, argv),
    ]


def journal(manifest: Path) -> list[dict]:
    return [
        json.loads(line)
        for line in manifest.with_name(manifest.name + ".journal.jsonl").read_text().splitlines()
    ]


# ---- what is asked


def test_a_list_that_is_missing_or_given_beside_songs_is_one_line(tmp_path, weights, capsys):
    assert cli.main(convert(weights, tmp_path / "none.txt")) == cli.FAILED
    assert "none.txt" in capsys.readouterr().err
    assert cli.main([*convert(weights, tmp_path / "none.txt"), "song.mp3"]) == cli.FAILED
    assert "found both" in capsys.readouterr().err
    assert cli.main(["convert"]) == cli.FAILED
    assert "found neither" in capsys.readouterr().err


# ---- what a million of them cost


def test_the_page_for_a_million_songs_works_out_what_was_measured():
    spec = importlib.util.spec_from_file_location(
        "million_songs", ROOT / "tests/benchmarks/million_songs.py"
    )
    benchmark = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = benchmark  # dataclasses look their module up
    spec.loader.exec_module(benchmark)
    sizes = dict.fromkeys(benchmark.FORMATS, 1.0)
    measured = benchmark.Measured(
        2, 16.0, 0.0, 240.0, 3.24, 1.8, 5.0, 0.3, 1024.0, 4.0, sizes, sizes, 50.0, 1.0, 2**10
    )
    found = benchmark.limits(measured, "mp3")
    assert [round(value) for value in found.values()] == [2_000, 17_778, 36_000, 3_600_000]
    given = types.SimpleNamespace(
        songs=1e6,
        format="mp3",
        price_core_hour=0.1,
        price_kwh=0.5,
        price_gib_month=0.01,
        watts=20.0,
    )
    page = benchmark.page(measured, given)
    for line in (
        "hours | 900 ",
        "this | 20.8 |",
        "a week | 3 |",
        "hour | 100 |",
        "kWh | 20 |",
        "kWh | 10 |",
        "TiB | 3.81 |",
    ):
        assert line in page, line
    assert "First bottleneck: processors" in page


# ---- converting


def test_a_list_is_converted_failures_are_listed_and_a_second_run_does_only_what_is_missing(
    weights, tmp_path, capsys
):
    made = songs(tmp_path / "in", 5)
    (tmp_path / "in" / "bad.mp3").write_bytes(b"no sound")
    manifest = listed(tmp_path / "list.txt", [*made[:3], "in/bad.mp3", "in/gone.mp3", *made[3:]])
    out = tmp_path / "out"
    assert cli.main(convert(weights, manifest, "-o", out, "--jobs", 2)) == cli.FAILED
    said = capsys.readouterr()
    assert "7 songs: 5 done, 0 skipped, 2 failed" in said.out
    assert [
        sum(name in line for line in said.err.splitlines()) for name in ("bad.mp3", "gone.mp3")
    ] == [1, 1]
    stamps = {path.name: path.stat().st_mtime_ns for path in out.iterdir()}
    assert sorted(stamps) == [f"{number:03d}.carol.wav" for number in range(5)]
    assert len(journal(manifest)) == 7 and {row["status"] for row in journal(manifest)} == {
        "done",
        "failed",
    }

    save_audio(tmp_path / "in" / "gone.mp3", hostile.music(0.5, RATE, 1).T, RATE)  # found again
    with open(f"{manifest}.journal.jsonl", "ab") as file:
        file.write(b'{"torn')  # as a crash leaves it
    assert cli.main(convert(weights, manifest, "-o", out, "--jobs", 1)) == cli.FAILED
    assert "7 songs: 1 done, 5 skipped, 1 failed" in capsys.readouterr().out
    assert all((out / name).stat().st_mtime_ns == stamp for name, stamp in stamps.items())
    lines = Path(f"{manifest}.journal.jsonl").read_text(encoding="utf-8").splitlines()
    assert lines[7] == '{"torn' and all(json.loads(line) for line in lines[8:]) and len(lines) == 15


def test_a_list_that_grows_or_changes_its_order_gives_each_song_its_own_carol(
    weights, tmp_path, make_song, capsys
):
    first, second = make_song(tmp_path / "x/song.wav", hz=330), make_song(tmp_path / "y/song.wav")
    out, manifest = tmp_path / "out", tmp_path / "list.txt"
    command = convert(weights, manifest, "-o", out, "--jobs", 1)
    listed(manifest, [first])
    assert cli.main(command) == 0
    make_song(second, hz=440)
    before = (out / "song.carol.wav").stat().st_mtime_ns
    listed(manifest, [second, first])
    assert cli.main(command) == 0
    assert "2 songs: 1 done, 1 skipped, 0 failed" in capsys.readouterr().out
    assert (out / "song.carol.wav").stat().st_mtime_ns == before
    carols = {path.name: path.read_bytes() for path in out.iterdir()}
    assert sorted(carols) == ["song.carol.wav", "song.wav.carol.wav"]
    assert len(set(carols.values())) == 2

    make_song(first, hz=550)  # another song in its place
    assert cli.main(command) == 0
    assert "2 songs: 1 done, 1 skipped, 0 failed" in capsys.readouterr().out
    assert (out / "song.carol.wav").read_bytes() != carols["song.carol.wav"]
    assert cli.main([*command, "--strength", "0.5"]) == 0
    assert "2 songs: 2 done, 0 skipped, 0 failed" in capsys.readouterr().out
    assert sorted(path.name for path in out.iterdir()) == sorted(carols)


def test_a_file_that_records_nothing_is_kept_and_said(weights, tmp_path, capsys):
    manifest = listed(tmp_path / "list.txt", songs(tmp_path / "in", 2))
    mine = tmp_path / "in/000.carol.wav"
    mine.write_bytes(b"mine")
    assert cli.main(convert(weights, manifest, "--jobs", 1)) == 0
    said = capsys.readouterr().out
    assert "1 done, 1 skipped, 0 failed (1 of the skipped do not record" in said
    assert mine.read_bytes() == b"mine"
    assert "does not record" in journal(manifest)[0]["reason"] + journal(manifest)[1]["reason"]


def test_the_out_of_a_list_is_a_folder_whatever_dots_are_in_its_name(weights, tmp_path, fails):
    (song,) = songs(tmp_path / "in", 1)
    manifest = listed(tmp_path / "list.txt", [song])
    out = tmp_path / "vol.2"
    assert cli.main(convert(weights, manifest, "-o", out, "--jobs", 1)) == 0
    assert [path.name for path in out.iterdir()] == ["000.carol.wav"]
    fails(convert(weights, manifest, "-o", tmp_path / "one.wav"), "expected a folder", "one.wav")


def test_a_wrong_style_or_broken_weights_are_said_once(weights, tmp_path, capsys):
    manifest = listed(tmp_path / "list.txt", songs(tmp_path / "in", 3))
    assert cli.main(convert(weights, manifest, "--style", "polka")) == cli.FAILED
    assert cli.main(convert(tmp_path / "nowhere", manifest)) == cli.FAILED
    assert len(capsys.readouterr().err.splitlines()) == 2
    assert not list(tmp_path.rglob("*.carol.wav"))


@pytest.mark.parametrize(
    "killers, failed", [(["once"], 0), (["always"], 1), (["once", "always"], 1)]
)
def test_a_worker_that_dies_costs_no_other_song_and_none_is_done_twice(killers, failed, tmp_path):
    names = [f"{number}" for number in range(40)]
    names[15:15] = killers
    plan = {Path(name): tmp_path / f"{name}.wav" for name in names}
    outcomes = convert_all(plan, Settings(), 2, task=note)
    assert sorted(outcome.song for outcome in outcomes) == sorted(names)
    assert len(list(tmp_path.glob("*.wav"))) == 40 + len(killers) - failed
    assert [outcome.song for outcome in outcomes if outcome.status == "failed"] == [
        "always"
    ] * failed
    assert f"{failed} failed" in summary(outcomes)


def test_an_error_that_no_one_thought_of_is_that_songs_failure(tmp_path):
    (outcome,) = convert_all({Path("a"): tmp_path / "a"}, Settings(), 1, task=raising)
    assert outcome.status == "failed" and "KeyError" in outcome.reason


def test_without_dask_a_scheduler_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(ManifestError, match="pip install"):
        convert_all({Path("a"): tmp_path / "a"}, Settings(), 1, scheduler="tcp://127.0.0.1:1")


def test_dask_workers_convert_a_list(tmp_path, weights):
    distributed = pytest.importorskip("distributed")
    with distributed.LocalCluster(
        n_workers=1, threads_per_worker=1, processes=False, dashboard_address=None
    ) as cluster:
        plan = {song: tmp_path / "out" / song.name for song in songs(tmp_path / "in", 4)}
        settings = Settings(str(weights), "cpu")
        outcomes = convert_all(plan, settings, 1, scheduler=cluster.scheduler_address)
        assert sorted(outcome.status for outcome in outcomes) == ["done"] * 4
        assert {
            outcome.status
            for outcome in convert_all(plan, settings, 1, scheduler=cluster.scheduler_address)
        } == {"skipped"}


def start(*argv: str) -> subprocess.Popen:
    """kcarol in a process of its own, that hears Ctrl-C also where the tests run in a shell's
    background, which ignores it.
    """
    return subprocess.Popen(
        [sys.executable, ROOT / "main.py", *argv],
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        preexec_fn=partial(signal.signal, signal.SIGINT, signal.SIG_DFL),
    )


@pytest.mark.slow
def test_200_clips_with_workers_killed_midway_all_become_carols_once(weights, tmp_path):
    made = songs(tmp_path / "in", 200, 2.0)
    manifest, out = listed(tmp_path / "list.txt", made), tmp_path / "out"
    run = start(*convert(weights, manifest, "-o", out, "--jobs", 2))
    killed = 0
    while run.poll() is None and killed < 2:
        time.sleep(0.05)
        if len(list(out.glob("*.wav")) if out.exists() else []) > 60 * (killed + 1):
            os.kill(workers_of(run.pid)[0], signal.SIGKILL)
            killed += 1
    said = run.communicate()[0]
    assert run.returncode == 0 and killed == 2
    rows = journal(manifest)
    assert len(rows) == len({row["song"] for row in rows}) == 200
    assert sum(row["status"] == "failed" for row in rows) == 0
    carols = [soundfile.info(out / f"{song.stem}.carol.wav") for song in made]
    assert all(carol.frames == 2 * AudioConfig.full_rate for carol in carols)
    print(said.strip(), f"({killed} workers killed)")


@pytest.mark.slow
def test_ctrl_c_ends_all_processes_in_one_line_and_the_next_call_goes_on(weights, tmp_path):
    manifest, out = (
        listed(tmp_path / "list.txt", songs(tmp_path / "in", 12, 10.0)),
        tmp_path / "out",
    )
    run = start(*convert(weights, manifest, "-o", out, "--jobs", 2))
    record = manifest.with_name(manifest.name + ".journal.jsonl")
    while run.poll() is None and not (record.exists() and record.read_text()):
        time.sleep(0.05)
    children = workers_of(run.pid)
    run.send_signal(signal.SIGINT)
    run.communicate()
    assert run.returncode == 130 and not any(Path(f"/proc/{child}").exists() for child in children)
    assert 1 <= len(journal(manifest)) < 12
    assert start(*convert(weights, manifest, "-o", out, "--jobs", 2)).wait() == 0
    assert len(list(out.glob("*.wav"))) == 12


def workers_of(pid: int) -> list[int]:
    """Processes that a process started to convert, by Linux's own list."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="utf-8").split()
    return [
        int(child)
        for child in children
        if b"spawn_main" in Path(f"/proc/{child}/cmdline").read_bytes()
    ]


@pytest.mark.slow
def test_workers_end_with_the_process_that_started_them(weights, tmp_path):
    manifest = listed(tmp_path / "list.txt", songs(tmp_path / "in", 30, 20.0))
    run = start(*convert(weights, manifest, "-o", tmp_path / "out", "--jobs", 2))
    while run.poll() is None and (
        not (children := workers_of(run.pid)) or not list(tmp_path.glob("out/*.wav"))
    ):
        time.sleep(0.05)
    run.kill()
    run.communicate()
    deadline = time.monotonic() + 10
    while (
        any(Path(f"/proc/{child}").exists() for child in children) and time.monotonic() < deadline
    ):
        time.sleep(0.05)
    assert not any(Path(f"/proc/{child}").exists() for child in children)
