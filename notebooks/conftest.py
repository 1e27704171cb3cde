"""nbval compares what cells print; pictures, and lines in place of players, it does not."""

import re
from functools import partial

import numpy as np

CLOSE = "close-numbers"  # tag of cells whose figures depend on the processor's rounding
TOLERANCE = 0.1  # AVX2 against AVX-512: one onset of a ten-second song, 0.05 of an F-measure
NUMBER = re.compile(r"\d+\.\d+")


def pytest_collection_modifyitems(items):
    cells = [item for item in items if item.path.suffix == ".ipynb"]
    for notebook in {cell.parent for cell in cells}:
        notebook.skip_compare += ("text/html", "text/plain")
    for cell in cells:
        if CLOSE in cell.cell.metadata.get("tags", ()):
            cell.compare_outputs = partial(compare_closely, cell)


def compare_closely(cell, run, stored, skip_compare=None):
    """As `IPyNbCell.compare_outputs`: the same lines in any order, numbers within TOLERANCE."""
    texts = ["".join(output.get("text", "") for output in outputs) for outputs in (run, stored)]
    cell.comparison_traceback = ["printed:", texts[0], "stored:", texts[1]]
    printed, expected = ([words_and_numbers(line) for line in text.splitlines()] for text in texts)
    return len(printed) == len(expected) and all(
        words == same and np.allclose(numbers, others, rtol=0, atol=TOLERANCE)
        for (words, numbers), (same, others) in zip(sorted(printed), sorted(expected), strict=True)
    )


def words_and_numbers(line):
    return NUMBER.sub("#", line), [float(number) for number in NUMBER.findall(line)]
