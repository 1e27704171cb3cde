"""Files that appear whole or not at all, and names that stay on one line."""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Callable
from pathlib import Path


def write_atomic(path: Path, write: Callable[[Path], object]) -> None:
    """Calls `write(temporary path)` and puts the result in place at once, so that no half file is
    ever seen.

    The file has the permissions of any new file (umask). OSError naming `path` if it cannot be
    written, on a full disk too.
    """
    path = Path(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # short, whatever the name's length, and unlike that of any other process or thread
        temporary = path.with_name(f".kcarol-{secrets.token_hex(6)}.tmp")
        try:
            temporary.touch(exist_ok=False)
            mode = temporary.stat().st_mode
            write(temporary)
            # safetensors leaves its files to their owner alone
            if temporary.stat().st_mode != mode:
                temporary.chmod(mode)
            os.replace(temporary, path)
        finally:
            temporary.unlink(missing_ok=True)
    except Exception as error:
        if system_error := _system_error(error):
            raise type(system_error)(
                system_error.errno, system_error.strerror, str(path)
            ) from error
        raise


def _system_error(error: BaseException | None) -> OSError | None:
    """The OSError behind what a library made of it, if any."""
    while error is not None:
        if isinstance(error, OSError) and error.errno:
            return error
        if found := re.search(r"\(os error (\d+)\)", str(error)):  # of libraries in Rust
            return OSError(int(found[1]), os.strerror(int(found[1])))
        error = error.__cause__ or error.__context__
    return None


def save_state(path: Path, state: object) -> None:
    """Tensors in plain containers by torch.save, put in place at once; the same state gives the
    same bytes.
    """

    import torch  # here, for the command line imports this module and is to answer at once

    def write(temporary: Path) -> None:
        # given a name, torch would write it into the file, and lose what a full disk says
        with temporary.open("wb") as file:
            torch.save(state, file)

    write_atomic(path, write)


def printable(text: object) -> str:
    r"""`str(text)` with every line break, control character and undecodable byte spelled out (`\n`,
    `\x07`, `\udcff`).
    """
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in str(text))
