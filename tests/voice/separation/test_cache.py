import hashlib
import sys

import pytest

from kcarol.model.weights_file import WeightsError
from kcarol.voice.separation.cache import cache_folder, check_or_note_checksum, checksum_file


@pytest.fixture
def kept(tmp_path):
    path = tmp_path / "kept.pt"
    path.write_bytes(b"weights")
    return path


def test_the_cache_is_where_the_user_or_the_system_has_it(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_folder() == tmp_path / "kcarol"
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setattr("pathlib.Path.home", lambda: tmp_path)
    monkeypatch.delenv("LOCALAPPDATA", raising=False)
    for platform, folder in {
        "linux": ".cache",
        "darwin": "Library/Caches",
        "win32": "AppData/Local",
    }.items():
        monkeypatch.setattr(sys, "platform", platform)
        assert cache_folder() == tmp_path / folder / "kcarol"


def test_a_checksum_is_noted_at_first_and_checked_later(kept):
    check_or_note_checksum(kept)
    digest = hashlib.sha256(b"weights").hexdigest()
    assert checksum_file(kept).read_text() == f"{digest}  kept.pt\n"
    check_or_note_checksum(kept)
    kept.write_bytes(b"changed")
    with pytest.raises(
        WeightsError, match=f"kept.pt: expected SHA-256 {digest}.* delete"
    ) as caught:
        check_or_note_checksum(kept)
    assert len(str(caught.value).splitlines()) == 1


def test_a_file_fetched_again_must_be_that_of_the_first_time(kept, tmp_path):
    check_or_note_checksum(kept)
    kept.unlink()
    again = tmp_path / "again"
    again.write_bytes(b"weights")
    check_or_note_checksum(kept, again)
    again.write_bytes(b"others")
    with pytest.raises(WeightsError, match="kept.pt.sha256"):
        check_or_note_checksum(kept, again)
