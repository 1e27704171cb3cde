"""Facts about what is installed and promised: README, pyproject.toml, environment.yml, .ci/run,
imports.
"""

import ast
import os
import re
import shlex
import shutil
import subprocess
import sys
import zipfile
from importlib.metadata import version
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

import kcarol
from kcarol.cli.main import make_parser
from kcarol.synthesis.render import TRAINING_SOUNDFONTS, VALIDATION_SOUNDFONT

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
CI = ROOT / ".github/workflows/ci.yml"
MOST_BYTES = 24 << 20  # of a weights file


def section(title):
    return re.search(rf"^## {title}\n(.*?)(?=^## |\Z)", README, re.M | re.S)[1]


def command(title):
    blocks = re.findall(r"^```bash\n(.*?)^```", section(title), re.M | re.S)
    assert len(blocks) == 1, f"expected one bash block under {title}, found {len(blocks)}"
    return blocks[0].rstrip("\n")


def read(name):
    return (ROOT / name).read_text(encoding="utf-8")


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
    arguments = make_parser().parse_args(words[1:])
    assert arguments.command == "convert" and arguments.out.suffix == ".wav"


def test_shipped_weights_are_there_and_small():
    files = sorted((ROOT / "kcarol" / "weights").glob("*.safetensors"))
    names = ["converter", "style_references", "syllables", "vocoder"]
    assert [file.name for file in files] == [f"{name}.safetensors" for name in names]
    assert all(file.stat().st_size < MOST_BYTES for file in files)


def run_ci(folder, readme, stand_ins):
    """`.ci/run` in a copy with that README, and stand-ins for programs (path -> shell script)."""
    (folder / "README.md").write_text(readme, encoding="utf-8")
    for name, script in stand_ins.items():
        write_program(folder / name, "#!/bin/sh\n" + script)
    script = (ROOT / ".ci/run").read_text(encoding="utf-8")
    write_program(folder / ".ci/run", script)
    environment = {**os.environ, "PATH": f"{folder / 'bin'}:/usr/bin:/bin"}
    return subprocess.run([folder / ".ci/run"], env=environment, capture_output=True, text=True)


def write_program(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text + "\n", encoding="utf-8")
    path.chmod(0o755)


def test_ci_runs_the_test_line_of_the_readme_even_without_apt(tmp_path):
    calls = tmp_path / "calls.txt"
    written_down = {
        name: f'echo "{name.removeprefix("bin/")} $*" >> "{calls}"'
        for name in ("bin/python3", ".venv/bin/python", ".venv/bin/kcarol")
    }
    done = run_ci(tmp_path, README, {**written_down, "bin/apt-get": "exit 1", "bin/sudo": "exit 1"})
    assert done.returncode == 0, done.stderr
    assert f"+ {command('Test')}" in done.stdout.splitlines() and "skipped" in done.stderr
    line = [" ".join(shlex.split(part)) for part in command("Test").split(" && ")]
    checks = ["mypy", "ruff check .", "ruff format --check ."]
    checked = [f".venv/bin/python -m {check}" for check in checks]
    assert calls.read_text().splitlines() == [*line, *checked]


@pytest.mark.parametrize("where", ["bin/apt-get", "bin/sudo"])
def test_ci_installs_no_system_part_where_it_is_asked_not_to(where, tmp_path, monkeypatch):
    monkeypatch.setenv("KCAROL_CI_BARE", "1")
    readme = "## Test\n\n```bash\ntrue\n```\n"
    checks = {".venv/bin/python": "exit 0"}
    done = run_ci(tmp_path, readme, {where: "echo called >&2", **checks})
    assert done.returncode == 0 and "called" not in done.stderr


def test_ci_fails_where_the_tests_fail(tmp_path):
    readme = "## Test\n\n```bash\ntrue && false\n```\n"
    assert run_ci(tmp_path, readme, {"bin/apt-get": "", "bin/sudo": ""}).returncode == 1


def test_the_workflow_runs_ci_on_both_ends_of_python_and_once_without_system_parts():
    versions, bare = set(), []
    for job in yaml.safe_load(CI.read_text(encoding="utf-8"))["jobs"].values():
        steps = [step for step in job["steps"] if step.get("run") == ".ci/run"]
        bare += ["KCAROL_CI_BARE" in step.get("env", {}) for step in steps]
        versions |= set(job.get("strategy", {}).get("matrix", {}).get("python", []))
    assert versions == {"3.10", "3.12"} and sorted(bare) == [False, True]
    assert all(SpecifierSet(PROJECT["requires-python"]).contains(number) for number in versions)


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
    assert pins["torch"] == pins["torchaudio"] == "==2.11.0"


@pytest.mark.parametrize("name", ["Dockerfile", ".binder/requirements.txt", CI.name])
def test_images_and_jobs_without_cuda_take_the_same_torch(name):
    text = (CI if name == CI.name else ROOT / name).read_text(encoding="utf-8")
    pins = re.findall(r"\b(torch\w*)(==[\d.*]+)", text)
    wanted = {str(requirement) for requirement in requirements(PROJECT["dependencies"])}
    assert pins and {name + version for name, version in pins} <= wanted
    assert "download.pytorch.org/whl/cpu" in text and ("[notebooks]" in text or name == CI.name)


def test_images_run_a_python_that_is_supported():
    docker = re.search(r"^FROM python:(\S+)-slim$", read("Dockerfile"), re.M)[1]
    binder = read(".binder/runtime.txt").strip().removeprefix("python-")
    assert docker == binder and SpecifierSet(PROJECT["requires-python"]).contains(docker)


def test_the_image_is_not_run_by_root_and_leaves_the_users_own_songs_out():
    assert re.findall(r"^USER (.*)$", read("Dockerfile"), re.M) == ["singer"]
    kept = re.findall(r"^!/?(data/raw/\w+/\S+\.\w+)$", read(".gitignore"), re.M)
    assert re.findall(r"^!(data/raw\S*)$", read(".dockerignore"), re.M) == kept


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


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """What `pip install kcarol` would install, built from a copy with empty weights."""
    copy, out = tmp_path_factory.mktemp("copy"), tmp_path_factory.mktemp("wheel")
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, copy)
    shutil.copytree(
        ROOT / "kcarol", copy / "kcarol", ignore=shutil.ignore_patterns("*.safetensors")
    )
    for weights in (ROOT / "kcarol").rglob("*.safetensors"):
        (copy / weights.relative_to(ROOT)).touch()
    code = f"from setuptools import build_meta; build_meta.build_wheel({str(out)!r})"
    done = subprocess.run([sys.executable, "-c", code], cwd=copy, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    [file] = out.glob("*.whl")
    return zipfile.ZipFile(file)


def test_the_wheel_has_every_file_of_the_package_and_none_besides(wheel):
    ours = {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "kcarol").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert "kcarol/py.typed" in ours and "kcarol/weights/vocoder.safetensors" in ours
    assert {name for name in wheel.namelist() if ".dist-info/" not in name} == ours


def test_the_wheel_has_a_version_and_the_command(wheel):
    [metadata] = [name for name in wheel.namelist() if name.endswith("METADATA")]
    [scripts] = [name for name in wheel.namelist() if name.endswith("entry_points.txt")]
    assert f"\nVersion: {kcarol.__version__}\n" in wheel.read(metadata).decode()
    assert "kcarol = kcarol.cli.main:main" in wheel.read(scripts).decode()


# --- who knows what


@pytest.mark.parametrize(
    "modules, folder",
    [
        (["matplotlib"], "notebook"),
        (["pydub", "imageio_ffmpeg"], "audio"),
        (["fluidsynth"], "synthesis"),
        (["IPython", "ipywidgets"], "notebook"),
    ],
)
def test_only_one_folder_knows(modules, folder):
    assert {path.split("/")[0] for path in importers(*modules)} == {folder}


@pytest.mark.parametrize("path", sorted((ROOT / "kcarol/cli").rglob("*.py")), ids=lambda p: p.stem)
def test_command_line_imports_only_light_modules_at_its_top(path):
    top = {name.split(".")[0] for name, at_top in imports(path) if at_top}
    assert top <= set(sys.stdlib_module_names) | {"kcarol"}


# --- the public names


def test_importing_kcarol_takes_under_a_tenth_of_a_second_and_loads_nothing_else():
    code = (
        "import sys, time; before = set(sys.modules); start = time.perf_counter(); import kcarol; "
        "took = time.perf_counter() - start; "
        "print(took, sorted({m.split('.')[0] for m in set(sys.modules) - before}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT)
    took, loaded = done.stdout.split(" ", 1)
    assert float(took) < 0.1
    assert set(ast.literal_eval(loaded)) <= set(sys.stdlib_module_names) | {"kcarol"}


def test_public_names_are_there_and_listed():
    assert dir(kcarol) == sorted(kcarol.__all__)
    for name in kcarol.__all__:
        assert getattr(kcarol, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'carol'"):
        _ = kcarol.carol


def test_type_checkers_see_the_same_public_names():
    """Those imported under TYPE_CHECKING are those that are loaded lazily, from the same places."""
    tree = ast.parse((ROOT / "kcarol/__init__.py").read_text(encoding="utf-8"))
    [block] = [node for node in tree.body if isinstance(node, ast.If)]
    seen = {
        alias.asname or alias.name: f"{node.module}:{alias.name}"
        for node in block.body
        for alias in node.names
    }
    assert seen == kcarol._HOMES
    assert set(kcarol.__all__) == {*seen, "__version__"}


def test_licences_are_named_for_code_and_data():
    text = (ROOT / "LICENSE").read_text(encoding="utf-8")
    assert text.startswith("MIT License") and "CC0 1.0" in text and "data/" in text
    assert "CC0" in (ROOT / "data/README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "requirement", requirements(DECLARED), ids=lambda requirement: requirement.name
)
def test_the_licence_of_everything_that_is_installed_is_listed(requirement):
    text = (ROOT / "data/README.md").read_text(encoding="utf-8")
    table = text.split("\n## Licences of what kcarol uses\n")[1]
    named = re.findall(r"[\w-]+(?=[,:])", table)
    assert requirement.name in named, f"data/README.md, licences: {requirement.name} is missing"


def test_the_licence_of_every_soundfont_is_listed():
    text = (ROOT / "data/README.md").read_text(encoding="utf-8")
    table = text.split("\n## Licences of what kcarol uses\n")[1]
    for name in (*TRAINING_SOUNDFONTS, VALIDATION_SOUNDFONT):
        assert re.sub(r"_GM.*|_General.*", "", Path(name).stem) in table.replace(" ", ""), name


def test_every_dependency_has_a_lower_and_an_upper_end():
    for requirement in requirements(DECLARED):
        operators = {part.operator for part in requirement.specifier}
        assert operators == {"=="} or operators == {">=", "<"}, requirement


# --- privacy


def test_nothing_in_the_package_speaks_to_the_network():
    """No client is imported, but for `--scheduler ADDRESS` (Dask's) and, once the user agrees, for
    `--voice separate`. That nothing else does so either: test_faults.py.
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
    assert importers(*clients) == {"voice/separation/download.py"}
    assert importers("distributed") == {"conversion/catalogue.py"}
    text = "\n".join(path.read_text(encoding="utf-8") for path in MODULES)
    assert not re.search(
        r"load_state_dict_from_url|torch\.hub|hf_hub|pooch|librosa\.ex(ample)?\(|telemetry", text
    )


@pytest.mark.skipif(not shutil.which("git"), reason="needs git")
def test_git_ignores_the_users_own_songs_but_not_the_demo_set(tmp_path):
    shutil.copy(ROOT / ".gitignore", tmp_path)
    own = ["data/raw/a.mp3", "data/raw/kpop/a.mp3", "data/raw/carol/a/b.wav", "data/raw/x/y.txt"]
    demo = ["kpop/neon-ink.ogg", "kpop/snowlit-signal.mp3", "carol/joy-to-the-world.ogg"]
    demo = [f"data/raw/{name}" for name in demo]
    for name in own + demo:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    add = ["git", "-C", tmp_path, "add", "--dry-run", "."]
    added = subprocess.run(add, capture_output=True, text=True, check=True).stdout
    assert re.findall("'(data/.*)'", added) == sorted(demo)
