"""A file server on the loopback that can break off, change its file, or not know ranges."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class FileServer(ThreadingHTTPServer):
    """Serves `content` under any name."""

    def __init__(self, content: bytes):
        super().__init__(("127.0.0.1", 0), Handler)
        self.content = content
        self.version = '"1"'
        self.breaks_after: list[int] = []  # bytes of an answer, for one answer after the other
        self.status = 200
        self.knows_ranges = True
        self.ranges: list[str | None] = []  # that were asked for

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/file.pt"


class Handler(BaseHTTPRequestHandler):
    server: FileServer

    def do_GET(self) -> None:
        asked = self.headers["Range"]
        self.server.ranges.append(asked)
        content, start = self.server.content, 0
        if asked and self.server.knows_ranges and self.headers["If-Range"] == self.server.version:
            start = int(re.fullmatch(r"bytes=(\d+)-", asked)[1])
        if start and start >= len(content):
            self.send_error(416)
            return
        self.send_response(206 if start else self.server.status)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        self.send_header("Content-Length", str(len(content) - start))
        self.send_header("ETag", self.server.version)
        self.end_headers()
        most = self.server.breaks_after.pop(0) if self.server.breaks_after else len(content)
        self.wfile.write(content[start : start + most])

    def log_message(self, *about: object) -> None:
        pass


@contextmanager
def served(content: bytes) -> Iterator[FileServer]:
    with FileServer(content) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
