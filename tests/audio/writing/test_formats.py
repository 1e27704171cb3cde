"""Which sample rates the formats have that are written."""

from pathlib import Path

import pytest

from kcarol.audio.files import AudioError
from kcarol.audio.writing.formats import SAVE_FORMATS, check_format


@pytest.mark.parametrize("suffix", SAVE_FORMATS)
def test_every_format_holds_48_khz_and_names_the_rates_that_it_has(suffix):
    path = Path(f"a{suffix.upper()}")
    assert check_format(path, 48_000) is SAVE_FORMATS[suffix]
    if SAVE_FORMATS[suffix].rates_hz:
        with pytest.raises(AudioError, match="expected .* 48000.* found 12345: choose"):
            check_format(path, 12_345)
    else:
        assert check_format(path, 12_345)


def test_the_nearest_rate_loses_nothing_if_there_is_one():
    opus, wav = SAVE_FORMATS[".opus"], SAVE_FORMATS[".wav"]
    rates = (8_000, 44_100, 48_000, 96_000)
    assert [opus.nearest_rate(rate) for rate in rates] == [8_000, 48_000, 48_000, 48_000]
    assert [wav.nearest_rate(rate) for rate in rates] == list(rates)
