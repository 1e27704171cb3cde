"""`kcarol score`: what is written where, and what is refused in one line."""

import os

from kcarol.cli import main as cli
from kcarol.transcription.transcription import Transcription


def run(*argv) -> int:
    return cli.main(["score", *map(str, argv)])


def test_writes_what_was_heard_and_names_the_file(tmp_path, weights, make_song, capsys):
    song = make_song(tmp_path / "song.wav", 2.0)
    assert run(song, "--weights", weights, "--device", "cpu") == 0
    assert run(song, "--weights", weights, "--device", "cpu", "-o", tmp_path / "a.json") == 0
    written = [tmp_path / "song.musicxml", tmp_path / "a.json"]
    assert capsys.readouterr().out.splitlines() == [str(path) for path in written]
    assert len(Transcription.load(written[1])) == 126


def test_bad_requests_are_one_line_and_leave_nothing(tmp_path, weights, make_song, fails):
    song = make_song(tmp_path / "song.wav")
    weights = ["--weights", weights, "--device", "cpu"]
    fails(["score", tmp_path / "none.mp3", *weights], "none.mp3")
    fails(["score", tmp_path / "none.musicxml"], "none.musicxml")
    fails(["score", song, "-o", tmp_path / "a.doc", *weights], "a.doc", ".musicxml")
    fails(["score", song, "--device", "abacus"], "abacus")
    (tmp_path / "a.json").write_text("[]")
    fails(["score", tmp_path / "a.json"], "a.json", "expected")
    fails(["score", song, "-o", tmp_path / "a.json", *weights], "a.json", "--force")
    assert sorted(os.listdir(tmp_path)) == ["a.json", "song.wav"]
