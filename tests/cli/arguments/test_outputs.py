"""Where carols go: each song gets a name of its own, and keeps it."""

import unicodedata
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kcarol.audio.encoding import save_audio
from kcarol.cli.arguments.checks import UsageError
from kcarol.cli.arguments.outputs import means_folder, name_carols, out_path, plan_outputs
from kcarol.conversion.provenance import comment_of, provenance_of


def made(song: Path, carol: Path) -> Path:
    """A carol that records its song, as `convert` leaves it."""
    record = provenance_of(song, carol, "settings")
    return save_audio(carol, np.zeros(100, np.float32), comment=comment_of(record))


def written(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def test_songs_of_one_name_get_carols_of_different_names(tmp_path):
    first, second = tmp_path / "a.mp3", tmp_path / "a.ogg"
    first.touch()
    second.touch()
    plan, problems = plan_outputs([tmp_path], None, "wav")
    assert not problems
    assert plan == {first: tmp_path / "a.carol.wav", second: tmp_path / "a.ogg.carol.wav"}


def test_songs_of_several_folders_are_numbered_past_names_that_are_taken():
    songs = [Path(f"{folder}/a.mp3") for folder in "uvwxy"]
    songs.insert(2, Path("t/a.mp3-3.wav"))
    plan, _ = plan_outputs(songs, Path("out"), "ogg")
    assert [path.name for path in plan.values()] == [
        "a.carol.ogg",
        "a.mp3.carol.ogg",
        "a.mp3-3.carol.ogg",
        "a.mp3-2.carol.ogg",
        "a.mp3-4.carol.ogg",
        "a.mp3-5.carol.ogg",
    ]


def test_letter_case_makes_no_other_name():
    plan, _ = plan_outputs([Path("u/A.mp3"), Path("v/a.mp3")], Path("out"), "wav")
    assert len({str(path).casefold() for path in plan.values()}) == 2


def test_a_long_name_keeps_its_beginning_and_its_end():
    song = Path("음" * 90 + " 1.mp3")
    plan, _ = plan_outputs([song], None, "wav")
    name = plan[song].name
    assert len(name.encode()) <= 255
    assert name.startswith("음음") and name.endswith(" 1.carol.wav") and "~" in name


def test_one_file_name_for_several_songs_is_refused(tmp_path):
    with pytest.raises(UsageError, match="expected a folder for several songs"):
        plan_outputs([Path("a.wav"), Path("b.wav")], Path("carol.wav"), "wav")
    (tmp_path / "a.wav").touch()
    with pytest.raises(UsageError, match="expected a folder for several songs"):
        plan_outputs([tmp_path], Path("carol.wav"), "wav")


def test_folders_without_songs_are_named(tmp_path):
    (tmp_path / "a.carol.wav").touch()
    plan, problems = plan_outputs([tmp_path], None, "wav")
    assert not plan and len(problems) == 1 and "only carols" in problems[0]


def test_what_kcarol_put_beside_a_song_is_no_song(tmp_path):
    for name in ("a.ogg", "a.carol.wav", "a.voice.flac"):
        (tmp_path / name).touch()
    plan, problems = plan_outputs([tmp_path], None, "wav")
    assert (list(plan), problems) == ([tmp_path / "a.ogg"], [])


def test_both_forms_of_unicode_make_no_other_name():
    songs = [Path(unicodedata.normalize(form, "노래.mp3")) for form in ("NFC", "NFD")]
    plan, _ = plan_outputs(songs, Path("out"), "wav")
    assert len({unicodedata.normalize("NFC", str(path)) for path in plan.values()}) == 2


def test_a_song_keeps_the_name_of_its_carol_whatever_comes_before_it(tmp_path):
    out = tmp_path / "out"
    first, second = (written(tmp_path / name / "song.wav", name) for name in "xy")
    (kept,) = name_carols([first], out, ".carol.wav").values()
    made(first, kept)
    assert name_carols([second, first], out, ".carol.wav") == {
        second: out / "song.wav.carol.wav",
        first: out / "song.carol.wav",
    }
    # also where that song is not in the list any more
    assert name_carols([second], out, ".carol.wav") == {second: out / "song.wav.carol.wav"}


def test_a_song_that_was_moved_keeps_its_carol_and_a_replaced_one_its_name(tmp_path):
    out = tmp_path / "out"
    song = written(tmp_path / "x/song.wav", "x")
    kept = made(song, out / "song.carol.wav")
    moved = written(tmp_path / "z/song.wav", "x")
    assert name_carols([moved], out, ".carol.wav") == {moved: kept}
    assert name_carols([moved, song], out, ".carol.wav")[song] == kept
    song.write_text("another song")
    assert name_carols([song], out, ".carol.wav") == {song: kept}


@settings(max_examples=50, deadline=None)
@given(
    runs=st.lists(
        st.lists(
            st.sampled_from([f"{a}/s.{b}" for a in "uvwxyz" for b in ("mp3", "ogg")]), unique=True
        ),
        min_size=1,
        max_size=4,
    ),
    data=st.data(),
)
def test_over_all_runs_a_carol_is_of_one_song_alone(runs, data, tmp_path_factory):
    """Lists grow, shrink and change their order; some of a run's carols are not reached."""
    folder = tmp_path_factory.mktemp("runs")
    first_names: dict[Path, Path] = {}
    for names in runs:
        songs = [written(folder / name, name) for name in names]
        plan = name_carols(songs, folder / "out", ".carol.wav")
        assert list(plan) == songs and len(set(plan.values())) == len(songs)
        for song, carol in plan.items():
            assert first_names.get(song, carol) == carol
            assert carol not in set(first_names.values()) - {first_names.get(song)}
            if song not in first_names and data.draw(st.booleans()):
                first_names[song] = made(song, carol)


@pytest.mark.parametrize(
    "name", ["St. Nick vol.2", "vol.2", "a. b c", "plain", "vol.wav/", "x.txt/"]
)
def test_dots_and_slashes_make_folders(name):
    assert all(means_folder(out_path(name), several) for several in (False, True))


def test_endings_make_files_of_one_song(tmp_path):
    assert not any(means_folder(Path(name), several=False) for name in ("a.wav", "a b.MP3"))
    for name in ("a.txt", "a.wma", "a.3gp", "a.7z/b.doc"):
        with pytest.raises(UsageError, match="end a folder's name with /"):
            means_folder(Path(name), several=False)
    (tmp_path / "old.mp3").mkdir()
    assert means_folder(tmp_path / "old.mp3", several=False)


@pytest.mark.parametrize("name", ["a.wav", "a.m4a", "file"])
def test_several_songs_need_a_folder(name, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match="expected a folder for several songs"):
        means_folder(tmp_path / name, several=True)


def test_what_is_left_out_of_a_folder_is_said(tmp_path, capsys):
    for name in ("a.mp3", "b.xyz", "cover.jpg", "._a.mp3"):
        (tmp_path / name).touch()
    plan, problems = plan_outputs([tmp_path], None, "wav")
    assert list(plan) == [tmp_path / "a.mp3"] and not problems
    assert capsys.readouterr().err == f"kcarol: {tmp_path}: left out b.xyz, .jpg (1)\n"


def test_a_song_is_found_by_the_other_form_of_its_name(tmp_path):
    composed, apart = (unicodedata.normalize(form, "노래.mp3") for form in ("NFC", "NFD"))
    (tmp_path / apart).touch()
    plan, _ = plan_outputs([tmp_path / composed], None, "wav")
    assert list(plan) == [tmp_path / apart]
