"""What several test files begin with, and how tests are shared between processes."""

import os
from collections import Counter

import numpy as np
import pytest
import torch
from sung_songs import sung_rows

from kcarol.audio.encoding import save_audio
from kcarol.cli import main as command_line
from kcarol.cli import original
from kcarol.config import AudioConfig, Config
from kcarol.conversion.styles import STYLE_NAMES
from kcarol.conversion.weights import CONVERTER_FILE, SYLLABLES_FILE, VOCODER_FILE, save_converter
from kcarol.dataset.labels import N_PACKED
from kcarol.dataset.shards import ROW_FRAMES, Shard, save_shard
from kcarol.dataset.sung import SUFFIX as SUNG_SUFFIX
from kcarol.dataset.sung import save_sung
from kcarol.model.syllable_hearing import SyllableHearing
from kcarol.model.transformer import MusicTransformer
from kcarol.vocoder.neural import NeuralVocoder

RATE = AudioConfig().sample_rate


def pytest_xdist_auto_num_workers(config):
    """A process for each core; where test files are named, this process alone."""
    if all("::" in word or word.endswith(".py") for word in config.args):
        return 0
    return os.cpu_count()


def pytest_configure(config):
    """English for all; several processes share the cores, and so do the programs they start."""
    os.environ["LANGUAGE"] = "en"
    if workers := getattr(config, "workerinput", {}).get("workercount"):
        threads = max(1, (os.cpu_count() or 1) // workers)
        torch.set_num_threads(threads)
        os.environ["OMP_NUM_THREADS"] = str(threads)


def pytest_collection_modifyitems(items):
    """Files with slow tests come first, so that in the end no process waits for another."""
    slow = Counter(
        item.path
        for item in items
        if item.get_closest_marker("slow") or item.get_closest_marker("browser")
    )
    items.sort(key=lambda item: -slow[item.path])


@pytest.fixture(scope="module")
def one_thread():
    """Torch with a single thread: timings and sums that do not depend on the machine's cores."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    """A folder of tiny untrained networks, as a run leaves it."""
    folder, cfg = tmp_path_factory.mktemp("weights"), Config.smoke()

    torch.manual_seed(0)
    styles = {name: torch.zeros(cfg.model.d_style) for name in STYLE_NAMES}
    save_converter(
        folder / CONVERTER_FILE, MusicTransformer(cfg.model), styles, cfg.train.window_frames, {}
    )
    NeuralVocoder(cfg.vocoder).save(folder / VOCODER_FILE)
    SyllableHearing(cfg.syllables).save(folder / SYLLABLES_FILE)
    return folder


@pytest.fixture(scope="session")
def make_song():
    """Writes a sound file: a trembling tone."""

    def write(path, seconds=1.0, hz=330.0):
        t = np.arange(round(seconds * RATE)) / RATE
        tone = 0.2 * np.sin(2 * np.pi * hz * t) * (1 + np.sin(2 * np.pi * 2 * t))
        return save_audio(path, tone.astype(np.float32))

    return write


@pytest.fixture(scope="session")
def shard_folder(tmp_path_factory):
    """A folder with one shard of two pairs: A4 over a chord, a beat every 32 frames."""
    folder, rng = tmp_path_factory.mktemp("pairs"), np.random.default_rng(0)
    n_samples = ROW_FRAMES * AudioConfig().hop_length
    tone = np.sin(np.arange(n_samples) * 2 * np.pi * 440 / RATE)
    waves = [(3000 * tone + rng.normal(0, 1000, (2, n_samples))).astype(np.int16) for _ in range(2)]
    labels = np.zeros((2, ROW_FRAMES + 1, N_PACKED), np.int16)
    labels[..., 0] = 69
    labels[..., 2] = 0b10010001
    labels[:, ::32, 3] = 3
    save_shard(folder / "000000000000.pairs.safetensors", Shard(*waves, labels))
    return folder


@pytest.fixture(scope="session")
def sung_folder(tmp_path_factory):
    """A folder with one file of two rows of a tone, in which three vowels are sung."""
    folder = tmp_path_factory.mktemp("sung")
    save_sung(folder / f"000000000000{SUNG_SUFFIX}", sung_rows())
    return folder


def _status(run, argv) -> int:
    try:
        return run([str(word) for word in argv])
    except SystemExit as end:  # argparse found a wrong word
        return end.code


@pytest.fixture
def fails(capsys):
    """`kcarol ...` (or `main.py --...`) ends with status 2 and one line that has these words."""

    def check(argv, *words):
        run = original.main if str(argv[0]).startswith("-") else command_line.main
        assert _status(run, argv) == command_line.FAILED
        said = capsys.readouterr().err.strip().splitlines()
        assert said and "Traceback" not in "\n".join(said)
        for word in words:
            assert word in said[-1], said[-1]

    return check
