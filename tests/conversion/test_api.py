"""Facts about songs as files: names, formats, rates, and that nothing is lost."""

import math
import os
import sys
from dataclasses import replace

import numpy as np
import pyloudnorm
import pytest
import soundfile
from converters import in_pieces, make_converter, song

from kcarol.audio.clips import file_sha256
from kcarol.audio.decoding import load_audio, load_audio_into
from kcarol.audio.disk_buffer import DiskBuffer
from kcarol.audio.encoding import save_audio
from kcarol.audio.files import AudioError
from kcarol.audio.loudness import loudness_lufs, measure_loudness, true_peak_db
from kcarol.audio.reading.ffmpeg import probe
from kcarol.audio.writing.formats import SAVE_FORMATS
from kcarol.audio.writing.tags import Tags, TagsWarning, read_tags
from kcarol.config import AudioConfig
from kcarol.conversion import api
from kcarol.conversion.api import convert, default_output, transcribe
from kcarol.conversion.converter import Converter
from kcarol.conversion.provenance import read_provenance
from kcarol.conversion.settings import CarolSettings

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


@pytest.mark.parametrize("suffix", SAVE_FORMATS)
def test_the_format_follows_the_name_and_keeps_the_length(converter, tmp_path, suffix):
    soundfile.write(tmp_path / "song.wav", song(1.0), 16_000)
    written = convert(tmp_path / "song.wav", tmp_path / f"carol{suffix}", converter=converter)
    with DiskBuffer() as buffer:
        sound = load_audio_into(buffer, written)
    assert (sound.sample_rate, sound.n_samples) == (48_000, 48_000)
    assert probe(written).codec in (suffix[1:], "pcm_s16le", "vorbis", "aac")


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
    loudness = measure_loudness(np.stack([load_audio(tmp_path / "song.wav")] * 2))
    transcription = pieces.transcribe(load_audio(tmp_path / "song.wav"))
    carol = np.zeros((2, 15 * AUDIO.full_rate), np.float32)
    pieces.play_onto(carol, transcription, CarolSettings("choir"), loudness=loudness)
    save_audio(tmp_path / f"array-{name}", carol, AUDIO.full_rate)
    assert np.array_equal(load_audio(tmp_path / name), load_audio(tmp_path / f"array-{name}"))
    assert sorted(os.listdir(tmp_path)) == sorted([name, f"array-{name}", "song.wav"])


def test_a_conversion_that_fails_halfway_leaves_nothing_behind(converter, tmp_path, monkeypatch):
    soundfile.write(tmp_path / "song.wav", song(1.0), 16_000)
    for name in ("transcribe", "post_filter", "play_notes_onto"):
        with monkeypatch.context() as patch, pytest.raises(MemoryError):
            patch.setattr(Converter, name, lambda *_, **__: (_ for _ in ()).throw(MemoryError()))
            convert(tmp_path / "song.wav", converter=converter)
        assert os.listdir(tmp_path) == ["song.wav"]


def test_a_file_is_transcribed_as_its_samples_are(converter, tmp_path):
    soundfile.write(tmp_path / "song.wav", song(), AUDIO.sample_rate, "FLOAT")
    from_file = transcribe(tmp_path / "song.wav", converter=converter)
    from_samples = transcribe(load_audio(tmp_path / "song.wav"), converter=converter)
    level = replace(from_file.level, loudness=from_samples.level.loudness)
    assert replace(from_file, level=level).to_json() == from_samples.to_json()
    loudness, other = from_file.level.loudness, from_samples.level.loudness
    assert loudness.lufs == pytest.approx(other.lufs, abs=1e-3)


# ---- rate, channels and level of the carol


@pytest.mark.parametrize("rate", [22_050, 32_000, 96_000])
def test_songs_of_other_rates_become_carols_of_48_khz_of_their_length(converter, tmp_path, rate):
    path = tmp_path / "song.wav"
    soundfile.write(path, np.resize(song(), (rate + 17, 2)), rate)
    carol, found = soundfile.read(convert(path, converter=converter))
    assert found == 48_000 and carol.shape == (math.ceil((rate + 17) * 48_000 / rate), 2)


def test_rate_and_channels_may_be_chosen(converter, tmp_path):
    path = tmp_path / "song.wav"
    soundfile.write(path, np.resize(song(), 44_117), 44_100)
    out = tmp_path / "mono.wav"
    carol, rate = soundfile.read(convert(path, out, rate=32_000, mono=True, converter=converter))
    assert rate == 32_000 and carol.shape == (math.ceil(44_117 * 32_000 / 44_100),)


def test_opus_has_no_44100_hz(converter, tmp_path):
    path = tmp_path / "song.wav"
    soundfile.write(path, np.resize(song(), 44_117), 44_100)
    written = soundfile.info(convert(path, tmp_path / "a.opus", converter=converter))
    assert written.samplerate == 48_000 and written.frames == math.ceil(44_117 * 48 / 44.1)
    with pytest.raises(AudioError, match="expected a sample rate that .opus has"):
        convert(path, tmp_path / "b.opus", rate=44_100, converter=converter)


@pytest.mark.parametrize("mono", [False, True])
@pytest.mark.parametrize("strength", [1.0, 0.5])
def test_a_carol_is_as_loud_as_its_song_by_the_standard(converter, tmp_path, mono, strength):
    rng = np.random.default_rng(0)
    wide = np.stack([np.resize(song(3.0), 3 * 44_100), 0.1 * rng.normal(size=3 * 44_100)], axis=1)
    soundfile.write(tmp_path / "song.wav", wide, 44_100)
    written = convert(tmp_path / "song.wav", strength=strength, mono=mono, converter=converter)
    carol, rate = soundfile.read(written)
    wanted = pyloudnorm.Meter(rate).integrated_loudness(wide)
    found = pyloudnorm.Meter(rate).integrated_loudness(carol)
    # one channel is played by two loudspeakers
    assert found + (3.01 if mono else 0) == pytest.approx(wanted, abs=0.5)
    assert true_peak_db(carol.T.astype(np.float32)) <= -1.0


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("mono", [False, True])
def test_without_strength_the_song_itself_comes_back(converter, tmp_path, channels, mono):
    wave = 0.3 * np.resize(song(1.0), (44_117, channels)).astype(np.float32)
    soundfile.write(tmp_path / "song.wav", wave, 44_100, "FLOAT")
    written = convert(tmp_path / "song.wav", strength=0, mono=mono, converter=converter)
    carol = soundfile.read(written, always_2d=True)[0]
    assert carol.shape == (44_117, 1 if mono else 2)
    expected = wave.mean(axis=1, keepdims=True) if mono else wave
    assert np.abs(carol - expected).max() < 2e-3


def test_a_transcription_of_a_file_has_the_loudness_of_the_whole_sound(converter, tmp_path):
    hiss = np.random.default_rng(0).normal(0, 0.05, (2, 48_000)).astype(np.float32)
    soundfile.write(tmp_path / "song.wav", hiss.T, 48_000, "FLOAT")
    level = transcribe(tmp_path / "song.wav", converter=converter).level
    assert level.loudness.lufs == pytest.approx(loudness_lufs(hiss, 48_000) - 3.01, abs=0.01)


@pytest.mark.parametrize("ending", [".wav", ".mp3", ".m4a"])
def test_the_carol_has_the_songs_tags_and_its_title_says_what_it_is(ending, converter, tmp_path):
    told = Tags("Snow", "The Singers", "Winter")
    path = save_audio(tmp_path / "song.flac", song(), AUDIO.sample_rate, tags=told)
    carol = convert(path, tmp_path / f"a{ending}", converter=converter)
    assert read_tags(carol) == replace(told, title="Snow (carol)")
    assert read_provenance(carol).song == file_sha256(path)


def test_a_song_without_a_title_has_a_carol_without(converter, tmp_path):
    path = save_audio(tmp_path / "song.wav", song())
    assert read_tags(convert(path, converter=converter)) == Tags()


def test_damaged_tags_are_told_and_do_no_harm(converter, tmp_path, monkeypatch):
    def fail(path):
        raise KeyError("TIT2\n")

    monkeypatch.setattr(api, "read_tags", fail)
    path = save_audio(tmp_path / "song.wav", song())
    with pytest.warns(TagsWarning, match=r"song\.wav: its title, artist, album and cover are not"):
        assert convert(path, converter=converter).exists()


def test_without_mutagen_a_line_says_so(converter, tmp_path, monkeypatch):
    path = save_audio(tmp_path / "song.wav", song())
    monkeypatch.setitem(sys.modules, "mutagen", None)
    with pytest.warns(TagsWarning, match="mutagen"):
        assert convert(path, converter=converter).exists()
