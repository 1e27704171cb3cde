"""Shares of work that are told: they never fall and end at 1, and no other carol for it."""

from pathlib import Path

import pytest

from kcarol.conversion.api import convert
from kcarol.conversion.converter import Converter
from kcarol.progress import (
    HEARING,
    PLAYING,
    READING,
    WRITING,
    Parts,
    costs_of,
    steps,
    tracked,
    within,
)


@pytest.fixture
def told():
    return []


def test_a_step_tells_its_place_in_the_whole(told):
    half = within(told.append, 0.5, 1.0)
    half(0.5)
    within(half, 0.0, 0.5)(1.0)
    assert told == [0.75, 0.75]


def test_steps_follow_each_other(told):
    for step in steps(told.append, 2, 0.2, 0.6):
        step(0.0)
        step(1.0)
    assert told == pytest.approx([0.2, 0.4, 0.4, 0.6])


def test_items_are_told_when_they_are_done(told):
    assert list(tracked("ab", told.append)) == ["a", "b"]
    assert told == [0.0, 0.5, 1.0]
    assert list(tracked([], told.append)) == []


COSTS = {READING: 1.0, PLAYING: 3.0}


@pytest.fixture
def tell(told):
    return lambda part, share: told.append((part, round(share, 6)))


def test_parts_have_spans_by_their_costs(tell, told):
    parts = Parts(tell, COSTS)
    parts.begin(READING)(0.5)
    parts.begin(PLAYING)(1.0)
    assert told == [(READING, 0), (READING, 0.125), (PLAYING, 0.25), (PLAYING, 1)]


def test_shares_never_fall(tell, told):
    playing = Parts(tell, COSTS).begin(PLAYING)
    playing(0.9)
    playing(0.1)
    shares = [share for _, share in told]
    assert shares == sorted(shares)


def test_without_anybody_to_tell_nothing_happens():
    Parts(None, COSTS).begin(PLAYING)(0.5)


def test_lossy_formats_and_stems_cost_more():
    plain, lossy = costs_of(Path("a.wav")), costs_of(Path("a.mp3"))
    assert list(plain) == [READING, HEARING, PLAYING, WRITING]
    assert lossy[WRITING] > 10 * plain[WRITING]
    assert costs_of(Path("a.wav"), with_stems=True)[PLAYING] > 2 * plain[PLAYING]
    assert list(costs_of(Path("a.wav"), (PLAYING, WRITING))) == [PLAYING, WRITING]


def test_a_conversion_tells_all_parts_and_makes_the_same_carol(
    weights, make_song, tmp_path, tell, told
):
    song = make_song(tmp_path / "song.wav", 4.0)
    converter = Converter.load(weights, "cpu")
    plain = convert(song, tmp_path / "plain.wav", converter=converter)
    observed = convert(
        song,
        tmp_path / "observed.wav",
        converter=converter,
        progress=tell,
        stems=tmp_path / "stems",
    )
    assert observed.read_bytes() == plain.read_bytes()
    parts, shares = zip(*told, strict=True)
    assert list(dict.fromkeys(parts)) == [READING, HEARING, PLAYING, WRITING]
    assert list(shares) == sorted(shares) and shares[-1] == 1 and len(set(shares)) > 6
