"""Run the notebooks in smoke size and store what a page shows that cannot run them:

    python -m kcarol.notebook.refresh [notebooks/01_preprocess.ipynb ...]

That is printed text, which the tests compare with a new run, and small pictures. A line stands
for players and controls; sounds are not stored.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from kcarol.notebook import figures
from kcarol.notebook.figures.picture import SCREEN_DPI, Picture, small_png
from kcarol.notebook.players import Players
from kcarol.notebook.project import project_root
from kcarol.notebook.workbench.carols import SongPage
from kcarol.notebook.workbench.sheets import upper_page

if TYPE_CHECKING:
    from nbformat import NotebookNode

CELL_TIMEOUT_S = 600
PALETTE = 64  # colours of a picture: a fifth of the size, and no visible difference
SCORE_SCALE = 1.4  # pixels a point
SCORE_SHARE = 0.42  # of a score's first page that is stored
GREYS = 8  # of a score
WIDGET = "application/vnd.jupyter.widget-view+json"
CONTROLS = "Controls stand here: run the cell to use them."


# --- the command


def main(names: Sequence[str]) -> None:
    """Refresh the notebooks of these names; all of the project without any."""
    os.environ["KCAROL_SMOKE"] = "1"
    for path in map(Path, names or sorted((project_root() / "notebooks").glob("*.ipynb"))):
        refresh(path)
        print(f"{path}: {path.stat().st_size / 1e3:.0f} kB", flush=True)


def refresh(path: Path) -> None:
    """Run a notebook in its own folder, and store it with its text and its pictures.

    Raises nbclient's CellExecutionError, and stores nothing, if a cell fails.
    """
    import nbformat
    from nbclient import NotebookClient
    from nbformat.v4 import new_code_cell

    book = nbformat.read(path, as_version=4)
    resources = {"metadata": {"path": str(path.parent)}}
    client = NotebookClient(book, timeout=CELL_TIMEOUT_S, resources=resources, record_timing=False)
    book.cells.insert(0, new_code_cell(f"%load_ext {_MODULE}"))
    with client.setup_kernel():
        for number, cell in enumerate(book.cells):
            # the first is not counted: the others count from 1, as when a reader runs them
            client.execute_cell(cell, number, store_history=number > 0)
    del book.cells[0]
    for cell in book.cells:
        if cell.cell_type == "code":
            cell.outputs = stored(cell.outputs)
    nbformat.write(book, path)


def stored(outputs: Sequence[NotebookNode]) -> list[NotebookNode]:
    """What is stored of a cell's outputs; text that was printed in one go stays together."""
    kept: list[NotebookNode] = []
    for output in (part for whole in outputs for part in _parts(whole)):
        if kept and kept[-1].output_type == output.output_type == "stream":
            kept[-1].text += output.text
        else:
            kept.append(output)
    return kept


def _parts(output: NotebookNode) -> Iterator[NotebookNode]:
    """Printed text; a picture, before it the line that belongs to it unless that is its
    description; for controls a line.
    """
    from nbformat.v4 import new_output

    data = output.get("data", {})
    about = output.get("metadata", {}).get("image/png", {})
    line = CONTROLS if WIDGET in data else data.get("text/plain", "")
    if output.get("name") == "stdout":
        yield output
    if line and line != about.get("alt"):
        yield new_output("display_data", {"text/plain": line})
    if "image/png" in data:
        kept = {"image/png": data["image/png"]}
        yield new_output("display_data", kept, metadata={"image/png": about})


# --- inside the notebook's kernel

_MODULE = "kcarol.notebook.refresh"  # whatever name this module is run by


def load_ipython_extension(shell) -> None:
    """Let IPython make small PNGs of what has pictures, with descriptions."""
    png = shell.display_formatter.formatters["image/png"]
    png.for_type(Picture, picture_png)
    png.for_type(Players, players_png)
    png.for_type(SongPage, score_png)


def picture_png(picture: Picture) -> tuple[bytes, dict]:
    return picture.png(SCREEN_DPI, PALETTE), {"alt": picture.description}


def players_png(players: Players) -> tuple[bytes, dict] | None:
    """The spectrograms that stand below the players, if any."""
    return picture_png(figures.spectrograms(players.bands)) if players.bands else None


def score_png(page: SongPage) -> tuple[bytes, dict] | None:
    """The beginning of a song's score, if it has one."""
    if "PDF" not in page.sheets.files:
        return None
    image = upper_page(page.sheets.files["PDF"], SCORE_SCALE, SCORE_SHARE)
    return small_png(image, GREYS), {"alt": f"first bars of the score of {next(iter(page.sounds))}"}


if __name__ == "__main__":
    main(sys.argv[1:])
