"""Facts about content, the narrow place between hearing and playing."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from kcarol.audio.features import shift_pitches
from kcarol.model.content import (
    DECAYS_FRAMES,
    MEMORY_FRAMES,
    N_CONTENT,
    N_FIELDS,
    N_PITCHES,
    Content,
    beginnings,
    phases,
    ringing,
    rises,
)


def make_content(n_frames=40, batch=2, seed=0, margin=12):
    """A tune that keeps `margin` semitones from both ends of its range."""
    rng = torch.Generator().manual_seed(seed)

    def random(n):
        return torch.rand(batch, n_frames, n, generator=rng)

    tune = torch.zeros(batch, n_frames, N_PITCHES)
    tune[..., margin : N_PITCHES - margin] = random(N_PITCHES - 2 * margin)
    return Content(
        tune,
        random(1),
        random(12),
        random(12),
        phases(random(1)[..., 0], random(1)[..., 0]),
        random(1),
        random(1),
    )


def test_fields_side_by_side_are_the_content_again():
    content = make_content()
    assert content.fields().shape[-1] == N_FIELDS and torch.equal(
        content.tensor()[..., :N_FIELDS], content.fields()
    )
    assert all(
        map(torch.equal, vars(Content.of_fields(content.fields())).values(), vars(content).values())
    )


@given(st.integers(-N_PITCHES - 5, N_PITCHES + 5))
@settings(max_examples=30, deadline=None)
def test_a_number_shifts_as_the_same_number_for_each_row(semitones):
    roll = torch.rand(3, 5, N_PITCHES)
    assert torch.equal(
        shift_pitches(roll, semitones), shift_pitches(roll, torch.full((3,), semitones))
    )


def test_a_shift_moves_each_row_by_its_own_number_and_moves_in_zeros():
    roll = torch.rand(2, 5, N_PITCHES) + 0.1
    moved = shift_pitches(roll, torch.tensor([2, -3]))
    assert torch.equal(moved[0, :, 2:], roll[0, :, :-2]) and not moved[0, :, :2].any()
    assert torch.equal(moved[1, :, :-3], roll[1, :, 3:]) and not moved[1, :, -3:].any()


@pytest.mark.parametrize("semitones", [-12, -5, 0, 3, 12])
def test_transposing_there_and_back_is_identity(semitones):
    content = make_content()
    back = content.transposed(semitones).transposed(-semitones)
    assert all(torch.equal(getattr(back, name), getattr(content, name)) for name in vars(content))


def test_transposing_by_an_octave_leaves_chord_and_bass():
    content = make_content()
    moved = content.transposed(12)
    assert torch.equal(moved.chord, content.chord) and torch.equal(moved.bass, content.bass)
    assert not torch.equal(moved.tune, content.tune)


def test_moving_the_tune_leaves_all_else():
    content = make_content()
    moved = content.tune_moved(torch.tensor([12, -12]))
    assert [
        name
        for name in vars(content)
        if not torch.equal(getattr(moved, name), getattr(content, name))
    ] == ["tune"]


def test_ringing_is_causal():
    struck = torch.rand(2, 300, 5) * 0.02
    other = struck.clone()
    other[:, 150:] = torch.rand(2, 150, 5) * 0.02
    assert torch.allclose(ringing(struck)[:, :150], ringing(other)[:, :150], atol=1e-5)
    assert (ringing(struck)[:, 150:] - ringing(other)[:, 150:]).abs().max() > 1e-3


def test_ringing_is_linear_below_its_ceiling():
    a, b = torch.rand(1, 200, 4) * 0.005, torch.rand(1, 200, 4) * 0.005
    assert torch.allclose(ringing(a + 2 * b), ringing(a) + 2 * ringing(b), atol=1e-5)


def test_a_stroke_rings_on_exponentially_and_is_forgotten():
    struck = torch.zeros(1, 400, 1)
    struck[0, 10] = 1
    rings = ringing(struck)[0]
    for k, decay in enumerate(DECAYS_FRAMES):
        age = np.arange(MEMORY_FRAMES)
        assert np.allclose(rings[10 : 10 + MEMORY_FRAMES, k], np.exp(-age / decay), atol=1e-5)
    assert rings[:10].abs().max() < 1e-5 and rings[10 + MEMORY_FRAMES :].abs().max() < 1e-5


def test_ringing_never_exceeds_two():
    assert ringing(torch.ones(1, 300, 1)).max() == 2


def test_rises_are_where_something_begins():
    roll = torch.tensor([1.0, 1, 0, 0, 0.5, 1, 1])[None, :, None]
    assert rises(roll).flatten().tolist() == [1, 0, 0, 0, 0.5, 0.5, 0]


def test_phases_hold_the_places_in_beat_and_bar():
    beat, bar = torch.rand(50), torch.rand(50)
    p = phases(beat, bar)
    assert torch.allclose(p[:, :2].square() + p[:, 2:].square(), torch.ones(50, 2), atol=1e-6)
    turned = torch.atan2(p[:, :2], p[:, 2:]) / (2 * torch.pi) % 1
    assert torch.allclose(turned, torch.stack([beat, bar], 1), atol=1e-5)


def test_beginnings_mark_the_first_frame_of_each_beat_and_bar():
    at = torch.arange(400) / 25.0  # beats, 25 frames each
    marks = beginnings(phases(at % 1, at / 4 % 1))
    assert torch.equal(marks[:, 0].nonzero()[:, 0], torch.arange(25, 400, 25))
    assert torch.equal(marks[:, 1].nonzero()[:, 0], torch.arange(100, 400, 100))


@pytest.mark.parametrize("n_frames", [1, 2, 33])
def test_the_tensor_has_one_row_per_frame_with_and_without_a_batch(n_frames):
    content = make_content(n_frames)
    assert content.tensor().shape == (2, n_frames, N_CONTENT)
    assert torch.allclose(content.map(lambda x: x[0]).tensor(), content.tensor()[0], atol=1e-5)
