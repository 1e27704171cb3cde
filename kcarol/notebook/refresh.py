"""Run the notebooks in smoke size and store the text that they print:

    python -m kcarol.notebook.refresh [notebooks/01_preprocess.ipynb ...]

Sounds, pictures and widgets are not stored. The tests compare the stored text with a new run.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from kcarol.notebook.project import project_root

CELL_TIMEOUT_S = 600


def refresh(path: Path) -> None:
    """Run a notebook in its own folder, and store it with only its printed text.

    Raises nbclient's CellExecutionError, and stores nothing, if a cell fails.
    """
    import nbformat
    from nbclient import NotebookClient

    book = nbformat.read(path, as_version=4)
    resources = {"metadata": {"path": str(path.parent)}}
    client = NotebookClient(book, timeout=CELL_TIMEOUT_S, resources=resources, record_timing=False)
    client.execute()
    for cell in book.cells:
        if cell.cell_type == "code":
            cell.outputs = printed_text(cell.outputs)
    book.metadata.pop("widgets", None)
    nbformat.write(book, path)


def printed_text(outputs: Sequence) -> list:
    """Outputs of a cell -> one output with the printed text, or none."""
    from nbformat.v4 import new_output

    text = "".join(output.text for output in outputs if output.get("name") == "stdout")
    return [new_output("stream", name="stdout", text=text)] if text else []


def main(names: Sequence[str]) -> None:
    """Refresh the notebooks of these names; all of the project without any."""
    os.environ["KCAROL_SMOKE"] = "1"
    for path in map(Path, names or sorted((project_root() / "notebooks").glob("*.ipynb"))):
        print(path, flush=True)
        refresh(path)


if __name__ == "__main__":
    main(sys.argv[1:])
