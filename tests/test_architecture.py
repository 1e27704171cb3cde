"""The house: which folder may import which, and how the code is written."""

from __future__ import annotations

import ast
import re
import tokenize
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "kcarol"
MODULES = sorted(PACKAGE.rglob("*.py"))
CODE = [*MODULES, *sorted((ROOT / "tests").rglob("*.py")), ROOT / "main.py"]
MOST_MODULES = 12  # a folder
MOST_COLUMNS = 100

LISTENING = {"audio", "model", "transcription"}
CONVERTING = LISTENING | {"vocoder", "arrangement", "score", "synthesis", "voice", "conversion"}
MEASURING = CONVERTING | {"dataset", "page", "evaluation", "training"}
MAY_IMPORT = {  # folder -> folders below it; all may import config and progress
    "audio": set(),
    "model": {"audio"},
    "vocoder": {"audio", "model"},
    "transcription": {"audio", "model"},
    "arrangement": {"audio", "model", "transcription"},
    "score": LISTENING | {"arrangement"},
    # from samples: what the playing half learns from, and what conversion offers beside it
    "synthesis": LISTENING | {"arrangement"},
    "voice": LISTENING | {"arrangement", "synthesis"},
    "conversion": LISTENING | {"vocoder", "arrangement", "score", "synthesis", "voice"},
    "dataset": LISTENING | {"arrangement"},
    "corpus": {"audio", "model", "dataset", "transcription", "arrangement", "synthesis"},
    "page": LISTENING | {"score"},
    "evaluation": CONVERTING | {"dataset", "page"},
    "training": CONVERTING | {"dataset"},
    "notebook": MEASURING | {"corpus"},
    "cli": MEASURING | {"notebook"},
}
READS_TRANSCRIPTIONS = {  # modules of corpus
    "corpus/arrangement/realised_sheet.py",  # Otsu's threshold
    "corpus/dataset/carols.py",  # bars of sheets without a record
    "corpus/dataset/demo_set.py",  # bars, measured in the record
    "corpus/dataset/pairs.py",  # the same
    "corpus/dataset/style_references.py",  # the same
}
RENDERS = {  # modules outside corpus that render songs
    "cli/corpus.py",
    "cli/evaluate.py",  # cases
    "training/pretraining.py",
    "training/recipe.py",
}


def imports(path: Path) -> set[str]:
    """Dotted names of everything of kcarol that a module imports, inside functions too."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{path}: relative import"
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return {name for name in found if name.startswith("kcarol.")}


def name_of(path: Path) -> str:
    return path.relative_to(PACKAGE).as_posix()


@pytest.mark.parametrize("folder", MAY_IMPORT)
def test_imports_go_one_way(folder):
    wrong = [
        f"{name_of(path)} imports {name}"
        for path in sorted((PACKAGE / folder).rglob("*.py"))
        for name in sorted(imports(path))
        if name.split(".")[1]
        not in MAY_IMPORT[folder] | {folder, "config", "progress", "__version__"}
        and not (name.split(".")[1] == "corpus" and name_of(path) in RENDERS)
    ]
    assert wrong == []


def test_corpus_reads_lead_sheets_and_next_to_nothing_else_of_transcription():
    readers = {
        name_of(path)
        for path in (PACKAGE / "corpus").rglob("*.py")
        for name in imports(path)
        if re.match(r"kcarol\.transcription\.(?!lead_sheet\b)", name)
    }
    assert readers <= READS_TRANSCRIPTIONS


def test_every_module_has_its_folder():
    loose = {path.name for path in PACKAGE.glob("*.py")}
    assert loose == {"__init__.py", "__main__.py", "config.py", "progress.py"}
    folders = {path.relative_to(PACKAGE).parts[0] for path in MODULES if path.parent != PACKAGE}
    assert folders == set(MAY_IMPORT)


def test_no_folder_is_crowded():
    sizes = Counter(path.parent for path in MODULES if path.name != "__init__.py")
    assert {name_of(folder): n for folder, n in sizes.items() if n > MOST_MODULES} == {}


def test_lines_are_at_most_100_columns_wide():
    long = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in CODE
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
        if len(line) > MOST_COLUMNS
    ]
    assert long == []


def test_the_formatter_is_not_switched_off_and_no_lambda_has_a_name():
    found = []
    for path in CODE:
        with path.open("rb") as file:
            comments = [t for t in tokenize.tokenize(file.readline) if t.type == tokenize.COMMENT]
        for comment in comments:
            if re.search(r"fmt: *(skip|off)|noqa: *E731|noqa(?!:)", comment.string):
                found.append(f"{path.relative_to(ROOT)}:{comment.start[0]}")
    assert found == []


def test_benchmarks_use_no_private_name_of_the_package():
    """They run rarely: a private name could change without anybody noticing."""
    found = [
        f"{path.name}:{node.lineno}: {node.attr}"
        for path in sorted((ROOT / "tests" / "benchmarks").glob("*.py"))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute) and re.match(r"_(?!_)(?!repr_html_$)", node.attr)
    ]
    assert found == []
