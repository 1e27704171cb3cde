import numpy as np
import pytest
import torch
from separators import VOICE_SHARE, TinyNetwork, save_tiny, tiny_network
from torch import nn
from torchaudio.models import hdemucs_high
from torchaudio.pipelines import HDEMUCS_HIGH_MUSDB_PLUS

from kcarol.audio.disk_buffer import DiskWave
from kcarol.model.weights_file import WeightsError
from kcarol.voice.separation import separator as module
from kcarol.voice.separation.separator import RATE, SOURCES, Separator, mean_and_deviation


class Recording(TinyNetwork):
    """Remembers what it was given."""

    def __init__(self):
        super().__init__()
        self.mixtures = []

    def forward(self, mixture):
        self.mixtures.append(mixture)
        return super().forward(mixture)


@pytest.fixture(scope="module")
def random_weights(tmp_path_factory):
    """Of the real network: 335 MB, which are deleted at once."""
    torch.manual_seed(0)
    path = tmp_path_factory.mktemp("separator") / "random.pt"
    torch.save(hdemucs_high(list(SOURCES)).state_dict(), path)
    yield path
    path.unlink()


def noise(n_samples, offset=0.0):
    rng = np.random.default_rng(0)
    return rng.normal(offset, 0.1, (2, n_samples)).astype(np.float32)


def joined(blocks):
    return np.concatenate(list(blocks)).T


def test_the_rate_is_that_of_torchaudios_bundle():
    assert HDEMUCS_HIGH_MUSDB_PLUS.sample_rate == RATE


def test_the_real_network_with_random_weights_gives_a_voice(random_weights, monkeypatch):
    monkeypatch.setattr(module, "PIECE", RATE // 2)
    monkeypatch.setattr(module, "FADE", RATE // 10)
    separator = Separator.load(random_weights)
    assert all(p.dtype == torch.float32 for p in separator.network.parameters())
    song = noise(RATE * 3 // 4)
    voice = joined(separator.voice(song))
    assert voice.shape == song.shape
    assert np.isfinite(voice).all() and voice.std() > 0
    assert np.array_equal(joined(separator.voice(song)), voice)
    assert joined(separator.voice(song[:, :50])).shape == (2, 50)  # of very short songs, too


def test_pieces_are_joined_without_a_seam(monkeypatch):
    monkeypatch.setattr(module, "PIECE", 10_000)
    monkeypatch.setattr(module, "FADE", 2_000)
    separator = Separator(TinyNetwork())
    song = noise(27_001)
    told = []
    voice = joined(separator.voice(song, lambda *done: told.append(done)))
    np.testing.assert_allclose(voice, VOICE_SHARE * (song - song.mean()), atol=1e-6)
    assert told[-1] == (27_001, 27_001)
    assert len(told) > 2


def test_the_network_gets_the_song_standardised_as_a_whole(monkeypatch):
    monkeypatch.setattr(module, "PIECE", 5_000)
    monkeypatch.setattr(module, "FADE", 0)
    network = Recording()
    song = noise(10_000, offset=0.05)
    song[:, :5_000] *= 0.1  # stays softer
    joined(Separator(network).voice(song))
    mixture = torch.cat(network.mixtures, -1)[0]
    assert mixture.mean(0).mean().abs() < 1e-4
    assert mixture.mean(0).std() == pytest.approx(1, abs=1e-3)
    softer, louder = sorted(float(mixture.std()) for mixture in network.mixtures)
    assert softer < 0.2 * louder


def test_songs_on_disk_give_the_same(monkeypatch):
    monkeypatch.setattr(module, "PIECE", 5_000)
    monkeypatch.setattr(module, "FADE", 500)
    song, separator = noise(12_345), Separator(TinyNetwork())
    with DiskWave(2) as wave:
        wave.append(song)
        assert np.array_equal(joined(separator.voice(wave)), joined(separator.voice(song)))
        assert mean_and_deviation(wave) == mean_and_deviation(song)


def test_the_voice_of_silence_is_silence():
    for song in (np.zeros((2, 3_000), np.float32), np.full((2, 3_000), 0.25, np.float32)):
        assert not joined(Separator(TinyNetwork()).voice(song)).any()


def test_a_foreign_file_is_one_line(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "empty_network", tiny_network)
    good = save_tiny(tmp_path / "good.pt")
    assert isinstance(Separator.load(good).network, TinyNetwork)
    text = tmp_path / "page.pt"
    text.write_text("<html>Please log in</html>")
    cut = tmp_path / "cut.pt"
    cut.write_bytes(good.read_bytes()[:-200])
    other = tmp_path / "other.pt"
    torch.save(nn.Linear(3, 4).state_dict(), other)
    shape = tmp_path / "shape.pt"
    torch.save({"shares": torch.zeros(5)}, shape)
    no_tensor = tmp_path / "no_tensor.pt"
    torch.save({"shares": 3}, no_tensor)
    for path in (text, cut, other, shape, no_tensor):
        with pytest.raises(WeightsError, match=f"{path.name}: .*(get|give)") as caught:
            Separator.load(path)
        assert len(str(caught.value).splitlines()) == 1
