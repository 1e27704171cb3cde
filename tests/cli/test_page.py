"""`--page`: where the page lies, what a second call adds to it, and what it does not go with."""

from kcarol.cli import main as cli


def run(*argv) -> int:
    return cli.main(["convert", "--device", "cpu", "--page", *map(str, argv)])


def test_the_page_of_one_song_lies_beside_its_carol(tmp_path, weights, make_song, capsys):
    song = make_song(tmp_path / "a song.wav", 2.0)
    assert run(song, "--weights", weights, "--mono") == 0
    page = tmp_path / "a song.carol.html"
    assert capsys.readouterr().out.splitlines()[-1] == str(page)
    text = page.read_text("utf-8")
    assert 'src="a%20song.carol_files/a%20song.carol/1-song.mp3"' in text and "Heard: " in text


def test_pages_are_in_the_language_of_the_last_call(tmp_path, weights, make_song, monkeypatch):
    for name in ("Song", "b"):
        make_song(tmp_path / "in" / f"{name}.wav", 2.0)
    argv = [tmp_path / "in", "-o", tmp_path / "out", "--weights", weights]
    page = tmp_path / "out" / "listen.html"
    monkeypatch.setenv("LANGUAGE", "ko")
    assert run(*argv) == 0
    korean = page.read_text("utf-8")
    assert '<html lang="ko">' in korean and "노래 2곡과 그 캐럴" in korean and "마디" in korean
    assert "<bdi>Song</bdi>" in korean  # a name, though it is also a word of the page
    monkeypatch.setenv("LANGUAGE", "en")
    assert run(*argv) == 0
    english = page.read_text("utf-8")
    assert '<html lang="en">' in english and "2 songs as carols" in english


def test_of_a_folder_a_second_call_adds_what_is_missing_and_lists_all(
    tmp_path, weights, make_song, capsys
):
    for name in ("a", "b"):
        make_song(tmp_path / "in" / f"{name}.wav", 2.0)
    argv = [tmp_path / "in", "-o", tmp_path / "out", "--weights", weights]
    assert run(*argv) == 0
    card = tmp_path / "out" / "listen_files" / "a.carol" / "card.json"
    before = card.stat().st_mtime_ns
    make_song(tmp_path / "in" / "c.wav", 2.0)
    (tmp_path / "out" / "listen_files" / "b.carol" / "card.json").unlink()
    capsys.readouterr()
    assert run(*argv) == 0
    assert capsys.readouterr().out.splitlines() == [
        str(tmp_path / "out" / "c.carol.wav"),
        str(tmp_path / "out" / "listen.html"),
    ]
    text = (tmp_path / "out" / "listen.html").read_text("utf-8")
    assert card.stat().st_mtime_ns == before and text.count("<audio") == 6


def test_the_sounds_of_a_page_are_no_songs(tmp_path, weights, make_song):
    make_song(tmp_path / "a.wav", 2.0)
    make_song(tmp_path / "b.wav", 2.0)
    for _ in range(2):
        assert run(tmp_path, "--weights", weights) == 0
    assert sorted(path.name for path in tmp_path.glob("**/*.carol.wav")) == [
        "a.carol.wav",
        "b.carol.wav",
    ]
    assert (tmp_path / "listen.html").read_text("utf-8").count("<audio") == 4


def test_a_song_that_fails_has_no_card(tmp_path, weights, make_song):
    make_song(tmp_path / "in" / "a.wav", 2.0)
    (tmp_path / "in" / "bad.mp3").write_bytes(b"not sound")
    assert run(tmp_path / "in", "-o", tmp_path / "out", "--weights", weights) == cli.FAILED
    assert (tmp_path / "out" / "listen.html").read_text("utf-8").count("<audio") == 2


def test_a_page_of_somebody_else_is_kept(tmp_path, weights, make_song, fails):
    song = make_song(tmp_path / "song.wav")
    page = tmp_path / "song.carol.html"
    page.write_text("mine")
    fails(["convert", song, "--page", "--weights", weights], page.name, "--force")
    assert page.read_text() == "mine"
    assert not (tmp_path / "song.carol.wav").exists()


def test_a_manifest_has_no_page(tmp_path, fails):
    (tmp_path / "list.txt").write_text("song.wav\n")
    fails(["convert", "--manifest", tmp_path / "list.txt", "--page"], "--page", "--manifest")
