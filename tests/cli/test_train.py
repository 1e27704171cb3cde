"""`kcarol train`: settings that reach the training, weights that can be used."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from training_runs import random_carols, rows_of

from kcarol.audio.clips import preprocess
from kcarol.cli import main as cli
from kcarol.config import AudioConfig, Config
from kcarol.conversion.weights import CONVERTER_FILE, SYLLABLES_FILE, VOCODER_FILE
from kcarol.dataset.carols import SUFFIX, save_carols
from kcarol.training import pretraining


def run(*argv) -> int:
    return cli.main(["train", "--smoke", "--device", "cpu", *map(str, argv)])


@pytest.fixture
def no_synthesiser(monkeypatch):
    """Styles would be rendered otherwise."""
    monkeypatch.setattr("kcarol.synthesis.render.available", lambda *_: "not here")


@pytest.fixture
def carol_folder(tmp_path):
    """Two rows of noise under a scale."""
    folder = tmp_path / "carols"
    folder.mkdir()
    waves = torch.zeros(2, 2, 20 * AudioConfig.hop_length, dtype=torch.int16)
    save_carols(folder / f"0{SUFFIX}", replace(random_carols(), waves=waves))
    return folder


@pytest.mark.parametrize("what", ["hearing", "player", "syllables", "vocoder"])
def test_networks_train_from_a_corpus_and_can_be_used(
    what,
    tmp_path,
    shard_folder,
    carol_folder,
    sung_folder,
    weights,
    make_song,
    no_synthesiser,
    capsys,
):
    corpus = {"hearing": shard_folder, "syllables": sung_folder}.get(what, carol_folder)
    data = ["--corpus", corpus, "--held-out", corpus]
    base = [] if what == "vocoder" else ["--weights", weights / CONVERTER_FILE]
    argv = ["--what", what, *data, *base, "--steps", 2, "--precision", "fp32", "--out", tmp_path]
    assert run(*argv) == 0
    names = {"vocoder": VOCODER_FILE, "syllables": SYLLABLES_FILE}
    name = names.get(what, CONVERTER_FILE)
    assert capsys.readouterr().out.splitlines()[-1] == str(tmp_path / name)
    assert (tmp_path / "log.csv").is_file()

    for other in {VOCODER_FILE, CONVERTER_FILE, SYLLABLES_FILE} - {name}:
        (tmp_path / other).write_bytes((weights / other).read_bytes())
    song, style = make_song(tmp_path / "song.wav"), make_song(tmp_path / "style.wav")
    use = ["--weights", tmp_path, "--style", style, "--device", "cpu"]
    assert cli.main(["convert", *map(str, [song, *use])]) == 0
    assert (tmp_path / "song.carol.wav").is_file()


def test_resuming_goes_on_where_the_run_stopped(tmp_path, shard_folder, no_synthesiser, capsys):
    argv = ["--what", "hearing", "--corpus", shard_folder, "--out", tmp_path]
    assert run(*argv, "--steps", 1) == 0
    assert run(*argv, "--steps", 2, "--resume") == 0
    assert "step 1 to 2" in capsys.readouterr().out


def test_resuming_with_another_corpus_says_so(tmp_path, shard_folder, no_synthesiser, capsys):
    argv = ["--what", "hearing", "--out", tmp_path / "run"]
    assert run(*argv, "--corpus", shard_folder, "--steps", 1) == 0
    assert run(*argv, "--corpus", shard_folder, "--steps", 2, "--resume") == 0
    assert "other data" not in capsys.readouterr().out
    other = tmp_path / "other.pairs.safetensors"
    other.write_bytes(next(shard_folder.glob("*")).read_bytes())
    assert run(*argv, "--corpus", tmp_path, "--steps", 3, "--resume") == 0
    assert "other data than the checkpoint was trained on: new: other" in capsys.readouterr().out


def test_a_personal_run_takes_the_carols_that_are_given(
    tmp_path, carol_folder, make_song, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    for name in ("kpop/s.wav", "carol/c.wav"):
        make_song(tmp_path / "data/raw" / name, 3.0)
    assert cli.main(["preprocess"]) == 0
    assert run("--corpus", carol_folder, "--steps", 1) == 0
    said = capsys.readouterr()
    assert "training on carols: c (3 s)" in said.err
    page = tmp_path / "runs/personal/listen.html"
    assert said.out.splitlines()[-1].startswith(f"wrote {page.relative_to(tmp_path)}")
    text = page.read_text("utf-8")
    assert text.count("<audio") == 3 and "--smoke" in text
    assert (page.parent / "listen_files/1-s/3-carol-after.mp3").is_file()


def test_a_personal_run_without_songs_says_that_there_is_no_page(
    tmp_path, carol_folder, make_song, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    carol = make_song(tmp_path / "raw/c.wav", 3.0)
    preprocess({"carol": carol.parent}, tmp_path / "data/processed", progress=False)
    assert run("--corpus", carol_folder, "--steps", 1) == 0
    said = capsys.readouterr()
    assert "no songs, so no page" in said.err and "listen.html" not in said.out


def test_a_damaged_song_is_named_before_training(tmp_path, make_song, monkeypatch, fails):
    monkeypatch.chdir(tmp_path)
    carol = make_song(tmp_path / "raw/c.wav", 3.0)
    preprocess({"carol": carol.parent}, tmp_path / "data/processed", progress=False)
    song = tmp_path / "data/processed/kpop/song.pt"
    song.parent.mkdir()
    song.write_bytes(b"cut off")
    fails(["train", "--smoke", "--device", "cpu"], "song.pt", "expected a clip", "or remove it")
    assert not (tmp_path / "runs").exists()


def test_syllables_are_validated_on_songs_that_are_held_out(tmp_path, sung_folder, weights):
    data = ["--corpus", sung_folder, "--held-out", sung_folder, "--weights", weights]
    assert run("--what", "syllables", *data, "--steps", 1, "--out", tmp_path) == 0
    (row,) = rows_of(tmp_path / "validation.csv")
    assert 0 <= float(row["right"]) <= 1 and float(row["loss"]) > 0


@pytest.mark.parametrize(
    "argv, words",
    [
        (["--steps", "0"], ["--steps", "at least 1"]),
        (["--what", "hearing", "--corpus", "nowhere"], ["nowhere", "kcarol corpus"]),
        (["--what", "syllables", "--corpus", "nowhere"], ["nowhere", "kcarol corpus --sung"]),
        (["--hours", "-1"], ["--hours"]),
        (["--dropout", "1"], ["--dropout", "less than 1"]),
        (["--dropout", "nan"], ["--dropout", "nan"]),
    ],
)
def test_bad_requests_are_one_line(argv, words, tmp_path, fails):
    fails(["train", "--out", tmp_path, *argv], *words)


def test_only_the_first_process_writes_weights(tmp_path, shard_folder, monkeypatch):
    monkeypatch.setenv("RANK", "1")
    # not yet written by the first
    monkeypatch.setattr(pretraining, "fit", lambda *_, **__: tmp_path / "checkpoint.pt")
    made = pretraining.train_network(
        "hearing", shard_folder, Config.smoke(), tmp_path, device="cpu"
    )
    assert Path(made) == tmp_path / "converter.safetensors" and not made.exists()
