"""Facts about training the shipped networks: what is exported beside the weights."""

import torch

from kcarol.conversion.converter import Converter
from kcarol.training.pretraining import styles_and_texture


def test_styles_and_texture_are_those_that_ship_without_a_synthesiser():
    """The ones that ship were measured on three times as much, rendered."""
    shipped = Converter.load(device="cpu")
    styles, texture = styles_and_texture(shipped.model)
    assert list(styles) == list(shipped.styles)
    for name, vector in styles.items():
        distances = {
            other: float((vector - x.embedding).norm()) for other, x in shipped.styles.items()
        }
        assert distances.pop(name) < 0.1 * min(distances.values())
    assert (texture / shipped.texture - 1).abs().mean() < 0.05
    assert all(torch.isfinite(vector).all() for vector in styles.values())
