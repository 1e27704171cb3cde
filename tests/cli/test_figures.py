"""`kcarol figures`: pictures of sounds, curves and tables."""

from kcarol.cli import main as cli

PNG = b"\x89PNG"


def test_draws_sounds_curves_and_tables_and_names_what_it_cannot(
    tmp_path, make_song, capsys, fails
):
    files = {
        "log.csv": "step,loss,tune\n10,2.0,1.0\n20,1.0,0.5\n",
        "wrong.csv": "nothing\n1\n",
        "wrong.json": "[]",
    }
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    sound = make_song(tmp_path / "a.wav")
    given = [sound, *(tmp_path / name for name in files)]
    assert cli.main(["figures", *map(str, given)]) == cli.FAILED
    said = capsys.readouterr()
    assert said.out.splitlines() == [str(tmp_path / "a.png"), str(tmp_path / "log.png")]
    assert "wrong.csv" in said.err and "table.json" in said.err
    assert (tmp_path / "a.png").read_bytes().startswith(PNG)
    assert (tmp_path / "log.png").read_bytes().startswith(PNG)
    fails(["figures", sound], "a.png", "--force")


def test_sounds_become_a_video(tmp_path, make_song, capsys, fails):
    sound = make_song(tmp_path / "a.wav")
    target = tmp_path / "a.mp4"
    assert cli.main(["figures", str(sound), "--video", str(target), "--length", "2"]) == 0
    assert capsys.readouterr().out.strip() == str(target)
    assert target.read_bytes()[4:8] == b"ftyp"
    fails(["figures", sound, "--video", target], "a.mp4", "--force")
    fails(["figures", "--video", tmp_path / "b.mp4"], "--video", "sound files")
    fails(["figures", sound, "--video", tmp_path / "b.mp4", "--length", "0"], "--length")
