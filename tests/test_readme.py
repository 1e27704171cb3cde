"""Facts about README.md and CONTRIBUTING.md: every command is one that the programs understand,
every link and picture is there.
"""

import os
import pkgutil
import re
import shlex
import sys
from pathlib import Path

import pytest

import kcarol
from kcarol.cli import original
from kcarol.cli.main import make_parser
from kcarol.conversion.styles import STYLE_NAMES
from kcarol.notebook import project_figures as figures

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
EXTRAS = PROJECT["project"]["optional-dependencies"]
BROUGHT_BY = {
    "jupyter": "jupyterlab",
    "tensorboard": "tensorboard",
    "torchrun": "torch",
    "pytest": "pytest",
    "ruff": "ruff",
    "mypy": "mypy",
}
PROGRAMS = "kcarol|python main.py|pytest|pip|conda|jupyter|tensorboard|torchrun|KCAROL_SMOKE=0"
INLINE = rf"`((?:{PROGRAMS}) [^`]+)`"


def fenced(text):
    """Lines of the bash blocks, comments left out."""
    for block in re.findall(r"^```bash\n(.*?)^```", text, re.M | re.S):
        for line in block.splitlines():
            yield from filter(
                None, (part.strip() for part in re.sub(r"\s+#.*", "", line).split(" && "))
            )


CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
COMMANDS = [
    *fenced(README),
    *fenced(CONTRIBUTING),
    *(text.replace("\n", " ") for text in re.findall(INLINE, README)),
]


def check_kcarol(words, read):
    """Read as the command line reads it; files of the repository that it names are there."""
    words = [os.curdir if word in ("DIR", "FILE") else word for word in words]
    try:
        assert read(words)
    except SystemExit as end:
        assert not end.code, f"{shlex.join(words)}: not understood"
    named = [
        word for word in words if word.startswith(("data/raw", "data/pairs", "data/demo_carols"))
    ]
    assert all((ROOT / name).exists() for name in named)


def check(command):
    words = shlex.split(command)
    while re.fullmatch(r"[A-Z_]+=\S*", words[0]):
        words = words[1:]
    program, rest = words[0].removeprefix(".venv/bin/"), words[1:]
    if program == "kcarol":
        return check_kcarol(rest, make_parser().parse_args)
    if "main.py" in words:  # python main.py, torchrun ... main.py
        assert program in ("python", "torchrun")
        return check_kcarol(rest[rest.index("main.py") + 1 :], original.read)
    if program in ("python", "python3"):
        assert rest[:2] == ["-m", "venv"] or rest[:1] == ["-m"] and rest[1] in ("pip", "pytest")
        return check_pip(rest[2:]) if rest[1] == "pip" else None
    if program == "pip":
        return check_pip(rest)
    if program == "apt":
        assert all(name in (ROOT / ".ci/run").read_text(encoding="utf-8") for name in rest[1:])
    elif program == "conda":
        assert (ROOT / rest[rest.index("-f") + 1]).is_file()
    elif program == "pre-commit":  # installed by a line before
        assert "pip install pre-commit " in CONTRIBUTING
    elif program != "source":
        declared = " ".join([*PROJECT["project"]["dependencies"], *sum(EXTRAS.values(), [])])
        assert BROUGHT_BY[program] in declared, f"{program}: nothing that is installed brings it"
    if program == "jupyter":
        assert all(list(ROOT.glob(word)) for word in rest if word.startswith("notebooks"))
    if program == "pytest" and "-m" in rest:
        markers = {
            line.split(":")[0] for line in PROJECT["tool"]["pytest"]["ini_options"]["markers"]
        }
        assert set(re.findall(r"\w+", rest[rest.index("-m") + 1])) - {"not", "and", "or"} <= markers


def check_pip(words):
    assert words[0] == "install"
    extras = [
        name
        for word in words
        for found in re.findall(r"\.\[([\w,]+)\]", word)
        for name in found.split(",")
    ]
    assert set(extras) <= set(EXTRAS)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_is_understood(command):
    check(command)


@pytest.mark.parametrize(
    "wrong",
    [
        "kcarol convert song.mp3 --stile choir",
        "kcarol sing song.mp3",
        "apt install no-such-package",
        "python main.py --train --hours",
        "torchrun --nproc-per-node 4 main.py --trian",
        "pytest -m 'not tired'",
        "pip install -e '.[music]'",
        "conda env create -f no.yml",
        "jupyter lab notebooks-of-mine",
    ],
)
def test_a_command_that_is_not_understood_is_found(wrong, capsys):
    with pytest.raises(AssertionError):
        check(wrong)


def test_the_commands_are_found():
    programs = {shlex.split(command)[0] for command in COMMANDS}
    assert len(COMMANDS) > 20 and programs >= {
        "kcarol",
        "python",
        "tensorboard",
        "torchrun",
        "jupyter",
        "pytest",
    }


@pytest.mark.parametrize("name", ["README.md", "README.ko.md"])
def test_links_and_pictures_are_files_of_the_repository(name):
    text = (ROOT / name).read_text(encoding="utf-8")
    links = [
        link
        for link in re.findall(r"\]\(([^)\s]+)\)", text)
        if "://" not in link and not link.startswith(("#", "../../actions/"))  # of the badge
    ]
    files = [link.partition("#")[0] for link in links]
    assert len(files) > 6 and [file for file in files if not (ROOT / file).is_file()] == []
    anchors = {
        re.sub(r"[^\w -]", "", title).strip().lower().replace(" ", "-")
        for title in re.findall(r"^#+ (.*)", text, re.M)
    }
    assert {link[1:] for link in re.findall(r"\]\((#[^)]+)\)", text)} <= anchors


def test_badges_tell_the_truth():
    lowest, highest = re.findall(r"3\.(\d+)", PROJECT["project"]["requires-python"])
    assert f"python-3.{lowest}_to_3.{int(highest) - 1}-" in README
    assert f"licence-{PROJECT['project']['license']}-" in README
    assert (ROOT / ".github/workflows/ci.yml").is_file() and "workflows/ci.yml/badge" in README


def test_pictures_say_what_they_show_and_are_drawn_by_one_command():
    source = Path(figures.__file__).read_text(encoding="utf-8")
    pictures = re.findall(r"!\[([^\]]*)\]\(figures/(\w+)\.png\)", README)
    assert {name for _, name in pictures} >= {"pair", "model"} and "`kcarol figures`" in README
    drawn = re.findall(r'"(\w+)(?:\.png"|":)', source)
    assert {name for _, name in pictures} <= set(drawn)
    assert all(len(text) > 30 for text, _ in pictures)


def test_styles_and_parts_that_are_named_exist():
    assert f"# {', '.join(STYLE_NAMES)}" in README
    layout = re.search(r"^## Layout\n(.*?)^## ", README, re.M | re.S)[1]
    parts = re.findall(r"`((?:kcarol|data|notebooks|figures|tests)/[\w./]*)`", layout)
    assert len(parts) > 12 and [part for part in parts if not (ROOT / part).exists()] == []


def test_python_examples_use_public_names():
    [example] = re.findall(r"^```python\n(.*?)^```", README, re.M | re.S)
    used = set(re.findall(r"\bkcarol\.(\w+)\(", example))
    assert "convert" in used and used <= set(kcarol.__all__)


def test_the_korean_readme_has_the_same_commands_and_pictures():
    korean = (ROOT / "README.ko.md").read_text(encoding="utf-8")
    assert "(README.ko.md)" in README and "(README.md)" in korean
    assert len(re.findall("[가-힣]", korean)) > 1_000
    assert list(fenced(korean)) == list(fenced(README))
    picture = r"!\[[^\]]*\]\(([^)]+)\)"
    assert re.findall(picture, korean) == re.findall(picture, README)


WAY = re.search("<!-- way:begin -->(.*)<!-- way:end -->", README, re.S)[1]


def test_a_song_is_followed_from_file_to_file_in_at_most_twelve_functions():
    names = re.findall(r"^\d+\. `([\w.]+)`", WAY, re.M)
    assert 6 <= len(names) <= 12
    assert all(callable(pkgutil.resolve_name(name)) for name in names)
