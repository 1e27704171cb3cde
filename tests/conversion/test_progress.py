"""What is told of a conversion: shares that never fall and end at 1, and no other carol for it."""

from pathlib import Path

import pytest

from kcarol.conversion.api import convert
from kcarol.conversion.converter import Converter
from kcarol.conversion.progress import (
    HEARING,
    PLAYING,
    READING,
    WRITING,
    advance,
    costs_of,
    doing,
    telling_progress,
    within,
)

COSTS = {READING: 1.0, PLAYING: 3.0}


@pytest.fixture
def told():
    return []


@pytest.fixture
def tell(told):
    return lambda part, share: told.append((part, round(share, 6)))


def test_parts_have_spans_by_their_costs(tell, told):
    with telling_progress(tell, COSTS):
        with doing(READING):
            advance(0.5)
        with doing(PLAYING), within(0.5, 1.0):
            advance(0.5)
    expected = [(READING, 0), (READING, 0.125), (PLAYING, 0.25), (PLAYING, 0.625)]
    assert told == [*expected, (PLAYING, 0.8125), (PLAYING, 1)]


def test_shares_never_fall(tell, told):
    with telling_progress(tell, COSTS), doing(PLAYING):
        advance(0.9)
        advance(0.1)
    shares = [share for _, share in told]
    assert shares == sorted(shares) and shares[-1] == 1


def test_without_anybody_to_tell_nothing_happens():
    with telling_progress(None, COSTS), doing(HEARING), within(0, 1):
        advance(0.5)


def test_after_an_error_nobody_is_told_any_more(tell, told):
    with pytest.raises(ValueError), telling_progress(tell, COSTS), doing(PLAYING):
        raise ValueError
    told.clear()
    advance(1.0)
    assert told == []


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
