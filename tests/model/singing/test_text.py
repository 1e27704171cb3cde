"""Texts are cut into windows as songs are."""

import torch

from kcarol.model.singing.text import Text
from kcarol.model.vowels import VOWELS


def test_a_window_of_a_text_has_its_frames():
    text = Text(torch.rand(50, len(VOWELS) + 1), torch.rand(50))
    window = text.window(10, 30).to(torch.device("cpu"))
    assert torch.equal(window.shares, text.shares[10:30])
    assert torch.equal(window.level_db, text.level_db[10:30])
