"""Files appear whole or not at all, and errors about them stay on one line."""

import errno
import warnings

import pytest
import torch

from kcarol.audio.files import (
    AudioError,
    LostSoundWarning,
    atomic_write,
    printable,
    save_state,
    telling,
    write_text,
)


def test_a_file_appears_when_it_is_whole_with_folders_made_as_needed(tmp_path):
    path = tmp_path / "new" / "a.txt"
    with atomic_write(path) as temporary:
        temporary.write_text("a")
        assert temporary.parent == path.parent and not path.exists()
    assert path.read_text() == "a" and list(path.parent.iterdir()) == [path]
    (tmp_path / "plain").touch()
    assert path.stat().st_mode == (tmp_path / "plain").stat().st_mode


def test_a_failed_write_keeps_the_old_file_and_names_it(tmp_path):
    path = tmp_path / "a.txt"
    write_text(path, "캐럴")
    with pytest.raises(OSError, match="a.txt") as error, atomic_write(path) as temporary:
        temporary.write_text("half")
        try:
            raise OSError(errno.ENOSPC, "No space left on device")
        except OSError as full:
            raise RuntimeError("what a library made of it") from full
    assert error.value.errno == errno.ENOSPC
    with pytest.raises(ZeroDivisionError), atomic_write(path) as temporary:
        raise ZeroDivisionError
    assert path.read_text("utf-8") == "캐럴" and list(tmp_path.iterdir()) == [path]


def test_equal_states_give_equal_bytes(tmp_path):
    for name in ("a.pt", "b.pt"):
        save_state(tmp_path / name, {"wave": torch.arange(3)})
    assert (tmp_path / "a.pt").read_bytes() == (tmp_path / "b.pt").read_bytes()


def test_what_a_terminal_would_not_show_is_escaped():
    assert printable("a\n\x1b[2J 캐럴 \udcff") == r"a\n\x1b[2J 캐럴 \udcff"
    assert str(AudioError("a\nb")) == r"a\nb"


def test_lost_sound_is_told_once_and_other_warnings_are_shown_as_ever():
    told = []
    with (
        pytest.warns(DeprecationWarning, match="old"),
        telling(LostSoundWarning, told.append) as lost,
    ):
        for _ in range(2):
            warnings.warn("song: 3 s", LostSoundWarning, stacklevel=1)
        warnings.warn("old", DeprecationWarning, stacklevel=1)
    assert told == lost == ["song: 3 s"]
    with pytest.warns(LostSoundWarning, match="again"):
        warnings.warn("again", LostSoundWarning, stacklevel=1)
    assert told == lost == ["song: 3 s"]
