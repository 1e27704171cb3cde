"""Particles follow the sound before them."""

import pytest

from kcarol.cli.language.particles import with_particles


@pytest.mark.parametrize(
    "text, expected",
    [
        ("곡을(를)", "곡을"),
        ("노래을(를)", "노래를"),
        ("폴더이(가)", "폴더가"),
        ("파일은(는)", "파일은"),
        ("'파일'과(와)", "'파일'과"),
        ("10이(가)", "10이"),
        ("2은(는)", "2는"),
        ("7(으)로", "7로"),
        ("이름(으)로", "이름으로"),
        ("파일(으)로", "파일로"),
        ("0.5을(를)", "0.5를"),
        ("song.mp3이(가)", "song.mp3이(가)"),
        ("carol.wav을(를)", "carol.wav을(를)"),
        ("'노래'을(를) 보고 곡은(는)", "'노래'를 보고 곡은"),
    ],
)
def test_particles(text, expected):
    assert with_particles(text) == expected
