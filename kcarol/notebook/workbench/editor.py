"""Controls to mend a score in plain text, engrave it and play it again."""

from __future__ import annotations

import html
from pathlib import Path

from kcarol.conversion.converter import Converter
from kcarol.notebook.workbench.carols import mended_carol
from kcarol.notebook.workbench.controls import Controls, look, say, show_html
from kcarol.score.edits import edited, in_text
from kcarol.score.score import Score

EXAMPLE = """a change a line, for instance

bar 5: Am
bar 6 beat 3: F/A
bar 7 note 2: A4
bar 8 note 1: rest"""
HEIGHT_EM = 14
WORKING = "engraving and playing ..."


class ScoreEditor(Controls):
    """A song's score bar by bar as text, a field for changes (see `kcarol.score.edits`), and a
    button that engraves and plays it with them.
    """

    def __init__(self, song: Path, score: Score, folder: Path, converter: Converter):
        """`song`: its file; files are written below `folder`."""
        import ipywidgets as widgets

        self.song, self.score, self.folder, self.converter = song, score, folder, converter
        height = f"{HEIGHT_EM}em"
        bars = widgets.HTML(
            f'<pre style="height:{height};overflow:auto;margin:0 2em 0 0;line-height:1.4">'
            f"{html.escape(in_text(score, 0))}</pre>"
        )
        self.changes = widgets.Textarea(
            placeholder=EXAMPLE, layout=widgets.Layout(width="22em", height=height)
        )
        styles = list(converter.styles)
        self.style = widgets.Dropdown(options=styles, description="style", **look())
        self.button = widgets.Button(description="Engrave and play", button_style="primary")
        self.button.on_click(lambda _: self.play())
        self.message, self.page = widgets.HTML(), widgets.Output()
        fields = widgets.HBox([bars, self.changes], layout=widgets.Layout(flex_flow="row wrap"))
        self.box = widgets.VBox([fields, self.style, self.button, self.message, self.page])

    def play(self) -> None:
        """Make the changes and show what they make; or say on the page what is wrong."""
        self.button.disabled = True
        say(self.message, self._show, WORKING)
        self.button.disabled = False

    def _show(self) -> str:
        mended = edited(self.score, self.changes.value)
        style = self.style.value
        page = mended_carol(self.song, mended, self.folder, style, converter=self.converter)
        show_html(self.page, page._repr_html_())
        return ""
