"""Facts about content, what a carol keeps of its song."""

import torch

from kcarol.model.content import phases


def test_phases_hold_the_places_in_beat_and_bar():
    beat, bar = torch.rand(50), torch.rand(50)
    p = phases(beat, bar)
    assert torch.allclose(p[:, :2].square() + p[:, 2:].square(), torch.ones(50, 2), atol=1e-6)
    turned = torch.atan2(p[:, :2], p[:, 2:]) / (2 * torch.pi) % 1
    assert torch.allclose(turned, torch.stack([beat, bar], 1), atol=1e-5)
