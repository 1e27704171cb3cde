"""Facts about the post-filter: what is added to a prediction, and what is left alone."""

import pytest
import torch

from kcarol.config import AudioConfig
from kcarol.conversion.sound.post_filter import (
    BLOCK_FRAMES,
    PostFilter,
    add_texture_,
    draw_texture,
    stretch_,
)

AUDIO = AudioConfig()


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def test_texture_has_the_deviation_asked_for_in_each_band():
    deviation = torch.linspace(0.1, 0.6, 16)
    drawn = draw_texture(20_000, deviation, generator(), AUDIO)
    torch.testing.assert_close(drawn[:, 1:-1].std(0), deviation[1:-1], rtol=0.1, atol=0)
    assert drawn.mean(0).abs().max() < 0.05


def test_texture_is_as_smooth_as_frames_overlap():
    drawn = draw_texture(20_000, torch.ones(16), generator(), AUDIO)

    def correlation(lag):
        return float((drawn[lag:] * drawn[:-lag]).mean() / drawn.square().mean())

    assert correlation(1) > 0.8
    assert abs(correlation(12)) < 0.05  # beyond the analysis window frames share no samples


def test_same_seed_same_texture_and_another_seed_another():
    mel = torch.zeros(300, 8)
    first, same, other = (
        add_texture_(mel.clone(), torch.ones(8), seed, AUDIO) for seed in (3, 3, 4)
    )
    assert torch.equal(first, same)
    assert not torch.allclose(first, other)


@pytest.mark.parametrize(
    "first, stop", [(0, 100), (4_000, 4_200), (20_400, 20_600), (25_000, 41_500), (41_499, 41_500)]
)
def test_the_texture_of_a_piece_is_that_of_the_whole(first, stop):
    whole = add_texture_(torch.zeros(41_500, 4), torch.ones(4), 1, AUDIO)
    piece = add_texture_(
        torch.zeros(stop - first, 4), torch.ones(4), 1, AUDIO, first=first, n_frames=41_500
    )
    assert torch.equal(piece, whole[first:stop])


def test_no_deviation_leaves_the_prediction_as_it_is():
    mel = torch.randn(BLOCK_FRAMES + 7, 8, generator=generator())
    assert torch.equal(add_texture_(mel.clone(), torch.zeros(8), 0, AUDIO), mel)


def test_stretching_by_one_is_identity_and_by_two_doubles_what_moves():
    moving = torch.sin(torch.arange(2_000.0) * 0.9)[:, None] * torch.ones(1, 40)
    torch.testing.assert_close(stretch_(moving.clone(), 1.0, 62), moving)
    ratio = stretch_(moving.clone(), 2.0, 62)[100:-100].std() / moving[100:-100].std()
    assert 1.9 < float(ratio) < 2.1
    still = torch.full((500, 40), -3.0)
    torch.testing.assert_close(stretch_(still.clone(), 2.0, 62), still)


@pytest.mark.parametrize("first, stop", [(0, 300), (100, 350), (899, 900)])
def test_frames_are_the_same_whichever_are_asked_for_together(first, stop):
    post_filter = PostFilter(
        predicted=torch.randn(900, 8, generator=generator()),
        stretch=torch.full((8,), 1.3),
        stretch_frames=60,
        texture=torch.full((8,), 0.2),
        balance=torch.linspace(-1, 1, 8),
        seed=0,
        audio=AUDIO,
    )
    whole = post_filter.frames(0, 900)
    torch.testing.assert_close(post_filter.frames(first, stop), whole[first:stop])
