"""AAC in MPEG-4 files by ffmpeg. Their edit list tells players the codec's delay and padding."""

from __future__ import annotations

import errno
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from kcarol.audio.reading.ffmpeg import absolute_name, find_ffmpeg

BITS_PER_S = 256_000  # less where the codec allows no more, as in mono at 16 kHz
# ffmpeg's metadata: a line a tag, in which a backslash stands before =, ;, #, \ and line breaks
COMMENT = re.compile(r"^comment=((?:\\.|[^\\\n])*)$", re.MULTILINE | re.DOTALL)


class FfmpegError(RuntimeError):
    """What ffmpeg says of a file that it cannot write."""


def write(
    path: Path, blocks: Iterable[np.ndarray], n_channels: int, sample_rate: int, comment: str
) -> None:
    """Blocks (t,) or (t, channels) into a file. FfmpegError; OSError on a full disk."""
    command = [find_ffmpeg(), "-v", "error", "-y", "-f", "f32le"]
    command += ["-ar", str(sample_rate), "-ac", str(n_channels), "-i", "-"]
    command += ["-c:a", "aac", "-b:a", str(BITS_PER_S), "-metadata", f"comment={comment}"]
    command += ["-f", "ipod", absolute_name(path)]
    with tempfile.TemporaryFile() as messages:
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stderr=messages)
        try:
            _feed(process, blocks)
        finally:
            status = process.wait()
        messages.seek(0)
        said = messages.read().decode(errors="replace").strip()
    if os.strerror(errno.ENOSPC) in said:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))
    if status:
        raise FfmpegError(said.splitlines()[-1] if said else f"ffmpeg's exit status {status}")


def _feed(process: subprocess.Popen, blocks: Iterable[np.ndarray]) -> None:
    """All samples into its pipe, or those before it ends, when it says why."""
    assert process.stdin
    try:
        for block in blocks:
            process.stdin.write(np.ascontiguousarray(block, "<f4"))
        process.stdin.close()
    except BaseException as error:
        if _is_broken_pipe(error):
            return
        process.kill()  # the blocks may come from a disk or a decoder that fails
        raise


def _is_broken_pipe(error: BaseException) -> bool:
    """Windows calls it an invalid argument, as Python's own subprocess.py knows."""
    names = {errno.EPIPE, errno.EINVAL} if sys.platform == "win32" else {errno.EPIPE}
    return isinstance(error, OSError) and error.errno in names


def read_comment(path: Path) -> str:
    """Empty if there is none, or no such file."""
    command = [find_ffmpeg(), "-v", "error", "-nostdin", "-i", absolute_name(path)]
    done = subprocess.run([*command, "-f", "ffmetadata", "-"], capture_output=True)
    found = COMMENT.search(done.stdout.decode(errors="replace"))
    return re.sub(r"\\(.)", r"\1", found[1], flags=re.DOTALL) if found else ""
