import pytest

from kcarol.score.errors import ScoreError, check_packages


def test_an_error_is_one_line_whatever_the_name_of_the_file():
    error = ScoreError.of("a\nb.xml", "music", "none", "give some")
    assert str(error) == "a\\nb.xml: expected music, found none: give some"


def test_a_missing_package_is_named_with_what_installs_it():
    check_packages("song.mid", "json")
    with pytest.raises(ScoreError, match=r"song.mid: .*no_such.*pip install .*\[score\]'"):
        check_packages("song.mid", "json", "no_such_package")
