"""The carol's choir made of the song's voice."""

import numpy as np
import pytest
from converters import make_converter
from scores import heard_score
from vowels_and_hisses import phrase

from kcarol.arrangement.arrange import arrange_carol
from kcarol.arrangement.styles import STYLES
from kcarol.audio.disk_buffer import DiskWave
from kcarol.config import OF_VOICE
from kcarol.conversion.api import convert
from kcarol.conversion.sound.laid_over import Voice
from kcarol.conversion.sound.stems import VOICE_CHOIR, Stems
from kcarol.conversion.sound.voice_choir import voice_choir

pytest.importorskip("pyworld")

RATE = 24_000
SCORE = heard_score()


@pytest.fixture(scope="module")
def converter():
    return make_converter()


@pytest.fixture(scope="module")
def wave():
    """(2, T): six seconds of song, then the singer rests."""
    return np.tile(phrase("aiuaiuaiuai").astype(np.float32), (2, 1))


@pytest.mark.parametrize("style", ["choir", "piano"])
def test_the_voice_sings_the_choirs_lines_or_those_that_a_choir_would_have(wave, style):
    parts = arrange_carol(SCORE.sheet, SCORE.grid, STYLES[style])
    with voice_choir(wave, RATE, parts, SCORE) as (choir, left):
        notes = [note for line in choir.lines.values() for note in line]
        assert {len(line) > 0 for line in choir.lines.values()} == {True}
        assert max(note.end_s for note in notes) < 6.1
        assert (left == parts) == (style == "piano")


def test_it_sounds_and_has_its_stem(converter, wave):
    parts = converter.arrange(SCORE, "choir")
    carol = np.zeros((2, 8 * RATE), np.float32)
    with voice_choir(wave, RATE, parts, SCORE) as (choir, _), Stems() as stems:
        choir.sing_onto(carol, RATE, stems)
        assert np.array_equal(stems.waves[VOICE_CHOIR][:], carol)
    assert np.abs(carol[:, RATE : 5 * RATE]).max() > 0.01
    assert np.abs(carol[:, 7 * RATE :]).max() < 1e-4


def test_a_voice_on_disk_is_the_same(converter, wave):
    parts = converter.arrange(SCORE, "choir")
    with DiskWave(2, wave.shape[1]) as stored:
        stored[..., :] = wave
        with voice_choir(stored, RATE, parts, SCORE) as (choir, _):
            assert choir.voice.pitch_hz == pytest.approx(220, rel=0.01)


def test_a_choir_of_a_voice_needs_the_voice(converter, tmp_path):
    with pytest.raises(ValueError, match="expected a recorded voice"):
        converter.play(SCORE, "choir", choir=OF_VOICE)
    with pytest.raises(ValueError, match="expected a recorded voice"):
        convert(tmp_path / "song.wav", choir=OF_VOICE, converter=converter)


def test_play_puts_the_choir_of_the_voice_into_the_carol(converter, wave):
    n_samples = SCORE.level.n_samples * RATE // converter.audio.sample_rate
    recorded = np.zeros((2, n_samples), np.float32)
    recorded[:, : wave.shape[1]] = wave
    sung = np.zeros(len(SCORE.tuning_cents), bool)
    voice = Voice(recorded, sung)
    one, two = (
        converter.play(SCORE, "choir", rate=RATE, choir=choir, voice=voice)[:]
        for choir in (OF_VOICE, "ah")
    )
    assert one.shape == two.shape
    assert not np.allclose(one, two, atol=1e-2)
