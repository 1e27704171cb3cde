"""Facts about what is installed and promised: README, pyproject.toml, environment.yml, .ci/run,
imports.
"""

import ast
import os
import re
import shlex
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from kcarol.cli.main import main as cli
from kcarol.corpus.synthesis.render import TRAINING_SOUNDFONTS, VALIDATION_SOUNDFONT

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
MODULES = sorted((ROOT / "kcarol").rglob("*.py"))
DISTRIBUTIONS = {
    "sklearn": "scikit-learn",
    "imageio_ffmpeg": "imageio-ffmpeg",
    "fluidsynth": "pyfluidsynth",
    "PIL": "pillow",
}  # import -> name
MOST_BYTES = 16 << 20  # of a weights file


def section(title):
    return re.search(rf"^## {title}\n(.*?)(?=^## |\Z)", README, re.M | re.S)[1]


def command(title):
    blocks = re.findall(r"^```bash\n(.*?)^```", section(title), re.M | re.S)
    assert len(blocks) == 1, f"expected one bash block under {title}, found {len(blocks)}"
    return blocks[0].rstrip("\n")


def requirements(names):
    return [Requirement(text) for text in names if not text.startswith("kcarol[")]


def imports(path):
    """(module, whether at the top of the file) of all absolute imports."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node in tree.body) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield node.module, node in tree.body
            yield from ((f"{node.module}.{alias.name}", node in tree.body) for alias in node.names)


def importers(*modules):
    found = {path for path in MODULES for name, _ in imports(path) if name.split(".")[0] in modules}
    return {path.relative_to(ROOT / "kcarol").as_posix() for path in found}


# --- the two commands


@pytest.mark.parametrize("title", ["Run", "Test"])
def test_readme_has_one_line_that_needs_python_and_pip_alone(title):
    line = command(title)
    assert "\n" not in line and line.startswith(
        "python3 -m venv .venv && .venv/bin/python -m pip install "
    )
    programs = {shlex.split(part)[0] for part in line.split(" && ")}
    assert programs <= {"python3", ".venv/bin/python", ".venv/bin/kcarol"}


def test_run_line_converts_a_bundled_song_with_a_picture():
    words = shlex.split(command("Run").split(" && ")[-1])
    assert words[:2] == [".venv/bin/kcarol", "convert"] and "--picture" in words
    assert (ROOT / words[2]).is_file(), f"the song in README's Run line is missing: {words[2]}"
    [(name, arguments)] = cli.read(words[1:])
    assert name == "convert" and arguments.out.suffix == ".wav"


def test_shipped_weights_are_there_and_small():
    files = sorted((ROOT / "kcarol" / "weights").glob("*.safetensors"))
    names = ["converter.safetensors", "style_references.safetensors", "vocoder.safetensors"]
    assert [file.name for file in files] == names
    assert all(file.stat().st_size < MOST_BYTES for file in files)


def test_ci_runs_the_test_line_of_the_readme_even_without_apt(tmp_path):
    """In a copy with stand-ins for every program, which write down how they were called."""
    calls = tmp_path / "calls.txt"
    (tmp_path / "README.md").write_text(README, encoding="utf-8")
    for name in ("bin/python3", ".venv/bin/python", ".venv/bin/kcarol"):
        write_program(tmp_path / name, f'echo "{name.removeprefix("bin/")} $*" >> "{calls}"')
    for name in ("bin/apt-get", "bin/sudo"):
        write_program(tmp_path / name, "exit 1")
    write_program(
        tmp_path / ".ci/run",
        (ROOT / ".ci/run").read_text(encoding="utf-8").split("\n", 1)[1],
        "#!/usr/bin/env bash",
    )
    environment = {**os.environ, "PATH": f"{tmp_path / 'bin'}:/usr/bin:/bin"}
    done = subprocess.run([tmp_path / ".ci/run"], env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert f"+ {command('Test')}" in done.stdout.splitlines() and "skipped" in done.stderr
    assert calls.read_text().splitlines() == [
        " ".join(shlex.split(part)) for part in command("Test").split(" && ")
    ]


def test_ci_fails_where_the_tests_fail(tmp_path):
    (tmp_path / "README.md").write_text(
        "## Test\n\n```bash\ntrue && false\n```\n", encoding="utf-8"
    )
    write_program(tmp_path / "bin/apt-get", "exit 0")
    write_program(tmp_path / "bin/sudo", "exit 0")
    write_program(
        tmp_path / ".ci/run",
        (ROOT / ".ci/run").read_text(encoding="utf-8").split("\n", 1)[1],
        "#!/usr/bin/env bash",
    )
    environment = {**os.environ, "PATH": f"{tmp_path / 'bin'}:/usr/bin:/bin"}
    assert (
        subprocess.run([tmp_path / ".ci/run"], env=environment, capture_output=True).returncode == 1
    )


def write_program(path, text, interpreter="#!/bin/sh"):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"{interpreter}\n{text}\n", encoding="utf-8")
    path.chmod(0o755)


def test_ci_is_executable():
    assert os.access(ROOT / ".ci/run", os.X_OK)


# --- what is declared


def test_conda_and_pip_give_the_same():
    conda = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))
    [pip] = [item["pip"] for item in conda["dependencies"] if isinstance(item, dict)]
    names = dict(
        item.split("=") for item in conda["dependencies"] if isinstance(item, str) and "=" in item
    )
    assert SpecifierSet(PROJECT["requires-python"]).contains(names["python"])
    assert {"pip", "ffmpeg", "fluidsynth"} <= {
        item for item in conda["dependencies"] if isinstance(item, str)
    }
    [(path, extras)] = [re.fullmatch(r"-e (\S+)\[([\w,]+)\]", line).groups() for line in pip]
    assert path == "." and set(extras.split(",")) == set(PROJECT["optional-dependencies"])


def test_torch_and_torchaudio_are_pinned_together():
    pins = {r.name: str(r.specifier) for r in requirements(PROJECT["dependencies"])}
    assert pins["torch"] == pins["torchaudio"] == "==2.11.*"


TESTED = [*PROJECT["dependencies"], *PROJECT["optional-dependencies"]["test"]]
DECLARED = [*PROJECT["dependencies"], *sum(PROJECT["optional-dependencies"].values(), [])]


@pytest.mark.parametrize("requirement", requirements(TESTED), ids=str)
def test_what_these_tests_run_with_is_within_the_declared_ranges(requirement):
    assert requirement.specifier.contains(version(requirement.name), prereleases=True)


def test_every_import_is_declared():
    declared = {
        r.name.lower()
        for names in [PROJECT["dependencies"], *PROJECT["optional-dependencies"].values()]
        for r in requirements(names)
    } | {"ipython"}  # comes with ipykernel
    roots = (
        {name.split(".")[0] for path in MODULES for name, _ in imports(path)}
        - set(sys.stdlib_module_names)
        - {"kcarol"}
    )
    assert {DISTRIBUTIONS.get(root, root).lower() for root in roots} <= declared


def test_scripts_and_weights_are_packaged():
    whole = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert PROJECT["scripts"] == {"kcarol": "kcarol.cli.main:main"}
    assert whole["tool"]["setuptools"]["package-data"]["kcarol"] == ["weights/*"]


# --- who knows what


@pytest.mark.parametrize(
    "modules, knows",
    [
        (["matplotlib"], {"plotting.py"}),
        (["pydub", "imageio_ffmpeg"], {"audio.py"}),
        (["fluidsynth"], {"corpus/render.py"}),
        (["IPython", "ipywidgets"], {"listen.py"}),
    ],
)
def test_only_one_module_knows(modules, knows):
    assert importers(*modules) <= knows


@pytest.mark.parametrize("module", ["plotting", "figures", "listen", "cli"])
def test_nothing_below_the_command_line_imports(module):
    found = {
        path.name for path in MODULES for name, _ in imports(path) if name == f"kcarol.{module}"
    }
    assert found <= {"cli.py", "listen.py", "figures.py"}


def test_command_line_imports_only_light_modules_at_its_top():
    top = {name.split(".")[0] for name, at_top in imports(ROOT / "kcarol/cli/main.py") if at_top}
    assert top <= set(sys.stdlib_module_names) | {"kcarol"}


def test_licences_are_named_for_code_and_data():
    text = (ROOT / "LICENSE").read_text(encoding="utf-8")
    assert text.startswith("MIT License") and "CC0 1.0" in text and "data/" in text
    assert "CC0" in (ROOT / "data/README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "requirement", requirements(DECLARED), ids=lambda requirement: requirement.name
)
def test_the_licence_of_everything_that_is_installed_is_listed(requirement):
    text = (ROOT / "data/README.md").read_text(encoding="utf-8")
    [table] = re.findall(r"^## Licences of what kcarol uses\n(.*?)^## ", text, re.M | re.S)
    named = re.findall(r"[\w-]+(?=[,:])", table)
    assert requirement.name in named, f"data/README.md, licences: {requirement.name} is missing"


def test_the_licence_of_every_soundfont_is_listed():
    text = (ROOT / "data/README.md").read_text(encoding="utf-8")
    [table] = re.findall(r"^## Licences of what kcarol uses\n(.*?)^## ", text, re.M | re.S)
    for name in (*TRAINING_SOUNDFONTS, VALIDATION_SOUNDFONT):
        assert re.sub(r"_GM.*|_General.*", "", Path(name).stem) in table.replace(" ", ""), name


def test_every_dependency_has_a_lower_and_an_upper_end():
    for requirement in requirements(DECLARED):
        operators = {part.operator for part in requirement.specifier}
        assert operators == {"=="} or operators == {">=", "<"}, requirement


# --- privacy


def test_nothing_in_the_package_speaks_to_the_network():
    """No client is imported; Dask's, for `--engine ADDRESS` alone. That nothing else does so
    either: test_faults.py.
    """
    clients = (
        "socket",
        "ssl",
        "http",
        "urllib",
        "urllib3",
        "requests",
        "httpx",
        "aiohttp",
        "ftplib",
        "huggingface_hub",
    )
    assert importers(*clients) == set()
    assert importers("distributed") == {"manifest.py"}
    text = "\n".join(path.read_text(encoding="utf-8") for path in MODULES)
    assert not re.search(
        r"load_state_dict_from_url|torch\.hub|hf_hub|pooch|librosa\.ex(ample)?\(|telemetry", text
    )
