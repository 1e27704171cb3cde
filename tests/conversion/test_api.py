"""Facts about songs as files: names, formats, rates, and that nothing is lost."""

import os

import numpy as np
import pytest
import soundfile
from converters import in_pieces, make_converter, song

from kcarol.audio.decoding import load_audio
from kcarol.audio.encoding import save_audio
from kcarol.audio.files import AudioError
from kcarol.config import AudioConfig
from kcarol.conversion.api import convert, default_output, transcribe
from kcarol.conversion.converter import Converter

AUDIO = AudioConfig()


@pytest.fixture(scope="module")
def converter():
    return make_converter()


def test_a_file_becomes_a_carol_beside_it_as_long_at_the_output_rate(converter, tmp_path):
    path = tmp_path / "my song.wav"
    soundfile.write(path, np.stack([song(1.37), song(1.37, seed=1)], axis=1), 16_000)
    written = convert(path, converter=converter)
    assert written == tmp_path / "my song.carol.wav" == default_output(path)
    carol, rate = soundfile.read(written)
    assert rate == AUDIO.full_rate and carol.shape == (round(1.37 * 48_000), 2)


@pytest.mark.parametrize("rate", [44_100, 48_000])
def test_a_song_of_a_usual_rate_keeps_it_and_its_number_of_samples(converter, tmp_path, rate):
    path = tmp_path / "song.flac"
    soundfile.write(path, np.resize(song(), rate + 1234), rate)
    carol, found = soundfile.read(convert(path, converter=converter))
    assert found == rate and carol.shape == (rate + 1234, 2)


@pytest.mark.parametrize("name", ["carol.flac", "carol.ogg", "carol.mp3"])
def test_the_format_follows_the_name(converter, tmp_path, name):
    soundfile.write(tmp_path / "song.wav", song(1.0), 16_000)
    written = convert(tmp_path / "song.wav", tmp_path / name, converter=converter)
    assert (
        soundfile.info(written).format
        == {"flac": "FLAC", "ogg": "OGG", "mp3": "MP3"}[name.split(".")[1]]
    )


def test_an_existing_file_is_kept_unless_forced(converter, tmp_path):
    soundfile.write(tmp_path / "song.wav", song(1.0), 16_000)
    out = tmp_path / "song.carol.wav"
    out.write_bytes(b"precious")
    with pytest.raises(FileExistsError, match="exists; give another name with -o, or --force"):
        convert(tmp_path / "song.wav", converter=converter)
    assert out.read_bytes() == b"precious"
    assert (
        soundfile.info(convert(tmp_path / "song.wav", converter=converter, force=True)).frames
        == 48_000
    )


def test_the_song_itself_is_never_overwritten(converter, tmp_path):
    path = tmp_path / "song.wav"
    soundfile.write(path, song(1.0), 16_000)
    before = path.read_bytes()
    with pytest.raises(FileExistsError, match="is the song itself"):
        convert(path, path, converter=converter, force=True)
    assert path.read_bytes() == before


def test_a_failed_conversion_leaves_nothing_behind(converter, tmp_path):
    (tmp_path / "song.mp3").write_bytes(b"no music at all")
    with pytest.raises(AudioError):
        convert(tmp_path / "song.mp3", converter=converter)
    assert [path.name for path in tmp_path.iterdir()] == ["song.mp3"]


@pytest.mark.parametrize("name", ["carol.wav", "carol.flac", "carol.ogg", "carol.mp3"])
def test_a_long_file_becomes_the_carol_of_its_sound(converter, tmp_path, name):
    pieces = in_pieces(converter, 700)
    soundfile.write(tmp_path / "song.wav", song(15.0), 16_000)
    convert(tmp_path / "song.wav", tmp_path / name, "choir", converter=pieces)
    carol = pieces.convert(load_audio(tmp_path / "song.wav"), "choir")
    save_audio(tmp_path / f"array-{name}", carol, AUDIO.full_rate)
    assert np.array_equal(load_audio(tmp_path / name), load_audio(tmp_path / f"array-{name}"))
    assert sorted(os.listdir(tmp_path)) == sorted([name, f"array-{name}", "song.wav"])


def test_a_conversion_that_fails_halfway_leaves_nothing_behind(converter, tmp_path, monkeypatch):
    soundfile.write(tmp_path / "song.wav", song(1.0), 16_000)
    for name in ("hear", "post_filter", "play_notes_onto"):
        with monkeypatch.context() as patch, pytest.raises(MemoryError):
            patch.setattr(Converter, name, lambda *_, **__: (_ for _ in ()).throw(MemoryError()))
            convert(tmp_path / "song.wav", converter=converter)
        assert os.listdir(tmp_path) == ["song.wav"]


def test_a_file_is_transcribed_as_its_samples_are(converter, tmp_path):
    soundfile.write(tmp_path / "song.wav", song(), AUDIO.sample_rate, "FLOAT")
    from_file = transcribe(tmp_path / "song.wav", converter=converter)
    from_samples = transcribe(load_audio(tmp_path / "song.wav"), converter=converter)
    assert from_file.to_json() == from_samples.to_json()
