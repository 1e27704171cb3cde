"""What may be chosen for a carol; the same for `kcarol.convert`, the converter and the command."""

import inspect
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest

import kcarol
from kcarol.conversion.settings import CarolSettings
from kcarol.conversion.sound.laid_over import Voice


@pytest.mark.parametrize(
    "chosen, message",
    [
        ({"strength": -0.1}, "expected a strength of 0 to 1, found -0.1"),
        ({"strength": float("nan")}, "expected a strength of 0 to 1, found nan"),
        ({"hall": 1.1}, "expected a share of the hall of 0 to 1, found 1.1"),
        ({"engine": "steam"}, "expected an engine of network, samples, found steam"),
        ({"choir": "boys"}, "expected a choir of syllables, ah, voice, found boys"),
        ({"choir": "voice"}, "expected a recorded voice for a choir of it, found none"),
        ({"voice_tune": "mute"}, "expected a tune to keep, duck, leave-out, found mute"),
    ],
)
def test_other_values_are_refused_in_one_line(chosen, message):
    with pytest.raises(ValueError) as refused:
        CarolSettings(**chosen)
    assert str(refused.value) == message


def test_convert_has_an_argument_for_each_setting_with_the_same_default():
    arguments = inspect.signature(kcarol.convert).parameters
    assert {field.name: field.default for field in fields(CarolSettings)} == {
        field.name: arguments[field.name].default for field in fields(CarolSettings)
    }


def test_a_song_has_its_own_voice_of_a_folder(tmp_path):
    for name in ("a.wav", "b.wav"):
        (tmp_path / name).touch()
    of_song = CarolSettings(voice=tmp_path).of_song(Path("songs/b.mp3"))
    assert of_song == CarolSettings(voice=tmp_path / "b.wav")
    assert CarolSettings().of_song(Path("b.mp3")) == CarolSettings()


def test_the_converter_wants_a_voice_that_was_read():
    with pytest.raises(ValueError, match="found a file .v.wav.: `kcarol.convert` takes files"):
        assert CarolSettings(voice=Path("v.wav")).singer
    voice = Voice(np.zeros((2, 10), np.float32), np.zeros(1, bool))
    assert CarolSettings(voice=voice).singer is voice
