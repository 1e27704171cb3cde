"""A widget that takes files of any size from the browser."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import anywidget
import traitlets

from kcarol.audio.reading.endings import AUDIO_SUFFIXES


class SongUpload(anywidget.AnyWidget):
    """A file chooser for sound files; `take(name, content)` is called with each that has come."""

    _esm = Path(__file__).with_name("upload.js")
    accept = traitlets.Unicode(",".join(("audio/*", *AUDIO_SUFFIXES))).tag(sync=True)

    def __init__(self, take: Callable[[str, bytes], None]):
        super().__init__()
        self._take = take
        self._content = bytearray()
        self.on_msg(self.receive)

    def receive(self, _, piece: Mapping, buffers: Sequence[bytes]) -> None:
        """A piece of a file: its `name` and `size` in bytes, and where the piece begins."""
        if piece["start"] == 0:
            self._content = bytearray()
        self._content += buffers[0]
        self.send({"received": len(self._content)})
        if len(self._content) >= piece["size"]:
            content, self._content = bytes(self._content), bytearray()
            self._take(piece["name"], content)
