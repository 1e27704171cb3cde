"""`kcarol eval`: the table it prints and what it leaves."""

import json
import shutil

import numpy as np
import pytest

from kcarol.cli import main as cli
from kcarol.config import AudioConfig
from kcarol.conversion.converter import Converter
from kcarol.corpus.dataset.sound_file import write_sound
from kcarol.dataset import pair_set
from kcarol.dataset.labels import N_PACKED, save_labels
from kcarol.synthesis import render

RATE = AudioConfig().sample_rate


@pytest.fixture(scope="module")
def short_pairs(tmp_path_factory):
    """A pair set of one pair of 4 s, as those that come with the repository."""
    folder, rng = tmp_path_factory.mktemp("short"), np.random.default_rng(1)
    t = np.arange(4 * RATE) / RATE
    tone = 0.2 * np.sin(2 * np.pi * 440 * t) * (np.sin(2 * np.pi * 2 * t) > 0)
    noisy = tone + rng.normal(0, 0.05, len(t))
    write_sound(folder / "a.carol.ogg", tone.astype(np.float32), RATE, 0.4)
    write_sound(folder / "a.pop.ogg", noisy.astype(np.float32), RATE, 0.4)
    labels = np.zeros((AudioConfig().n_frames(len(t)), N_PACKED), np.int16)
    labels[:, 0] = 69
    labels[:, 2] = 0b1000010001
    labels[::32, 3] = 3
    save_labels(folder / pair_set.LABELS_FILE, {"a": labels})
    entry = {"name": "a", "title": "A", "style": "bells", "group": 0, "seed": 0}
    about = {"format": pair_set.FORMAT, "sample_rate": RATE, "pairs": [entry]}
    (folder / "pairs.json").write_text(json.dumps(about))
    return folder


def test_prints_the_table_with_baselines_and_draws_it(tmp_path, short_pairs, weights, capsys):
    data = ["--synthetic", short_pairs, "--weights", weights, "--out", tmp_path]
    assert cli.main(["eval", "--smoke", "--device", "cpu", *map(str, data)]) == 0
    said = capsys.readouterr().out
    rows = [line.split("|") for line in said.splitlines() if line.startswith("| synthetic")]
    systems = {row[2].strip() for row in rows}
    assert {"kcarol", "copy", "eq", "mean", "target", "oracle", "griffin-lim"} <= systems
    for name in ("table.json", "table.csv", "table.md", "table.png", "synthetic.html"):
        assert (tmp_path / name).stat().st_size > 100 and str(tmp_path / name) in said
    table = json.loads((tmp_path / "table.json").read_text())["rows"]
    target = next(row for row in table if row["system"] == "target")
    assert target["tune"] == 1 and target["mse"] == 0 and target["lsd"] == 0


def test_real_songs_are_heard_once_and_played_in_each_style(
    tmp_path, short_pairs, weights, capsys, monkeypatch
):
    monkeypatch.chdir(tmp_path)  # where there are no pairs
    (tmp_path / "pop").mkdir()
    shutil.copy(short_pairs / "a.pop.ogg", tmp_path / "pop" / "song.ogg")
    hear, songs = Converter.transcribe, []
    monkeypatch.setattr(Converter, "transcribe", lambda self, x: songs.append(x) or hear(self, x))
    words = ["eval", "--smoke", "--device", "cpu", "--real", tmp_path, "--weights", weights]
    words += ["--styles", "organ", "brass", "--no-anchors", "--out", tmp_path / "out"]
    assert cli.main([*map(str, words)]) == 0
    rows = json.loads((tmp_path / "out" / "real.json").read_text())["rows"]
    assert [row["sound"] for row in rows] == ["all", "organ", "brass"] and len(songs) == 1
    assert (tmp_path / "out" / "real.html").is_file()


def test_without_a_soundfont_the_baseline_of_samples_is_left_out_with_a_line(
    tmp_path, short_pairs, weights, capsys, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pop").mkdir()
    shutil.copy(short_pairs / "a.pop.ogg", tmp_path / "pop" / "song.ogg")
    words = ["eval", "--smoke", "--device", "cpu", "--real", tmp_path, "--weights", weights]
    words += ["--styles", "organ", "--out", tmp_path / "out"]
    monkeypatch.setattr(render, "FOLDERS", ())
    monkeypatch.delenv("KCAROL_SOUNDFONTS", raising=False)
    assert cli.main([*map(str, words)]) == 0
    said = capsys.readouterr()
    assert "kcarol: the baseline samples is left out: soundfont" in said.err
    rows = json.loads((tmp_path / "out" / "real.json").read_text())["rows"]
    assert {row["system"] for row in rows} >= {"kcarol", "copy"}
    assert "samples" not in {row["system"] for row in rows}


def test_nothing_to_evaluate_is_one_line(tmp_path, monkeypatch, fails):
    monkeypatch.chdir(tmp_path)
    fails(["eval"], "nothing to evaluate", "--real")
    fails(["eval", "--real", tmp_path], "pop/")


def test_cases_are_a_table_and_sounds(tmp_path, weights, capsys):
    words = ["eval", "--smoke", "--device", "cpu", "--weights", weights, "--out", tmp_path]
    assert cli.main([*map(str, words), "--cases"]) == 0
    said = capsys.readouterr().out
    assert "| tempo | step | 1 |" in said and "| tempo | short | 1 |" in said
    for name in ("cases.json", "cases.csv", "cases.md", "cases.html"):
        assert (tmp_path / name).stat().st_size > 100 and str(tmp_path / name) in said
    assert (tmp_path / "cases_files" / "2-short-1" / "1-case.flac").is_file()
    assert cli.main([*map(str, words), "--cases", "6/8"]) == 0
    assert "| metre | 6/8 | 1 |" in capsys.readouterr().out
    assert (tmp_path / "cases_files" / "1-6-8-1" / "1-case.flac").is_file()


def test_an_unknown_kind_of_case_is_one_line(tmp_path, fails):
    fails(["eval", "--out", tmp_path, "--cases", "polka"], "glide", "polka")
