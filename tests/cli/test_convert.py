"""`kcarol convert`: what is written where, what is skipped, and what is refused in one line."""

import sys
import types

import pytest
import soundfile
import torch
from separators import save_tiny, tiny_network
from voices import band, sung_voice, write

from kcarol.audio.decoding import load_audio
from kcarol.cli import convert
from kcarol.cli import main as cli
from kcarol.config import AudioConfig
from kcarol.conversion.converter import Converter
from kcarol.conversion.styles import STYLE_NAMES
from kcarol.training.fine_tuning import OWN
from kcarol.voice.separation import separator

RATE = AudioConfig().sample_rate


def run(*argv) -> int:
    return cli.main(["convert", "--device", "cpu", *map(str, argv)])


def test_writes_a_carol_as_long_as_the_song_and_a_picture(tmp_path, weights, make_song, capsys):
    song = make_song(tmp_path / "song.wav", 1.3)
    assert run(song, "--weights", weights, "--picture") == 0
    carol, picture = tmp_path / "song.carol.wav", tmp_path / "song.carol.png"
    assert capsys.readouterr().out.splitlines() == [str(carol), str(picture)]
    assert len(load_audio(carol)) == len(load_audio(song))
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_never_overwrites_without_force(tmp_path, weights, make_song, fails):
    song, carol = make_song(tmp_path / "song.wav"), tmp_path / "song.carol.wav"
    carol.write_bytes(b"mine")
    fails(["convert", song, "--weights", weights, "--device", "cpu"], "song.carol.wav", "--force")
    assert carol.read_bytes() == b"mine"
    assert run(song, "--weights", weights, "--force") == 0
    assert carol.read_bytes() != b"mine"


def test_a_folder_names_the_failure_converts_the_rest_and_is_skipped_the_second_time(
    tmp_path, weights, make_song, capsys
):
    for name in ("a.wav", "b.wav", "a.carol.wav"):  # the last is a carol made before, no song
        make_song(tmp_path / "in" / name)
    bad = tmp_path / "in" / "bad.mp3"
    bad.write_bytes(b"not sound")
    out = tmp_path / "out"
    argv = [tmp_path / "in", "-o", out, "--format", "flac", "--weights", weights]

    assert run(*argv) == cli.FAILED
    said = capsys.readouterr()
    assert said.out.splitlines() == [str(out / "a.carol.flac"), str(out / "b.carol.flac")]
    assert "bad.mp3" in said.err and "3 songs, 1 failed" in said.err
    assert len(load_audio(out / "a.carol.flac")) == RATE

    bad.unlink()
    before = (out / "a.carol.flac").stat().st_mtime_ns
    assert run(*argv) == 0
    said = capsys.readouterr()
    skipped = "2 songs, 2 skipped (exist already; --force to convert them again)"
    assert (said.out, said.err) == ("", f"kcarol: {skipped}\n")
    assert (out / "a.carol.flac").stat().st_mtime_ns == before

    (out / "b.carol.flac").unlink()
    assert run(*argv) == 0
    said = capsys.readouterr()
    assert said.out.splitlines() == [str(out / "b.carol.flac")]
    assert "2 songs, 1 skipped" in said.err and "failed" not in said.err


def test_of_a_folder_what_was_made_otherwise_is_made_anew(tmp_path, weights, make_song, capsys):
    for name in ("a.wav", "b.wav"):
        make_song(tmp_path / "in" / name)
    argv = [tmp_path / "in", "-o", tmp_path / "vol.2", "--weights", weights]
    carols = [tmp_path / "vol.2" / f"{name}.carol.wav" for name in "ab"]
    assert run(*argv) == 0
    before = [carol.read_bytes() for carol in carols]
    capsys.readouterr()

    make_song(tmp_path / "in/a.wav", hz=440)  # replaced
    assert run(*argv) == 0
    said = capsys.readouterr()
    assert said.out == f"{carols[0]}\n" and "2 songs, 1 skipped" in said.err
    assert carols[0].read_bytes() != before[0] and carols[1].read_bytes() == before[1]

    assert run(*argv, "--strength", "0.5", "--picture") == 0
    assert len(capsys.readouterr().out.splitlines()) == 4
    assert carols[1].read_bytes() != before[1]

    carols[1].write_bytes(b"mine")
    assert run(*argv, "--strength", "0.5") == 0
    said = capsys.readouterr()
    assert "2 skipped" in said.err and "1 of the skipped do not record" in said.err
    assert carols[1].read_bytes() == b"mine"


def test_of_a_folder_what_is_missing_beside_kept_carols_is_added(
    tmp_path, weights, make_song, capsys
):
    for name in ("a.wav", "b.wav"):
        make_song(tmp_path / "in" / name, 2.0)
    out, stems = tmp_path / "out", tmp_path / "stems"
    argv = [tmp_path / "in", "-o", out, "--weights", weights]
    assert run(*argv) == 0
    carols = [out / f"{name}.carol.wav" for name in "ab"]
    before = [carol.stat().st_mtime_ns for carol in carols]
    (out / "a.carol.json").write_text("mine")
    capsys.readouterr()

    assert run(*argv, "--score", "json", "--score", "lab", "--picture") == 0
    names = ["a.carol.lab", "a.carol.png", "b.carol.json", "b.carol.lab", "b.carol.png"]
    assert capsys.readouterr().out.splitlines() == [str(out / name) for name in names]
    assert (out / "a.carol.json").read_text() == "mine"
    assert [carol.stat().st_mtime_ns for carol in carols] == before

    assert run(*argv, "--score", "lab", "--stems", stems) == 0
    found = capsys.readouterr()
    assert {path.name.split(".")[0] for path in stems.iterdir()} == {"a", "b"} and not found.err
    assert run(*argv, "--score", "lab", "--stems", stems) == 0
    found = capsys.readouterr()
    assert not found.out and "2 songs, 2 skipped" in found.err


def test_what_an_interrupted_call_left_beside_a_carol_does_not_stop_the_next_one(
    tmp_path, weights, make_song, capsys
):
    make_song(tmp_path / "in/a.wav", 2.0)
    out, stems = tmp_path / "out", tmp_path / "stems"
    argv = [tmp_path / "in", "-o", out, "--weights", weights, "--score", "lab", "--stems", stems]
    assert run(*argv) == 0
    carol, score = out / "a.carol.wav", out / "a.carol.lab"
    sound, heard = carol.read_bytes(), score.stat().st_mtime_ns
    carol.unlink()  # the carol is written last
    kept = next(stems.iterdir())
    assert run(*argv) == 0
    assert carol.read_bytes() == sound and score.stat().st_mtime_ns == heard
    carol.unlink()
    kept.write_bytes(b"mine")
    assert run(*argv) == cli.FAILED
    assert f"{kept} exists" in capsys.readouterr().err and kept.read_bytes() == b"mine"


def test_two_files_of_one_song_get_carols_of_their_own_one_by_one(tmp_path, weights, make_song):
    songs = [make_song(tmp_path / f"song.{kind}") for kind in ("wav", "flac")]
    for song in songs:
        assert run(song, "--weights", weights) == 0
    assert {path.name for path in tmp_path.glob("*.carol.*")} == {
        "song.carol.wav",
        "song.flac.carol.wav",
    }


@pytest.mark.parametrize(
    "argv, words",
    [
        (["--strength", "1.5"], ["--strength", "0 to 1", "1.5"]),
        (["--style", "no-such-carol"], ["no-such-carol", "bells"]),
        (["--device", "abacus"], ["abacus", "cpu"]),
        (["-o", "carol.txt"], ["carol.txt", ".flac"]),
        (["--weights", "nowhere.safetensors"], ["nowhere.safetensors"]),
        (["--manifest", "songs.txt"], ["--manifest", "both"]),
        (["--score", "doc"], ["--score", "musicxml"]),
        (["--stems", "stems", "--strength", "0.5"], ["strength 1 for stems", "0.5"]),
    ],
)
def test_bad_requests_are_one_line(argv, words, tmp_path, weights, make_song, fails):
    known = [] if "--weights" in argv else ["--weights", weights]
    fails(["convert", make_song(tmp_path / "song.wav"), *argv, *known], *words)


def test_nothing_to_convert_is_one_line(fails):
    fails(["convert"], "expected songs", "neither")


def test_style_names_in_the_help_are_those_of_the_converter():
    assert convert.STYLE_NAMES == STYLE_NAMES and convert.OWN_STYLE == OWN


def test_the_usual_style_is_the_users_own_where_there_is_one():
    assert convert.usual_style(types.SimpleNamespace(styles={"bells": 0, "own": 1})) == "own"
    assert convert.usual_style(types.SimpleNamespace(styles={"choir": 0, "bells": 1})) == "bells"


def test_the_accelerator_that_is_there_is_used(tmp_path, make_song, monkeypatch):
    """Seen through what the networks are loaded onto: an MPS device is not to be passed over."""
    asked = []

    def load(weights, device, vocoder):
        asked.append(str(device))
        raise ValueError("enough")

    monkeypatch.setattr(Converter, "load", load)
    song = make_song(tmp_path / "song.wav")
    for cuda, mps, expected in [
        (True, True, "cuda:0"),
        (False, True, "mps"),
        (False, False, "cpu"),
    ]:
        monkeypatch.setattr(torch.cuda, "is_available", lambda cuda=cuda: cuda)
        monkeypatch.setattr(torch.backends.mps, "is_available", lambda mps=mps: mps)
        assert cli.main(["convert", str(song)]) == cli.FAILED
        assert asked[-1] == expected


@pytest.mark.parametrize("as_list", [False, True])
def test_a_song_of_which_sound_is_missing_becomes_a_carol_and_one_line_and_the_status_tells(
    as_list, tmp_path, weights, make_song, capsys
):
    song = make_song(tmp_path / "song.wav", 4.0)
    song.write_bytes(song.read_bytes()[: 3 * 2 * RATE])
    (tmp_path / "list.txt").write_text("song.wav\n")
    what = ["--manifest", tmp_path / "list.txt"] if as_list else [song]
    assert run(*what, "--weights", weights) == cli.FAILED
    lines = [line for line in capsys.readouterr().err.splitlines() if "kcarol: " in line]
    assert len(lines) == 1 and f"{song}: expected whole sound" in lines[0]
    assert "from 3.0 to 4.0 s" in lines[0]
    assert abs(len(load_audio(tmp_path / "song.carol.wav")) - 3 * RATE) < 0.1 * RATE


@pytest.mark.parametrize("as_list", [False, True])
def test_missing_sound_is_told_again_until_there_is_a_whole_copy(
    as_list, tmp_path, weights, make_song, capsys
):
    song, out = make_song(tmp_path / "album/song.wav", 4.0), tmp_path / "out"
    whole = song.read_bytes()
    song.write_bytes(whole[: 3 * 2 * RATE])
    (tmp_path / "list.txt").write_text("album/song.wav\n")
    what = ["--manifest", tmp_path / "list.txt"] if as_list else [song.parent]
    for _ in range(2):
        assert run(*what, "--weights", weights, "-o", out) == cli.FAILED
        assert "expected whole sound" in capsys.readouterr().err
    song.write_bytes(whole)
    assert run(*what, "--weights", weights, "-o", out) == 0
    assert len(load_audio(out / "song.carol.wav")) == 4 * RATE


def test_rate_channels_and_hall_are_those_that_were_asked_for(tmp_path, weights, make_song):
    song = make_song(tmp_path / "in" / "a.wav")
    argv = [song.parent, "-o", tmp_path / "out", "--weights", weights]
    carol = tmp_path / "out" / "a.carol.wav"
    found = []
    for options in ([], ["--rate", 32_000], ["--rate", 32_000, "--mono"], ["--hall", 1]):
        assert run(*argv, *options) == 0  # each is another carol, and made anew
        about = soundfile.info(carol)
        found.append((about.samplerate, about.channels, about.frames))
    assert found == [(48_000, 2, 48_000), (32_000, 2, 32_000), (32_000, 1, 32_000), found[0]]


def test_scores_and_stems_are_written_beside_the_carol(tmp_path, weights, make_song, capsys):
    song = make_song(tmp_path / "song.wav", 2.0)
    argv = [song, "--weights", weights, "--score", "json", "--score", "musicxml"]
    assert run(*argv, "--stems", tmp_path / "stems") == 0
    said = capsys.readouterr().out.splitlines()
    names = ["song.carol.wav", "song.carol.json", "song.carol.musicxml"]
    assert said[:3] == [str(tmp_path / name) for name in names]
    assert sorted(said[3:]) == sorted(str(path) for path in (tmp_path / "stems").iterdir())
    (tmp_path / "song.carol.wav").unlink()
    assert run(*argv) == cli.FAILED
    assert "song.carol.json exists" in capsys.readouterr().err


def test_a_voice_is_laid_over_its_song_and_a_kept_carol_without_it_is_outdated(
    tmp_path, weights, capsys
):
    folder, voices_folder = tmp_path / "songs", tmp_path / "voices"
    folder.mkdir()
    voices_folder.mkdir()
    write(folder / "a.wav", sung_voice() + band())
    write(voices_folder / "a.wav", sung_voice())
    argv = [folder, "--weights", weights]
    assert run(*argv) == 0
    without = (folder / "a.carol.wav").read_bytes()
    assert run(*argv, "--voice", voices_folder) == 0
    with_voice = (folder / "a.carol.wav").read_bytes()
    assert with_voice != without
    capsys.readouterr()
    assert run(*argv, "--voice", voices_folder) == 0
    assert "1 skipped" in capsys.readouterr().err
    assert run(*argv, "--voice", voices_folder, "--voice-tune", "keep") == 0
    assert (folder / "a.carol.wav").read_bytes() != with_voice


def test_one_voice_for_several_songs_and_no_voice_are_one_line(tmp_path, weights, make_song, fails):
    songs = [make_song(tmp_path / name) for name in ("a.wav", "b.wav")]
    request = ["convert", *songs, "--weights", weights, "--device", "cpu", "--voice"]
    fails([*request, songs[0]], "expected a folder of voices for several songs, found a file")
    fails([*request, tmp_path / "no.wav"], "no.wav", "found none")


@pytest.fixture
def separating(tmp_path, monkeypatch):
    """Options for a tiny network that separates."""
    monkeypatch.setattr(separator, "empty_network", tiny_network)
    weights = save_tiny(tmp_path / "tiny.pt")
    return ["--voice", "separate", "--separator-weights", weights]


def test_a_voice_is_separated_laid_over_its_song_and_kept(tmp_path, weights, separating, capsys):
    folder = tmp_path / "songs"
    folder.mkdir()
    write(folder / "a.wav", sung_voice() + band())
    argv = [folder, "--weights", weights]
    assert run(*argv) == 0
    without = (folder / "a.carol.wav").read_bytes()
    capsys.readouterr()
    assert run(*argv, *separating) == 0
    assert (folder / "a.carol.wav").read_bytes() != without
    voice = folder / "a.voice.flac"
    assert capsys.readouterr().out.splitlines() == [str(folder / "a.carol.wav"), str(voice)]
    kept = voice.stat().st_mtime_ns
    assert soundfile.info(voice).duration == pytest.approx(9, abs=1e-3)
    capsys.readouterr()
    assert run(*argv, *separating) == 0
    assert "1 skipped" in capsys.readouterr().err
    assert voice.stat().st_mtime_ns == kept


def test_nothing_is_separated_for_a_carol_that_may_not_be_written(
    tmp_path, weights, make_song, separating, fails
):
    song, carol = make_song(tmp_path / "song.wav"), tmp_path / "song.carol.wav"
    carol.write_bytes(b"mine")
    fails(["convert", song, "--weights", weights, "--device", "cpu", *separating], "--force")
    assert not (tmp_path / "song.voice.flac").exists()


def test_no_network_is_spoken_to_unless_the_user_agrees(
    tmp_path, weights, make_song, monkeypatch, fails
):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    song = make_song(tmp_path / "song.wav")
    request = ["convert", song, "--weights", weights, "--voice", "separate"]
    fails(request, "--yes", "--separator-weights")
    assert not (tmp_path / "cache").exists()


def test_lists_of_songs_are_not_separated(tmp_path, fails):
    (tmp_path / "list.txt").write_text("a.wav\n")
    request = ["convert", "--manifest", tmp_path / "list.txt", "--voice", "separate"]
    fails(request, "--voice separate is for songs")


@pytest.mark.parametrize("command", ["convert", "play"])
def test_a_choir_of_a_voice_needs_the_voice(command, tmp_path, make_song, fails):
    song = make_song(tmp_path / "a.wav")
    fails([command, song, "--choir", "voice"], "--choir voice", "--voice FILE")


def test_a_choir_of_a_voice_needs_world(tmp_path, make_song, fails, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyworld", None)
    song = make_song(tmp_path / "a.wav")
    request = ["convert", song, "--voice", song, "--choir", "voice"]
    fails(request, "kcarol: --choir voice: expected WORLD", "[voice]'")
