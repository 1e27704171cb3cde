"""`kcarol preprocess`: clips are written, a bad file is named and the others go on."""

import re

from kcarol.cli import main as cli


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


def test_preprocess_of_a_missing_folder_is_one_line(tmp_path, fails):
    missing = tmp_path / "none"
    fails(["preprocess", "--kpop", missing, "--carol", tmp_path], "none", "expected a folder")
