"""Facts about the comparison of songs and carols."""

import re

import numpy as np
import pytest
import soundfile

from kcarol.config import AudioConfig
from kcarol.notebook.comparison import Comparison, compare

RATE = AudioConfig.sample_rate


@pytest.fixture
def converter(tone):
    """Stands for a converter: counts its work, and makes styles tell apart."""

    class Converter:
        styles = {"bells": 0, "choir": 1}
        calls: list = []

        def convert(self, wave, style, strength, original):
            self.calls.append((style, strength))
            middle = tone(3 * len(wave) / RATE, 500 if style == "bells" else 700, 0.3)
            return np.stack([middle, middle])

    return Converter()


@pytest.fixture
def box(tone, converter):
    """The widgets, for two songs."""
    pytest.importorskip("ipywidgets", reason="needs ipywidgets: pip install 'kcarol[notebooks]'")
    return compare({"low": tone(20, 200), "short": tone(9, 300)}, converter)


def test_song_and_carol_are_cut_at_the_same_place_and_converted_once(tone, converter):
    comparison = Comparison({"a": np.concatenate([tone(10, 200), tone(10, 400)])}, converter)
    for start_s, hz in ((0, 200), (12, 400)):
        pair = comparison.waves("a", "choir", 1.0, start_s)
        assert list(pair) == ["song", "carol, choir"]
        assert [wave.shape for wave in pair.values()] == [(8 * RATE,), (2, 24 * RATE)]
        assert np.abs(np.fft.rfft(pair["song"])).argmax() / 8 == hz
    assert converter.calls == [("choir", 1.0)] and comparison.last_start_s("a") == 12


def test_files_are_read_and_nothing_to_compare_is_refused(tone, converter, tmp_path):
    soundfile.write(tmp_path / "a.wav", np.stack([tone(3), 0 * tone(3)], axis=1), RATE)
    comparison = Comparison({"a": tmp_path / "a.wav"}, converter)
    assert len(comparison.song("a")) == 3 * RATE
    left, right = comparison.original("a")
    assert len(left) == 9 * RATE and np.abs(left).max() > 0.09 and not right.any()
    with pytest.raises(ValueError, match="at least one song"):
        Comparison({}, converter)


def test_choices_change_sound_and_picture(box, embedded):
    song, style, strength, start, page = box.children
    first = page.value
    style.value = "choir"
    assert np.array_equal(embedded(first)[0], embedded(page.value)[0])
    assert not np.array_equal(embedded(first)[1], embedded(page.value)[1])
    images = r'src="data:image/png;base64,([^"]+)"'
    assert re.findall(images, first)[1] != re.findall(images, page.value)[1]
    start.value = 11.0
    song.value = "short"
    assert start.max == start.value == 1.0
    assert np.abs(np.fft.rfft(embedded(page.value)[0])).argmax() / 8 == 300
    strength.value = 0.5
    assert "strength 0.5" in page.value


def test_a_file_that_cannot_be_read_is_named_on_the_page(tone, converter, embedded, tmp_path):
    pytest.importorskip("ipywidgets", reason="needs ipywidgets: pip install 'kcarol[notebooks]'")
    (tmp_path / "b.wav").write_text("no sound")
    box = compare({"a": tone(9), "b": tmp_path / "b.wav"}, converter)
    box.children[0].value = "b"
    assert "b.wav" in box.children[-1].value and not embedded(box.children[-1].value)
