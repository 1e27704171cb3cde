"""Facts about `Logits`: posteriors, transposition and the mean of several."""

from dataclasses import replace

import pytest
import torch

from kcarol.model.content import N_PITCHES, phases
from kcarol.model.logits import HEADS, N_LOGITS, Logits


def phase(n_frames):
    place = torch.arange(n_frames)[None] / 31
    return phases(place % 1, place / 4 % 1)


def test_posteriors_of_the_tune_leave_room_for_silence():
    logits = torch.zeros(1, 2, N_PITCHES + 1)
    logits[0, 0, -1] = 50.0  # no tune
    logits[0, 1, 7] = 50.0
    flat = {name: torch.zeros(1, 2, n) for name, n in HEADS.items()}
    heard = Logits(**{**flat, "tune": logits}).content(phase(2))
    assert heard.tune[0, 0].sum() < 1e-6 and heard.tune[0, 1, 7] > 0.999


def logits(seed=0, n_frames=5):
    generator = torch.Generator().manual_seed(seed)
    return Logits(
        **{name: torch.randn(1, n_frames, n, generator=generator) for name, n in HEADS.items()}
    )


@pytest.mark.parametrize("semitones", [-3, 1, 12])
def test_what_was_heard_a_few_semitones_away_comes_back_to_its_place(semitones):
    heard = logits()
    moved = heard.transposed(semitones)
    inside = slice(max(0, semitones), N_PITCHES + min(0, semitones))
    back = moved.transposed(-semitones)
    posterior = heard.tune.log_softmax(-1)[
        ..., slice(inside.start - semitones, inside.stop - semitones)
    ]
    assert torch.allclose(moved.tune[..., inside], posterior, atol=1e-5)
    assert torch.equal(moved.chord[..., (4 + semitones) % 12], heard.chord[..., 4])
    assert torch.equal(back.chord, heard.chord) and torch.equal(back.bass, heard.bass)
    assert torch.equal(moved.bass[..., 12], heard.bass[..., 12]) and torch.equal(
        moved.beat, heard.beat
    )


def test_the_mean_of_one_thing_heard_many_times_is_that_thing():
    heard = logits()
    mean = Logits.mean([heard, heard, heard])
    for name in HEADS:
        same = (lambda x: x.softmax(-1)) if name in ("tune", "bass") else torch.sigmoid
        assert torch.allclose(same(getattr(mean, name)), same(getattr(heard, name)), atol=1e-6), (
            name
        )


def test_the_mean_of_posteriors_knows_nothing_of_the_constants_in_logits():
    one, other = logits(0), logits(1)
    louder = replace(other, tune=other.tune + 7.0, bass=other.bass - 5.0)
    for name in ("tune", "bass"):
        expected, found = (
            getattr(Logits.mean(pair), name).softmax(-1) for pair in ([one, other], [one, louder])
        )
        assert torch.allclose(found, expected, atol=1e-5), name


def test_concatenated_logits_split_into_the_same():
    heard = logits()
    assert heard.concatenated().shape == (1, 5, N_LOGITS)
    again = Logits.split(heard.concatenated())
    assert all(torch.equal(getattr(again, name), getattr(heard, name)) for name in HEADS)
