"""Facts about the passages on which named styles are measured."""

import torch

from kcarol.config import AudioConfig
from kcarol.conversion.styles import STYLE_NAMES
from kcarol.dataset.labels import N_PACKED
from kcarol.dataset.style_references import (
    STEPS_PER_NAT,
    StyleReferences,
    load_style_references,
    save_style_references,
    shipped_style_references,
)


def test_the_same_passages_ship_in_every_named_style_in_less_than_a_megabyte():
    references = load_style_references()
    assert set(references.log_mels) == set(STYLE_NAMES)
    n, f, _ = references.log_mels["bells"].shape
    assert {x.shape for x in references.log_mels.values()} == {(n, f, AudioConfig().n_mels)}
    assert references.labels.shape == (n, f, N_PACKED)
    assert shipped_style_references().stat().st_size < 1_000_000


def test_references_survive_a_round_trip_but_for_their_rounding(tmp_path):
    log_mel = torch.empty(2, 5, AudioConfig().n_mels).uniform_(-11.5, 4.0)
    labels = torch.randint(-1, 100, (2, 5, N_PACKED), dtype=torch.int16)
    save_style_references(tmp_path / "r.safetensors", StyleReferences({"a": log_mel}, labels))
    found = load_style_references(tmp_path / "r.safetensors")
    assert torch.equal(found.labels, labels)
    assert (found.log_mels["a"] - log_mel).abs().max() <= 0.5001 / STEPS_PER_NAT
