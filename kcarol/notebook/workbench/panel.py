"""Controls for whole songs: choose or upload one, and hear, see and save its carol.

Widgets need a kernel: `whole_carol` is the same without them.
"""

from __future__ import annotations

from pathlib import Path

from kcarol.conversion.converter import Converter
from kcarol.notebook.workbench.carols import whole_carol
from kcarol.notebook.workbench.chooser import SongChooser
from kcarol.notebook.workbench.controls import Controls, look, say, show_html
from kcarol.notebook.workbench.songs import RUNS, Songs

HALLS = {"as the style has it": None, "none": 0.0, "small": 0.15, "large": 0.3, "cathedral": 0.5}
WORKING = "listening, then playing: a song of four minutes takes half a minute or so ..."


class SongPanel(Controls):
    """A `SongChooser`, style, strength, hall, the voice where there is a file of it, and a button
    that makes the carol.
    """

    def __init__(self, root: Path, converter: Converter):
        """`root`: the project's, see `project_root`."""
        import ipywidgets as widgets

        self.folder, self.converter = root / RUNS, converter
        self.voice = widgets.Checkbox(True, description="with the song's own voice", **look())
        self.chooser = SongChooser(Songs(root), changed=self._offer_voice)
        self._offer_voice()
        styles = list(converter.styles)
        self.style = widgets.Dropdown(options=styles, description="style", **look())
        self.strength = widgets.FloatSlider(
            1.0, min=0, max=1, step=0.25, description="strength", **look()
        )
        self.hall = widgets.Dropdown(options=HALLS, description="hall", **look())
        self.button = widgets.Button(description="Make the carol", button_style="primary")
        self.button.on_click(lambda _: self.make())
        self.message, self.page = widgets.HTML(), widgets.Output()
        controls = (self.style, self.strength, self.hall, self.voice, self.button)
        self.box = widgets.VBox([self.chooser.box, *controls, self.message, self.page])

    @property
    def voice_file(self) -> Path | None:
        """Of the chosen song, if there is one."""
        chosen = self.chooser.list.value
        return None if chosen is None else self.chooser.songs.voice_of(self.chooser.path)

    def _offer_voice(self) -> None:
        self.voice.layout.display = "none" if self.voice_file is None else ""

    def make(self) -> None:
        """Make the chosen song's carol and show it; or say on the page what is wrong."""
        self.button.disabled = True
        say(self.message, self._show, WORKING)
        self.button.disabled = False

    def _show(self) -> str:
        carol = whole_carol(
            self.chooser.path,
            self.folder,
            self.style.value,
            self.strength.value,
            self.hall.value,
            voice=self.voice_file if self.voice.value else None,
            converter=self.converter,
        )
        show_html(self.page, carol._repr_html_())
        return ""
