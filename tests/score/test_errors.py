from kcarol.score.errors import ScoreError, missing_extra


def test_an_error_is_one_line_whatever_the_name_of_the_file():
    error = ScoreError.of("a\nb.xml", "music", "none", "give some")
    assert str(error) == "a\\nb.xml: expected music, found none: give some"


def test_a_missing_package_is_named_with_what_installs_it():
    assert "pip install 'kcarol[score]'" in str(missing_extra("song.mid", "mido"))
