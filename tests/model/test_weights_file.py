"""Weights and checkpoints that are broken, foreign or wicked: one clear line, and no code of theirs
is run.
"""

import copy
import json
import os
import pickle
import struct
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from kcarol.audio.clips import load_clip
from kcarol.audio.files import DataError, save_state
from kcarol.cli import main as cli
from kcarol.config import Config
from kcarol.conversion.converter import Converter
from kcarol.conversion.weights import CONVERTER_FILE, VOCODER_FILE, shipped_weights
from kcarol.model import weights_file as store
from kcarol.model.weights_file import WeightsError, read_about, save_module
from kcarol.training.checkpoint import FORMAT, KEYS, load_checkpoint, save_checkpoint

ROOT = Path(__file__).resolve().parents[2]
MISSING = object()


def parts(path: Path) -> tuple[dict, dict]:
    """The description and the tensors of a weights file."""
    with safe_open(str(path), "pt") as file:
        return json.loads(file.metadata()["kcarol"]), load_file(path)


def refused(folder: Path, weights: Path, name: str = CONVERTER_FILE) -> str:
    """What is said about folder / name beside the other good file; checked to be one line that
    names it.
    """
    for other in {CONVERTER_FILE, VOCODER_FILE} - {name}:
        (folder / other).write_bytes((weights / other).read_bytes())
    with pytest.raises(WeightsError) as caught:
        Converter.load(folder, "cpu")
    said = str(caught.value)
    assert str(folder / name) in said and len(said.splitlines()) == 1 and len(said) < 700
    return said


# ---- bytes


@pytest.mark.parametrize("name", [CONVERTER_FILE, VOCODER_FILE])
def test_a_file_cut_off_anywhere_is_refused(name, weights, tmp_path):
    data = (weights / name).read_bytes()
    for n in [
        0,
        1,
        7,
        8,
        9,
        100,
        1_000,
        *(len(data) * tenth // 10 for tenth in range(1, 10)),
        len(data) - 1,
    ]:
        (tmp_path / name).write_bytes(data[:n])
        assert "broken" in refused(tmp_path, weights, name)


@pytest.mark.parametrize("size", [0, 1, 100, 10**6, 10**9, 2**63, 2**64 - 1])
def test_a_header_that_lies_about_its_size_is_refused(size, weights, tmp_path):
    (tmp_path / CONVERTER_FILE).write_bytes(
        struct.pack("<Q", size) + (weights / CONVERTER_FILE).read_bytes()[8:]
    )
    assert "broken" in refused(tmp_path, weights)


@pytest.mark.parametrize(
    "content", [b"\x80\x04K\x01.", b"PK\x03\x04" + bytes(60), b"no weights " * 99, bytes(4096)]
)
def test_other_kinds_of_file_are_refused(content, weights, tmp_path):
    (tmp_path / CONVERTER_FILE).write_bytes(content)
    refused(tmp_path, weights)


def test_flipped_bits_of_the_header_give_a_line_or_weights_that_fit(weights, tmp_path):
    import numpy as np

    data, rng = (weights / CONVERTER_FILE).read_bytes(), np.random.default_rng(0)
    (tmp_path / VOCODER_FILE).write_bytes((weights / VOCODER_FILE).read_bytes())
    n_refused = 0
    for _ in range(60):
        bad = bytearray(data)
        for place in rng.integers(0, 3_000, 3):
            bad[place] ^= 1 << int(rng.integers(8))
        (tmp_path / CONVERTER_FILE).write_bytes(bad)
        try:
            Converter.load(tmp_path, "cpu")
        except ValueError as error:  # WeightsError, or UnicodeDecodeError's one line
            n_refused += 1
            assert len(str(error).splitlines()) == 1
    assert n_refused > 30


# ---- tensors


def test_tensors_that_are_missing_unknown_misshapen_or_not_finite_are_named(weights, tmp_path):
    about, tensors = parts(weights / CONVERTER_FILE)
    metadata = {"kcarol": json.dumps(about)}
    name = "conv1.bias"
    for change, words in [
        ({name: None}, "1 tensors missing"),
        ({"unknown": torch.zeros(1)}, "1 unexpected"),
        ({name: torch.zeros(3)}, "shape"),
        ({name: tensors[name] * float("nan")}, "not finite"),
        ({name: tensors[name] * float("inf")}, "not finite"),
    ]:
        changed = {key: value for key, value in {**tensors, **change}.items() if value is not None}
        save_file(changed, tmp_path / CONVERTER_FILE, metadata=metadata)
        assert words in refused(tmp_path, weights)


def test_another_projects_safetensors_and_our_other_network_are_refused(weights, tmp_path):
    save_file({"weight": torch.zeros(3, 3)}, tmp_path / CONVERTER_FILE)
    assert "not written by kcarol" in refused(tmp_path, weights)
    (tmp_path / CONVERTER_FILE).write_bytes((weights / VOCODER_FILE).read_bytes())
    assert "kcarol" in refused(tmp_path, weights)


# ---- the description in the header


@pytest.mark.parametrize(
    "about", ["", "{", "[]", "null", '"text"', "[" * 50_000, '{"format": 1}', '{"format": 1e999}']
)
def test_a_header_without_our_description_is_refused(about, weights, tmp_path):
    save_file(
        parts(weights / CONVERTER_FILE)[1], tmp_path / CONVERTER_FILE, metadata={"kcarol": about}
    )
    assert "not written by kcarol" in refused(tmp_path, weights)


@pytest.mark.parametrize("format_", [0, store.FORMAT - 1, store.FORMAT + 1, 10**30])
def test_other_versions_say_what_to_install(format_, weights, tmp_path):
    assert "install the fitting version" in refused(
        changed(weights, tmp_path, ("format",), format_), weights
    )


SENSELESS = [
    (("class",), "Other"),
    (("class",), None),
    (("config",), None),
    (("config",), [1]),
    (("config", "unheard_of"), 1),
    (("config", "n_layers"), 10**9),
    (("config", "n_layers"), -1),
    (("config", "n_layers"), "six"),
    (("config", "n_layers"), 1.5),
    (("config", "d_model"), 10**9),
    (("config", "d_model"), 16_384),
    (("config", "d_model"), 0),
    (("config", "d_model"), 63),
    (("config", "d_feedforward"), 16_000),
    (("config", "n_heads"), 0),
    (("config", "stride"), 10**6),
    (("config", "stride"), 0),
    (("config", "kernel_size"), 10**8),
    (("config", "n_mels"), 10**8),
    (("config", "dropout"), float("nan")),
    (("config", "max_random_offset"), 10**12),
    (("config", "n_hearing_layers"), 100),
    (("extra",), None),
    (("extra", "styles"), MISSING),
    (("extra", "styles"), {"bells": [1, 2]}),
    (("extra", "styles"), {"bells": "x"}),
    (("extra", "styles"), [1]),
    (("extra", "styles"), {"bells": [float("nan")] * 16}),
    (("extra", "window_frames"), MISSING),
    (("extra", "window_frames"), 0),
    (("extra", "window_frames"), "x"),
    (("extra", "window_frames"), 10**12),
    (("extra", "texture"), MISSING),
    (("extra", "texture"), [1.0]),
    (("extra", "texture"), None),
    (("extra", "texture"), [float("inf")] * 128),
]


def changed(weights: Path, folder: Path, keys: tuple[str, ...], value: object) -> Path:
    """The converter's file in `folder`, with another value in its description."""
    about, tensors = parts(weights / CONVERTER_FILE)
    *path, last = keys
    place = about = copy.deepcopy(about)
    for key in path:
        place = place[key]
    if value is MISSING:
        del place[last]
    else:
        place[last] = value
    save_file(tensors, folder / CONVERTER_FILE, metadata={"kcarol": json.dumps(about)})
    return folder


@pytest.mark.parametrize(
    "keys, value", SENSELESS, ids=lambda x: "-".join(x) if isinstance(x, tuple) else str(x)[:20]
)
def test_a_senseless_description_is_refused_before_memory_is_given_to_it(
    keys, value, weights, tmp_path
):
    refused(changed(weights, tmp_path, keys, value), weights)


def test_the_command_line_says_it_in_one_line(weights, tmp_path, capsys):
    (tmp_path / CONVERTER_FILE).write_bytes(b"no weights")
    assert (
        cli.main(["convert", "song.mp3", "--weights", str(tmp_path), "--device", "cpu"])
        == cli.FAILED
    )
    said = capsys.readouterr().err.splitlines()
    assert len(said) == 1 and said[0].startswith(f"kcarol: {tmp_path / CONVERTER_FILE}")


# ---- pickles


class Wicked:
    """Unpickled, it would leave a file."""

    def __init__(self, path: Path):
        self.path = path

    def __reduce__(self):
        return os.system, (f"touch {self.path}",)


def wicked_files(folder: Path, touched: Path) -> list[Path]:
    """Every kind of file that torch reads, each with code in it."""
    torch.save({"model": Wicked(touched), **dict.fromkeys(KEYS)}, folder / "zip.pt")
    torch.save([Wicked(touched)], folder / "legacy.pt", _use_new_zipfile_serialization=False)
    (folder / "bare.pt").write_bytes(pickle.dumps(Wicked(touched)))
    with zipfile.ZipFile(folder / "deflated.pt", "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("archive/data.pkl", pickle.dumps(Wicked(touched)))
        file.writestr("archive/version", "3\n")
    return sorted(folder.glob("*.pt"))


def test_pickles_with_code_are_refused_without_running_it(weights, tmp_path):
    touched = tmp_path / "touched"
    for path in wicked_files(tmp_path, touched):
        with pytest.raises(WeightsError, match=path.name):
            load_checkpoint(path)
        with pytest.raises(DataError, match=path.name):
            load_clip(path)
        (tmp_path / CONVERTER_FILE).write_bytes(path.read_bytes())
        refused(tmp_path, weights)
    assert not touched.exists()
    pickle.loads(pickle.dumps(Wicked(touched)))  # it is wicked indeed
    assert touched.exists()


def test_nothing_in_the_project_unpickles_objects():
    for file in (ROOT / "kcarol").rglob("*.py"):
        text = file.read_text(encoding="utf-8")
        assert (
            "import pickle" not in text and "joblib" not in text and "allow_pickle=True" not in text
        ), file
        for call in text.split("torch.load(")[1:]:
            assert "weights_only=True" in call.split("\n")[0], file


def checkpoint_state() -> dict:
    empty = {key: kind() for key, kind in KEYS.items()}
    return {**empty, "format": FORMAT, "loader_seed": 0, "model": {"w": torch.arange(2000.0)}}


def test_checkpoints_cut_off_or_of_other_types_are_refused_in_one_line(tmp_path):
    path = tmp_path / "checkpoint.pt"
    save_checkpoint(path, checkpoint_state())
    assert torch.equal(load_checkpoint(path)["model"]["w"], torch.arange(2000.0))
    data = path.read_bytes()
    for tenth in range(10):
        path.write_bytes(data[: len(data) * tenth // 10])
        with pytest.raises(WeightsError, match="checkpoint.pt") as caught:
            load_checkpoint(path)
        assert len(str(caught.value).splitlines()) == 1
    for key, value in {
        "step": "many",
        "model": [1],
        "random": None,
        "format": FORMAT + 1,
        "config": 3,
    }.items():
        save_state(path, checkpoint_state() | {key: value})
        with pytest.raises(WeightsError, match="not a checkpoint of this version"):
            load_checkpoint(path)


# ---- writing


def test_the_same_state_gives_the_same_bytes(tmp_path):
    for name in ("a.pt", "b.pt"):
        save_checkpoint(tmp_path / name, checkpoint_state())
    assert (tmp_path / "a.pt").read_bytes() == (tmp_path / "b.pt").read_bytes()


def test_weights_get_the_permissions_of_any_new_file(tmp_path):
    code = "; ".join(
        [
            "import os; os.umask(0o027)",
            "from pathlib import Path; from torch import nn",
            "from kcarol.config import ModelConfig",
            "from kcarol.model.weights_file import save_module",
            f"path = Path({str(tmp_path)!r}) / 'w.safetensors'",
            "save_module(path, nn.Linear(2, 2), ModelConfig())",
        ]
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)
    assert (tmp_path / "w.safetensors").stat().st_mode & 0o777 == 0o640
    save_module(tmp_path / "v.safetensors", torch.nn.Linear(2, 2), Config().model)
    (tmp_path / "plain").touch()
    assert (tmp_path / "v.safetensors").stat().st_mode == (tmp_path / "plain").stat().st_mode


@pytest.mark.skipif(
    not (shipped_weights() / CONVERTER_FILE).is_file(), reason="needs the shipped weights"
)
def test_the_shipped_weights_say_what_they_are():
    assert read_about(shipped_weights() / CONVERTER_FILE)["class"] == "MusicTransformer"
    assert read_about(shipped_weights() / VOCODER_FILE)["class"] == "NeuralVocoder"
