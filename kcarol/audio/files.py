"""Files that appear whole or not at all, and errors about files in one printable line."""

from __future__ import annotations

import os
import re
import secrets
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any


class AudioError(ValueError):
    """A sound file that cannot be read or written."""

    def __init__(self, message: str):
        super().__init__(printable(message))


class DataError(ValueError):
    """A clip, or a folder of sound files, that cannot be used."""


class LostSoundWarning(UserWarning):
    """A sound file was read, but a part of its sound is missing; the text is one printable line."""


class DoubtfulFileWarning(UserWarning):
    """A file was used, though another one serves better; the text is one printable line."""


@contextmanager
def telling(kind: type[Warning], tell: Callable[[str], object]) -> Iterator[list[str]]:
    """Within it, each warning of a kind is told once, and kept in the list, not shown."""
    told: list[str] = []
    with warnings.catch_warnings():
        warnings.simplefilter("always", kind)
        show = warnings.showwarning

        def show_or_tell(
            message: Warning | str, category: type[Warning], *where: Any, **line: Any
        ) -> None:
            if not issubclass(category, kind):
                show(message, category, *where, **line)
            elif str(message) not in told:
                told.append(str(message))
                tell(str(message))

        warnings.showwarning = show_or_tell
        yield told


def printable(text: object) -> str:
    r"""`str(text)` with line breaks, control characters and undecodable bytes escaped (`\n`)."""
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in str(text))


@contextmanager
def atomic_write(path: Path) -> Iterator[Path]:
    """Yield a temporary path to write to; the file is moved to `path` at the end.

    Folders are made as needed. The file gets the permissions of any new file (umask). Raises
    OSError naming `path` if it cannot be written, for instance on a full disk.
    """
    path = Path(path)
    # short, however long the file's own name is, and unique among processes and threads
    temporary = path.with_name(f".kcarol-{secrets.token_hex(6)}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            temporary.touch(exist_ok=False)
            mode = temporary.stat().st_mode
            yield temporary
            if temporary.stat().st_mode != mode:
                temporary.chmod(mode)  # safetensors makes its files private to their owner
            os.replace(temporary, path)
        finally:
            temporary.unlink(missing_ok=True)
    except Exception as error:
        if cause := _system_error(error):
            raise type(cause)(cause.errno, cause.strerror, str(path)) from error
        raise


def write_text(path: Path, text: str) -> None:
    """Write UTF-8 text by `atomic_write`, the same bytes on every system."""
    with atomic_write(path) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="\n")


def save_state(path: Path, state: object) -> None:
    """Save tensors in plain containers by `torch.save`, atomically; equal states, equal bytes."""
    import torch  # imported here, since the command line imports this module and must start at once

    # given a name instead of a file, torch stores the name and hides the reason of a failure
    with atomic_write(path) as temporary, temporary.open("wb") as file:
        torch.save(state, file)


def _system_error(error: BaseException | None) -> OSError | None:
    """The OSError in a chain of exceptions, if any."""
    while error is not None:
        if isinstance(error, OSError) and error.errno:
            return error
        if found := re.search(r"\(os error (\d+)\)", str(error)):  # libraries written in Rust
            return OSError(int(found[1]), os.strerror(int(found[1])))
        error = error.__cause__ or error.__context__
    return None
