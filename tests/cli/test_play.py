"""`kcarol play`: what is written where, and what is refused in one line."""

import os

import pytest
import soundfile

from kcarol.cli import main as cli
from kcarol.synthesis import render


def run(*argv) -> int:
    return cli.main(["play", "--device", "cpu", *map(str, argv)])


@pytest.fixture(scope="module")
def heard(tmp_path_factory, weights, make_song):
    """What was heard of two seconds."""
    folder = tmp_path_factory.mktemp("heard")
    song = make_song(folder / "song.wav", 2.0)
    argv = ["score", song, "-o", folder / "song.json", "--weights", weights, "--device", "cpu"]
    assert cli.main([str(word) for word in argv]) == 0
    return folder / "song.json"


def test_plays_beside_the_score_and_names_the_files(tmp_path, weights, heard, capsys):
    score = tmp_path / "song.json"
    score.write_bytes(heard.read_bytes())
    stems = ["--stems", tmp_path / "stems", "--mono"]
    assert run(score, "--weights", weights, "--style", "choir", *stems) == 0
    carol = tmp_path / "song.carol.wav"
    said = capsys.readouterr().out.splitlines()
    assert said[0] == str(carol)
    assert sorted(said[1:]) == sorted(str(path) for path in (tmp_path / "stems").iterdir())
    assert soundfile.info(carol).duration == 2.0 and soundfile.info(carol).channels == 1


@pytest.mark.parametrize(
    "argv, words",
    [
        (["--style", "no-such-carol"], ["no-such-carol", "bells"]),
        (["--engine", "organ"], ["--engine", "network", "samples"]),
        (["-o", "carol.txt"], ["carol.txt", ".flac"]),
        (["--like", "none.mp3"], ["none.mp3"]),
        (["--hall", "2"], ["--hall", "0 to 1"]),
    ],
)
def test_bad_requests_are_one_line(argv, words, tmp_path, weights, heard, fails, monkeypatch):
    monkeypatch.chdir(tmp_path)
    fails(["play", heard, "-o", "a.wav", "--weights", weights, "--device", "cpu", *argv], *words)
    assert os.listdir(tmp_path) == []


def test_samples_without_a_soundfont_say_what_to_install(
    tmp_path, weights, heard, fails, monkeypatch
):
    monkeypatch.setattr(render, "FOLDERS", ())
    monkeypatch.delenv("KCAROL_SOUNDFONTS", raising=False)
    argv = ["play", heard, "-o", tmp_path / "a.wav", "--weights", weights, "--engine", "samples"]
    fails(argv, "--engine samples", "soundfont", "apt install")
    assert os.listdir(tmp_path) == []
