"""What controls of a notebook share."""

from __future__ import annotations

import html
from collections.abc import Callable
from typing import Any

from kcarol.audio.files import printable


class Controls:
    """Widgets in `box`, an ipywidgets VBox, which is displayed."""

    box: Any

    def _ipython_display_(self) -> None:
        from IPython.display import display

        display(self.box)


def look() -> dict:
    """Options of a control with a description."""
    import ipywidgets as widgets

    return {
        "style": {"description_width": "6em"},
        "layout": widgets.Layout(width="32em", max_width="98%"),  # widgets have margins
    }


def say(message, work: Callable[[], str], meanwhile: str = "") -> None:
    """Do `work`, then show the line that it returns, or its error, which Jupyter would hide."""
    message.value = html.escape(meanwhile)
    try:
        message.value = html.escape(work())
    except Exception as error:
        text = printable(error) or type(error).__name__
        message.value = f'<p role="alert">{html.escape(text)}</p>'


def show_html(output, page: str) -> None:
    """Show HTML in an Output widget, which unlike HTML widgets resolves relative addresses."""
    data = {"output_type": "display_data", "data": {"text/html": page}, "metadata": {}}
    output.outputs = (data,)
