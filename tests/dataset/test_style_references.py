"""Facts about the passages on which named styles are measured."""

import torch

from kcarol.arrangement.styles import STYLES
from kcarol.config import AudioConfig
from kcarol.dataset.style_references import (
    STEPS_PER_NAT,
    StyleReferences,
    load_style_references,
    save_style_references,
    shipped_style_references,
)
from kcarol.model.notes import Notes

N_BANDS = AudioConfig().n_bands


def test_the_same_passages_ship_in_every_style_in_less_than_three_megabytes():
    references = load_style_references()
    assert set(references.log_mels) == set(references.notes) == set(STYLES)
    n, f = references.log_mels["bells"].shape[:2]
    assert {x.shape for x in references.log_mels.values()} == {(n, f, 2, N_BANDS)}
    assert {len(notes) for notes in references.notes.values()} == {n}
    assert shipped_style_references().stat().st_size < 3_000_000


def test_references_survive_a_round_trip_but_for_their_rounding(tmp_path):
    log_mel = torch.empty(2, 5, 2, N_BANDS).uniform_(-11.5, 4.0)
    notes = [Notes.of_tensor(torch.rand(n, 5)) for n in (3, 0)]
    references = StyleReferences({"a": log_mel}, {"a": notes})
    save_style_references(tmp_path / "r.safetensors", references)
    found = load_style_references(tmp_path / "r.safetensors")
    assert [len(some) for some in found.notes["a"]] == [3, 0]
    assert torch.equal(found.notes["a"][0].tensor(), notes[0].tensor())
    assert (found.log_mels["a"] - log_mel).abs().max() <= 0.5001 / STEPS_PER_NAT
