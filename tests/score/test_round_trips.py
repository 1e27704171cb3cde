"""Score -> file -> score is the same score, and so is its carol."""

import pytest
from scores import assert_same_score, demo_score, drawn_score, heard_score
from transcriptions import labels_of, transcription_of, with_text

from kcarol.arrangement.arrange import arrange_carol
from kcarol.arrangement.styles import STYLES
from kcarol.corpus.lead_sheet.demo_songs import DEMO_SONGS
from kcarol.score.files import read_score, write_score
from kcarol.score.score import Score

pytest.importorskip("defusedxml")
ENDINGS = (".musicxml", ".mxl")


def round_trip(score: Score, path) -> Score:
    write_score(score, path)
    return read_score(path)


@pytest.mark.parametrize("title", DEMO_SONGS)
@pytest.mark.parametrize("ending", ENDINGS)
def test_demo_songs(title, ending, tmp_path):
    score = demo_score(title)
    assert_same_score(round_trip(score, tmp_path / f"score{ending}"), score)


@pytest.mark.parametrize("seed", range(12))
def test_drawn_sheets(seed, tmp_path):
    score = drawn_score(seed)
    assert_same_score(round_trip(score, tmp_path / "score.musicxml"), score)


@pytest.mark.slow
def test_200_drawn_sheets(tmp_path):
    for seed in range(200):
        score = drawn_score(seed)
        assert_same_score(round_trip(score, tmp_path / "score.musicxml"), score)


def test_what_was_heard_of_a_song(tmp_path):
    score = heard_score()
    assert len(score.sheet.text) > len(score.sheet.notes)
    for ending in (*ENDINGS, ".mid"):
        assert_same_score(round_trip(score, tmp_path / f"score{ending}"), score)


def test_a_saved_transcription_is_the_score_of_the_transcription(tmp_path):
    transcription = with_text(transcription_of(labels_of("Oh Susanna", drift=0.02)))
    score = Score.of_transcription(transcription)
    assert score.sheet.text
    write_score(score, tmp_path / "song.json", transcription)
    assert_same_score(read_score(tmp_path / "song.json"), score)


@pytest.mark.parametrize("style", STYLES)
def test_the_carol_is_arranged_the_same(style, tmp_path):
    score = heard_score()
    found = round_trip(score, tmp_path / "score.musicxml")
    assert arrange_carol(found.sheet, found.grid, STYLES[style]) == arrange_carol(
        score.sheet, score.grid, STYLES[style]
    )


def test_the_same_score_is_the_same_file(tmp_path):
    for ending in ENDINGS:
        paths = [tmp_path / f"{name}{ending}" for name in "ab"]
        for path in paths:
            write_score(demo_score("Neon Ink"), path)
        assert paths[0].read_bytes() == paths[1].read_bytes()
