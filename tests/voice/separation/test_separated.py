import numpy as np
import pytest
import soundfile
from separators import VOICE_SHARE, save_tiny, tiny_network

from kcarol.audio.encoding import save_audio
from kcarol.audio.files import AudioError
from kcarol.model.weights_file import WeightsError
from kcarol.voice.separation import separator
from kcarol.voice.separation.separated import default_voice, separated_voice
from kcarol.voice.separation.separator import RATE


@pytest.fixture
def weights(tmp_path, monkeypatch):
    monkeypatch.setattr(separator, "empty_network", tiny_network)
    return save_tiny(tmp_path / "tiny.pt")


def make_song(path, rate=RATE, n_samples=30_000, seed=0):
    rng = np.random.default_rng(seed)
    return save_audio(path, rng.normal(0, 0.1, (2, n_samples)).astype(np.float32), rate)


def test_the_voice_of_a_file_is_a_file_of_its_length(weights, tmp_path):
    song = make_song(tmp_path / "song.wav")
    told = []
    out = separated_voice(
        song, tmp_path / "voice.flac", weights=weights, progress=lambda *done: told.append(done)
    )
    voice, rate = soundfile.read(out)
    mixture, _ = soundfile.read(song)
    assert (voice.shape, rate) == (mixture.shape, RATE)
    np.testing.assert_allclose(voice, VOICE_SHARE * (mixture - mixture.mean()), atol=1e-4)
    assert told == [(30_000, 30_000)]


@pytest.mark.parametrize("rate", [22_050, 48_000])
def test_songs_of_other_rates_are_resampled(weights, tmp_path, rate):
    song = make_song(tmp_path / "song.wav", rate, rate)
    voice, voice_rate = soundfile.read(separated_voice(song, tmp_path / "v.wav", weights=weights))
    assert (voice.shape, voice_rate) == ((RATE, 2), RATE)


def test_a_voice_is_kept_as_long_as_song_and_weights_are_the_same(weights, tmp_path):
    song, out = make_song(tmp_path / "song.wav"), tmp_path / "voice.flac"
    separated_voice(song, out, weights=weights)
    told = []
    separated_voice(song, out, weights=weights, progress=lambda *done: told.append(done))
    assert told == []
    make_song(song, seed=1)
    before = out.read_bytes()
    with pytest.raises(FileExistsError, match="voice.flac exists.*--force"):
        separated_voice(song, out, weights=weights)
    assert out.read_bytes() == before
    separated_voice(song, out, weights=weights, force=True)
    assert out.read_bytes() != before


def test_what_cannot_be_done_leaves_no_file(weights, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    song, out = make_song(tmp_path / "song.wav"), tmp_path / "voice.flac"
    with pytest.raises(WeightsError, match="no weights"):
        separated_voice(song, out)
    with pytest.raises(AudioError, match="missing.wav"):
        separated_voice(tmp_path / "missing.wav", out, weights=weights)
    assert not out.exists()


def test_voices_are_kept_beside_the_carol(tmp_path):
    assert default_voice(tmp_path / "song.carol.wav") == tmp_path / "song.voice.flac"
