"""A choice of songs, with an upload."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from kcarol.notebook.workbench.controls import Controls, look, say
from kcarol.notebook.workbench.songs import SONGS, Songs


class SongChooser(Controls):
    """A drop-down of songs and an upload; `path` is the chosen one's file."""

    def __init__(
        self, songs: Songs, name: str | None = None, changed: Callable[[], object] = lambda: None
    ):
        """`name`: of the song that is chosen at first; None: the first that can be read.
        FileNotFoundError for another. `changed` is called when another song is chosen, and when a
        file has come.
        """
        import ipywidgets as widgets

        from kcarol.notebook.workbench.upload import SongUpload

        names = list(songs.files)
        if name not in (None, *names):
            raise FileNotFoundError(f"SONG: expected one of {', '.join(names)}, found {name}")
        self.songs, self.changed = songs, changed
        self.list = widgets.Dropdown(
            options=names, value=name or songs.first_readable, description="song", **look()
        )
        self.message = widgets.HTML()
        self.list.observe(lambda _: say(self.message, lambda: changed() or ""), "value")
        self.upload = SongUpload(self.add)
        self.box = widgets.VBox([self.list, self.upload, self.message])

    @property
    def path(self) -> Path:
        """The chosen song's file. ValueError if none is chosen, FileNotFoundError if it is gone."""
        name, files = self.list.value, self.songs.files
        if name is None:
            raise ValueError(f"expected a song: upload one, or put some into {SONGS}")
        if name not in files:
            raise FileNotFoundError(f"{name}: expected its file, found none: choose another song")
        return files[name]

    def add(self, file_name: str, content: bytes) -> None:
        """Keep an uploaded song and choose it; or say on the page what is wrong with it."""

        def keep() -> str:
            name = self.songs.add(file_name, content)
            self.list.options = list(self.songs.files)
            self.list.value = name
            self.changed()
            return f"{name} is here"

        say(self.message, keep)
