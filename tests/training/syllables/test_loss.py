"""The loss of the syllables' network."""

import pytest
import torch

from kcarol.config import AudioConfig, SyllableConfig
from kcarol.model.content import N_PITCHES
from kcarol.model.syllable_hearing import SyllableHearing, SyllableLogits
from kcarol.model.vowels import NO_VOWEL
from kcarol.training.syllables.loss import SyllableLoss, widened

CFG = AudioConfig()


class Heard(torch.nn.Module):
    """Hears what it is told."""

    def __init__(self, vowel, begins, sure=20.0):
        super().__init__()
        one_hot = torch.nn.functional.one_hot(vowel, NO_VOWEL + 1).float()
        self.heard = SyllableLogits(sure * (2 * one_hot - 1), sure * (2 * begins[..., None] - 1))

    def forward(self, features, tune):
        return self.heard


def batch_of(vowel, begins):
    n_frames = vowel.shape[1]
    return {
        "features": torch.zeros(len(vowel), n_frames, CFG.n_features).half(),
        "tune": torch.zeros(len(vowel), n_frames, N_PITCHES + 1).half(),
        "vowel": vowel.to(torch.int8),
        "begins": begins,
    }


@pytest.fixture
def sung():
    vowel = torch.tensor([[0, 0, 0, 1, 1, 1, NO_VOWEL, NO_VOWEL]])
    begins = torch.tensor([[1, 0, 0, 1, 0, 0, 0, 0]]).bool()
    return vowel, begins


def test_a_mark_counts_in_the_frames_beside_it(sung):
    assert widened(sung[1]).tolist() == [[1, 1, 1, 1, 1, 0, 0, 0]]


def test_what_is_heard_rightly_costs_less_and_is_right(sung):
    loss, batch = SyllableLoss(CFG), batch_of(*sung)
    right = loss(Heard(sung[0], widened(sung[1]), sure=3.0).eval(), batch)
    wrong = loss(Heard((sung[0] + 1) % 3, 1 - widened(sung[1]), sure=3.0).eval(), batch)
    assert right["right"] == 1 and wrong["right"] == 0
    assert all(right[name] < 0.2 * wrong[name] for name in ("vowel", "begins", "loss"))


def test_frames_without_singing_are_not_counted_as_right(sung):
    vowel = torch.full_like(sung[0], NO_VOWEL)
    heard = Heard(vowel, sung[1].float()).eval()
    assert SyllableLoss(CFG)(heard, batch_of(vowel, sung[1]))["right"] == 0
    assert SyllableLoss(CFG)(heard, batch_of(*sung))["right"] < 1


def test_a_small_network_learns_what_it_is_shown(sung):
    torch.manual_seed(0)
    vowel, begins = (x.repeat(2, 8) for x in sung)
    batch = batch_of(vowel, begins)
    batch["features"][..., 10] = vowel.half()
    batch["features"][..., 20] = begins.half()
    network, loss = SyllableHearing(SyllableConfig.smoke()), SyllableLoss(CFG)
    adam = torch.optim.Adam(network.parameters(), 3e-3)
    losses = []
    for _ in range(40):
        terms = loss(network, batch)
        adam.zero_grad()
        terms["loss"].backward()
        adam.step()
        losses.append(terms["loss"].item())
    assert losses[-1] < 0.7 * losses[0]
