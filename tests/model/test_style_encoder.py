"""Facts about `StyleEncoder`."""

import pytest
import torch

from kcarol.config import ModelConfig
from kcarol.model.style_encoder import MIN_STYLE_FRAMES, StyleEncoder

CFG = ModelConfig.smoke()


@pytest.fixture(scope="module")
def encoder():
    torch.manual_seed(0)
    return StyleEncoder(CFG).eval()


@torch.no_grad()
@pytest.mark.parametrize("n_frames", [MIN_STYLE_FRAMES, 6, 100])
def test_a_reference_of_any_length_gives_one_bounded_vector(encoder, n_frames):
    style = encoder(torch.zeros(2, n_frames, 2 * CFG.n_bands))
    assert style.shape == (2, CFG.d_style)
    assert torch.isfinite(style).all() and style.abs().max() <= 1


def test_a_reference_of_too_few_frames_is_refused(encoder):
    with pytest.raises(ValueError, match="at least 5 frames"):
        encoder(torch.zeros(1, MIN_STYLE_FRAMES - 1, 2 * CFG.n_bands))
