"""The rules that notebooks keep, so that they stay short, start anywhere, and say when a number is
no longer true.

pytest also runs them (nbval, see pyproject.toml): what a cell prints must be what is stored, which
`python -m kcarol.notebook.refresh` writes; pictures are stored for readers and not compared. Cells
tagged `nbval-ignore-output`, which print times, are left out; in those tagged `close-numbers`,
which print rounded figures, numbers may be a little off. Cells tagged `nbval-check-output` are
compared under `--nbval-lax`, too.
"""

import ast
import re
import sys
from pathlib import Path
from statistics import median

import nbformat
import pytest

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "notebooks"
NAMES = ("01_preprocess", "02_model", "03_train", "04_eval")
NEXT = dict(zip(NAMES, [*(f"{name}.ipynb" for name in NAMES[1:]), "../README.md"], strict=True))
FEWEST_CELLS, MOST_CELLS, MEDIAN_LINES, MOST_LINES = 15, 25, 3, 12
# of code and of printed text: in a window of 1280 pixels JupyterLab cuts or breaks what is longer
MOST_COLUMNS = 100
FEWEST_FACTS, FEWEST_PICTURES, MOST_BYTES = 8, 5, 1_000_000
IGNORED = "nbval-ignore-output"
CONTRACT = "nbval-check-output"
PICTURE = "image/png"
LINE = "text/plain"  # what stands for players and controls
PLACES = re.compile(r"/(home|root|Users|tmp|work|private|mnt)/|[A-Z]:\\\\")  # of one machine
EMBEDDED = re.compile(rb"data:(audio|image)/[\w.+-]+;base64,[A-Za-z0-9+/]{64}")

every_notebook = pytest.mark.parametrize("name", NAMES)


def load(name):
    return nbformat.read(FOLDER / f"{name}.ipynb", as_version=4)


def of_kind(book, kind):
    return [cell for cell in book.cells if cell.cell_type == kind]


def tagged(book, tag):
    return [cell for cell in book.cells if tag in cell.metadata.get("tags", ())]


def printed(cell):
    return "".join(output.text for output in cell.outputs if output.output_type == "stream")


def lines_and_pictures(cell):
    """What is stored of a cell beside printed text: (kind, content, metadata)."""
    shown = [output for output in cell.outputs if output.output_type != "stream"]
    return [(*item, output.metadata) for output in shown for item in output.data.items()]


def tree(cell):
    """Python of a cell, its magics left out."""
    return ast.parse(
        "\n".join(
            line for line in cell.source.splitlines() if not line.lstrip().startswith(("%", "!"))
        )
    )


def n_lines(cell):
    return sum(bool(line.strip()) for line in cell.source.splitlines())


def imports_alone(cell):
    """Imports, and settings that have to be made before them."""
    parts = tree(cell).body
    return isinstance(parts[0], (ast.Import, ast.ImportFrom)) and all(
        isinstance(part, (ast.Import, ast.ImportFrom, ast.Expr)) for part in parts
    )


def test_there_are_four_and_no_others():
    assert sorted(path.stem for path in FOLDER.glob("*.ipynb")) == list(NAMES)


@every_notebook
def test_shapes_and_facts_are_compared_even_by_a_lax_run(name):
    contract = tagged(load(name), CONTRACT)
    assert len(contract) >= 4
    assert all(1 <= len(printed(cell).splitlines()) <= 5 for cell in contract)


# --- what a reader meets


@every_notebook
def test_begins_with_the_one_title_the_aim_what_is_needed_and_what_one_gets(name):
    book = load(name)
    titles = [
        line
        for cell in of_kind(book, "markdown")
        for line in cell.source.splitlines()
        if line.startswith("# ")
    ]
    first = book.cells[0]
    assert len(titles) == 1 and first.cell_type == "markdown" and first.source.startswith(titles[0])
    assert all(word in first.source.lower() for word in ("aim", "you need", "you get"))


@every_notebook
def test_ends_with_what_one_has_and_a_link_to_the_next(name):
    last = load(name).cells[-1]
    assert last.cell_type == "markdown" and "what you have" in last.source.lower()
    assert f"({NEXT[name]})" in last.source


@every_notebook
def test_links_lead_to_files_that_exist(name):
    text = "\n".join(cell.source for cell in of_kind(load(name), "markdown"))
    links = [link for link in re.findall(r"\]\(([^)#]+)", text) if "://" not in link]
    assert links and all((FOLDER / link).exists() for link in links)


@every_notebook
def test_words_come_before_steps(name):
    kinds = "".join(cell.cell_type[0] for cell in load(name).cells)
    assert "ccc" not in kinds, "three code cells in a row: put a sentence between them"


@every_notebook
def test_cells_are_few_and_short(name):
    code = of_kind(load(name), "code")
    lines = [n_lines(cell) for cell in code]
    assert FEWEST_CELLS <= len(code) <= MOST_CELLS and max(lines) <= MOST_LINES
    assert median(lines) <= MEDIAN_LINES


@every_notebook
def test_lines_of_code_and_of_printed_text_fit_a_small_window(name):
    code = of_kind(load(name), "code")
    shown = [
        content for cell in code for kind, content, _ in lines_and_pictures(cell) if kind == LINE
    ]
    texts = [*(cell.source for cell in code), *map(printed, code), *shown]
    assert [line for text in texts for line in text.splitlines() if len(line) > MOST_COLUMNS] == []


@every_notebook
def test_defines_no_functions_and_no_classes(name):
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)
    assert not [
        node
        for cell in of_kind(load(name), "code")
        for node in ast.walk(tree(cell))
        if isinstance(node, kinds)
    ]


@every_notebook
def test_imports_come_first_then_the_parameters(name):
    code = of_kind(load(name), "code")
    [parameters] = tagged(load(name), "parameters")
    place = [cell.source for cell in code].index(parameters.source)
    assert place >= 1 and all(imports_alone(cell) for cell in code[:place])
    assert not any(
        isinstance(node, (ast.Import, ast.ImportFrom))
        for cell in code[place:]
        for node in ast.walk(tree(cell))
    )
    assert "KCAROL_SMOKE" in parameters.source and all(
        isinstance(part, ast.Assign) for part in tree(parameters).body
    )


@every_notebook
def test_paths_do_not_depend_on_the_working_directory(name):
    """Jupyter starts in notebooks/, papermill anywhere: paths begin at `project_root()`."""
    for cell in of_kind(load(name), "code"):
        used = {node.id for node in ast.walk(tree(cell)) if isinstance(node, ast.Name)}
        assert (
            "/work" not in cell.source
            and "../" not in cell.source
            and "chdir" not in cell.source
            and "Path" not in used
        )


# --- what is stored


@every_notebook
def test_stored_are_printed_text_lines_and_described_pictures_and_nothing_else(name):
    code = of_kind(load(name), "code")
    streams = {output.get("name") for cell in code for output in cell.outputs} - {None}
    shown = [item for cell in code for item in lines_and_pictures(cell)]
    assert streams == {"stdout"} and {kind for kind, _, _ in shown} <= {LINE, PICTURE}
    pictures = [about for kind, _, about in shown if kind == PICTURE]
    assert len(pictures) >= FEWEST_PICTURES
    assert all(about[PICTURE]["alt"].strip() for about in pictures)


@every_notebook
def test_is_stored_small_and_with_no_place_of_the_machine_that_ran_it(name):
    path = FOLDER / f"{name}.ipynb"
    code = of_kind(load(name), "code")
    shown = [str(item) for cell in code for item in lines_and_pictures(cell) if PICTURE not in item]
    assert path.stat().st_size <= MOST_BYTES
    assert not PLACES.search("\n".join([*map(printed, code), *shown]))


@every_notebook
def test_no_picture_is_stored_twice(name):
    shown = [item for cell in of_kind(load(name), "code") for item in lines_and_pictures(cell)]
    pictures = [content for kind, content, _ in shown if kind == PICTURE]
    assert len(set(pictures)) == len(pictures)


@every_notebook
def test_was_stored_after_one_run_from_top_to_bottom(name):
    counts = [cell.execution_count for cell in of_kind(load(name), "code")]
    assert counts == list(range(1, len(counts) + 1))


@every_notebook
def test_stored_text_says_what_holds(name):
    """What nbval compares: enough of it, and nothing that failed."""
    checked = [
        printed(cell)
        for cell in of_kind(load(name), "code")
        if IGNORED not in cell.metadata.get("tags", ())
    ]
    facts = [text for text in checked if re.search(r"\d|True", text)]
    assert len(facts) >= FEWEST_FACTS and "True" in "".join(facts)
    assert not re.search("False|Traceback|Warning", "".join(checked))


@every_notebook
def test_only_cells_with_times_are_not_compared(name):
    ignored = tagged(load(name), IGNORED)
    assert len(ignored) <= 1
    for cell in ignored:
        assert re.search(r"\d ms|times real time", printed(cell))


@every_notebook
def test_carries_no_widget_state(name):
    assert set(load(name).metadata) <= {"kernelspec", "language_info"}


def test_no_sound_and_no_picture_is_embedded_in_any_text():
    files = [path for pattern in ("*.ipynb", "*.md", "*.html") for path in ROOT.glob(pattern)]
    files += [
        path
        for folder in ("notebooks", "kcarol", "data", "tests", "figures")
        for path in (ROOT / folder).rglob("*")
        if path.suffix in (".ipynb", ".md", ".html", ".py", ".svg") and "eval" not in path.parts
    ]
    assert len(files) > 20 and not [path for path in files if EMBEDDED.search(path.read_bytes())]


# --- that they are run


def test_plain_pytest_runs_the_notebooks():
    whole = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    options = whole["tool"]["pytest"]["ini_options"]
    assert "notebooks" in options["testpaths"]
    nbval = {"--nbval", "--nbval-current-env", "--nbval-cell-timeout=300"}
    assert nbval <= set(options["addopts"])


def test_before_a_commit_ruff_looks_at_notebooks_and_pages_and_sounds_are_refused():
    text = (ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8")
    assert "id: ruff" in text and "jupyter" in text
    refused = re.search(r"entry: '(.+)'", text).group(1)
    run_by_hand = '"text/html": ["<audio src=\\"data:audio/flac;base64,"]'
    assert re.search(refused, run_by_hand)
    assert not any(re.search(refused, (FOLDER / f"{name}.ipynb").read_text()) for name in NAMES)
