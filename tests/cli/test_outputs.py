"""Where carols go: each song gets a name of its own."""

from pathlib import Path

import pytest

from kcarol.cli.checks import UsageError
from kcarol.cli.outputs import plan_outputs


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
