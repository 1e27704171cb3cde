import os

import pytest
from separators import save_tiny, tiny_network
from served import served
from torchaudio.pipelines import HDEMUCS_HIGH_MUSDB_PLUS

from kcarol.model.weights_file import WeightsError
from kcarol.voice.separation import separator
from kcarol.voice.separation import weights as module
from kcarol.voice.separation.download import DownloadError
from kcarol.voice.separation.weights import URL, cached_weights, find_weights, notice


@pytest.fixture
def server(tmp_path, monkeypatch):
    """In the place of PyTorch's, with weights of a tiny network, and an empty cache."""
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(separator, "empty_network", tiny_network)
    with served(save_tiny(tmp_path / "tiny.pt").read_bytes()) as server:
        monkeypatch.setattr(module, "URL", server.url)
        yield server


def test_the_url_is_that_of_torchaudios_bundle():
    assert URL.endswith("/torchaudio/" + HDEMUCS_HIGH_MUSDB_PLUS._model_path)


def test_the_notice_says_what_is_fetched_how_large_from_whom_and_under_which_terms(server):
    for said in ("HDEMUCS_HIGH_MUSDB_PLUS", URL, "PyTorch", "319 MB", "MUSDB", "scientific"):
        assert said in notice()
    assert str(cached_weights().parent) in notice()


def test_weights_are_fetched_once_and_checked_at_each_call(server):
    path = find_weights(fetch=True)
    assert path == cached_weights()
    assert path.read_bytes() == server.content
    assert sorted(os.listdir(path.parent)) == [path.name, path.name + ".sha256"]
    assert find_weights() == find_weights(fetch=True) == path
    assert len(server.ranges) == 1
    path.write_bytes(server.content[:-1] + b"?")
    with pytest.raises(WeightsError, match="expected SHA-256 .* delete the file"):
        find_weights()


def test_nothing_is_fetched_unless_the_user_agrees(server):
    with pytest.raises(WeightsError, match="--yes .319 MB.* --separator-weights"):
        find_weights()
    assert server.ranges == []


def test_a_broken_download_leaves_no_weights_and_is_gone_on_with(server):
    server.breaks_after = [400, 0]
    with pytest.raises(DownloadError, match="ended after 400"):
        find_weights(fetch=True)
    assert not cached_weights().exists()
    assert find_weights(fetch=True).read_bytes() == server.content
    assert server.ranges[-1] == "bytes=400-"


def test_what_is_no_such_network_is_not_kept(server):
    good = server.content
    server.content = b"<html>Please log in</html>"
    with pytest.raises(WeightsError, match="not weights"):
        find_weights(fetch=True)
    assert os.listdir(cached_weights().parent) == []
    server.content = good
    assert find_weights(fetch=True).read_bytes() == good


def test_weights_fetched_again_must_be_those_of_the_first_time(server, tmp_path):
    path = find_weights(fetch=True)
    path.unlink()
    noted = path.with_name(path.name + ".sha256")
    noted.write_text(f"{'0' * 64}  {path.name}\n")
    with pytest.raises(WeightsError, match=noted.name):
        find_weights(fetch=True)
    assert not path.exists()


def test_without_network_the_way_out_is_named(server, monkeypatch):
    with served(b"") as gone:
        monkeypatch.setattr(module, "URL", gone.url)
    with pytest.raises(DownloadError, match="cannot be reached.*--separator-weights"):
        find_weights(fetch=True)


def test_given_weights_are_used_as_they_are(server, tmp_path):
    given = tmp_path / "tiny.pt"
    assert find_weights(given, fetch=True) == given
    assert server.ranges == []
    with pytest.raises(WeightsError, match="missing.pt: no weights"):
        find_weights(tmp_path / "missing.pt", fetch=True)
