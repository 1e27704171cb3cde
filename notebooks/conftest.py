"""nbval compares what cells print: players, pictures and widgets are not stored in the notebooks."""

import re
from functools import partial

import numpy as np

CLOSE = "close-numbers"  # tag of cells whose figures depend on the processor's rounding
TOLERANCE = 0.03
NUMBER = re.compile(r"\d+\.\d+")


def pytest_collection_modifyitems(items):
    cells = [item for item in items if item.path.suffix == ".ipynb"]
    for notebook in {cell.parent for cell in cells}:
        notebook.skip_compare += ("text/html", "text/plain")
    for cell in cells:
        if CLOSE in cell.cell.metadata.get("tags", ()):
            cell.compare_outputs = partial(compare_closely, cell)


def compare_closely(cell, run, stored, skip_compare=None):
    """As `IPyNbCell.compare_outputs`: the same words, and numbers within TOLERANCE."""
    texts = ["".join(output.get("text", "") for output in outputs) for outputs in (run, stored)]
    cell.comparison_traceback = ["printed:", texts[0], "stored:", texts[1]]
    if NUMBER.sub("", texts[0]) != NUMBER.sub("", texts[1]):
        return False
    numbers = [[float(number) for number in NUMBER.findall(text)] for text in texts]
    return np.allclose(*numbers, rtol=0, atol=TOLERANCE)
