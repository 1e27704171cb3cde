"""`kcarol preprocess`: clips are written, a bad file is named and the others go on."""

import re

from kcarol.cli import main as cli
from kcarol.cli import original


def test_preprocess_writes_clips_names_the_bad_file_and_goes_on(tmp_path, make_song, capsys):
    pop, carols = tmp_path / "kpop", tmp_path / "carol"
    make_song(pop / "good.wav")
    make_song(carols / "carol.wav")
    (pop / "bad.mp3").write_bytes(b"not sound at all")
    argv = ["preprocess", "--kpop", pop, "--carol", carols, "--processed", tmp_path / "out"]
    assert cli.main([str(word) for word in argv]) == cli.FAILED
    assert (tmp_path / "out/kpop/good.pt").is_file()
    assert (tmp_path / "out/carol/carol.pt").is_file()
    assert re.search(r"bad\.mp3.*failed", capsys.readouterr().out)


def test_a_carol_that_was_replaced_is_trained_on_no_more_and_that_is_said(
    tmp_path, make_song, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    make_song(tmp_path / "data/raw/kpop/song.wav")
    old = make_song(tmp_path / "data/raw/carol/old.wav")
    assert original.main(["--preprocess"]) == 0
    old.rename(tmp_path / "data/raw/carol/new.wav")
    capsys.readouterr()
    assert original.main(["--preprocess"]) == 0
    assert [path.name for path in (tmp_path / "data/processed/carol").glob("*.pt")] == ["new.pt"]
    assert re.search(r"old\.pt.*removed", capsys.readouterr().out)


def test_preprocess_of_a_missing_folder_is_one_line(tmp_path, fails):
    missing = tmp_path / "none"
    fails(["preprocess", "--kpop", missing, "--carol", tmp_path], "none", "expected a folder")


def test_what_is_left_out_is_said(tmp_path, make_song, capsys):
    for folder in ("kpop", "carol"):
        make_song(tmp_path / folder / "a.wav")
    (tmp_path / "carol/b.xyz").touch()
    folders = [f"--{name}={tmp_path / name}" for name in ("kpop", "carol")]
    assert cli.main(["preprocess", *folders, f"--processed={tmp_path / 'out'}"]) == 0
    assert f"{tmp_path / 'carol'}: left out b.xyz" in capsys.readouterr().err
