"""Facts about content, the narrow place between hearing and playing."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from kcarol.audio.features import shift_pitches
from kcarol.model.content import N_FIELDS, N_PITCHES, Content, phases


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
    assert content.fields().shape[-1] == N_FIELDS
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


def test_phases_hold_the_places_in_beat_and_bar():
    beat, bar = torch.rand(50), torch.rand(50)
    p = phases(beat, bar)
    assert torch.allclose(p[:, :2].square() + p[:, 2:].square(), torch.ones(50, 2), atol=1e-6)
    turned = torch.atan2(p[:, :2], p[:, 2:]) / (2 * torch.pi) % 1
    assert torch.allclose(turned, torch.stack([beat, bar], 1), atol=1e-5)
