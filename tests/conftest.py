"""What several test files begin with."""

import pytest
import torch

from kcarol.config import Config
from kcarol.conversion.converter import CONVERTER_FILE, STYLE_NAMES, VOCODER_FILE, save_converter
from kcarol.model.transformer import MusicTransformer
from kcarol.vocoder.neural import NeuralVocoder


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
    return folder
