"""Large files over HTTP; what was broken off is gone on with."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from kcarol.audio.files import write_text

Progress = Callable[[int, int], object]  # is told how much is done, and of how much

TIMEOUT_S = 30.0  # without a byte
BLOCK = 1 << 18  # bytes
RANGE_NOT_SATISFIABLE = 416


class DownloadError(ValueError):
    """A file that cannot be fetched, in one line."""


def download(url: str, path: Path, progress: Progress | None = None) -> None:
    """Fetch a file to `path`, which grows as it comes.

    What an earlier call left there is gone on with if the server still has the same file, else
    begun anew. A broken connection is made again as long as each one brings something.
    progress: told bytes. DownloadError, after which a further call goes on; OSError on a full disk.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    while True:
        n_before = _size(path)
        try:
            return _fetch_rest(url, path, progress)
        except DownloadError:
            if _size(path) <= n_before:
                raise


def _fetch_rest(url: str, path: Path, progress: Progress | None) -> None:
    request = Request(url, headers=_range_headers(path))
    with _opened(request, path) as answer:
        start, n_bytes = _place(answer, url)
        if start == 0:
            path.unlink(missing_ok=True)
            write_text(_validator_file(path), _validator(answer))
        elif start != _size(path):
            path.unlink()
            raise DownloadError(f"{url}: the server goes on at another byte: call again")
        try:
            with path.open("ab") as file:
                for block in _blocks(answer):
                    file.write(block)
                    if progress:
                        progress(file.tell(), n_bytes)
        except OSError as error:
            raise type(error)(error.errno, error.strerror, str(path)) from error
    if (found := _size(path)) != n_bytes:
        raise DownloadError(
            f"{url}: expected {n_bytes} bytes, the connection ended after {found}: "
            "call again to go on"
        )
    _validator_file(path).unlink(missing_ok=True)


def _range_headers(path: Path) -> dict[str, str]:
    """Headers that ask for the rest of a file, or for all of it where it has changed meanwhile."""
    n_bytes, notes = _size(path), _validator_file(path)
    validator = notes.read_text(encoding="utf-8") if notes.exists() else ""
    if not n_bytes or not validator:
        return {}
    return {"Range": f"bytes={n_bytes}-", "If-Range": validator}


def _opened(request: Request, path: Path) -> HTTPResponse:
    """The server's answer; of a file that cannot be gone on with, what is there is deleted."""
    try:
        return urlopen(request, timeout=TIMEOUT_S)
    except HTTPError as error:
        if error.code == RANGE_NOT_SATISFIABLE:
            path.unlink(missing_ok=True)
        raise DownloadError(
            f"{request.full_url}: the server answers {error.code} {error.reason}: try again later"
        ) from error
    except (OSError, HTTPException) as error:
        cause = getattr(error, "reason", None) or error
        found = getattr(cause, "strerror", None) or cause
        raise DownloadError(
            f"{request.full_url}: cannot be reached ({found}): try again later"
        ) from error


def _place(answer: HTTPResponse, url: str) -> tuple[int, int]:
    """The first byte of an answer in its file, and the bytes of the whole file."""
    if answer.status == 206:
        place = re.fullmatch(r"bytes (\d+)-\d+/(\d+)", answer.headers["Content-Range"] or "")
        if place:
            return int(place[1]), int(place[2])
    length = answer.headers["Content-Length"] or ""
    if answer.status != 200 or not length.isdecimal():
        raise DownloadError(
            f"{url}: expected a file and its length, the server answers {answer.status} "
            "without: try again later"
        )
    return 0, int(length)


def _blocks(answer: HTTPResponse) -> Iterator[bytes]:
    """What comes until the connection ends, however it ends."""
    try:
        while block := answer.read1(BLOCK):
            yield block
    except (OSError, HTTPException):
        return


def _validator(answer: HTTPResponse) -> str:
    """What tells one version of a file from another for If-Range; empty if nothing does."""
    tag = answer.headers["ETag"] or "W/"
    return (answer.headers["Last-Modified"] or "") if tag.startswith("W/") else tag


def _validator_file(path: Path) -> Path:
    return path.with_name(path.name + ".version")


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0
