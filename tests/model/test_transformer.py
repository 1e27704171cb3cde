"""Facts about `MusicTransformer`: any length, style steers, rows do not see each other."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from kcarol.config import ModelConfig
from kcarol.model.logits import HEADS
from kcarol.model.notes import Notes
from kcarol.model.transformer import EncoderLayer, MusicTransformer, positional_encoding

CFG = ModelConfig.smoke()


@pytest.fixture(scope="module")
def model():
    torch.manual_seed(0)
    model = MusicTransformer(CFG).eval()
    nn.init.normal_(model.out.weight, std=0.05)  # as if trained
    return model


def features(n_frames, batch=1, seed=0):
    return torch.randn(
        batch, n_frames, CFG.n_features, generator=torch.Generator().manual_seed(seed)
    )


def style(seed=0, batch=1):
    return torch.randn(batch, CFG.d_style, generator=torch.Generator().manual_seed(seed)).tanh()


def notes(batch=1):
    """A scale of flutes for each row, another one a row."""
    starts = torch.arange(5, 60, 6.0)
    columns = [torch.full_like(starts, 15), starts / 3 + 60, -starts / 9, starts, starts + 5]
    one = torch.stack(columns, dim=1)
    return [Notes.of_tensor(one + torch.tensor([0.0, row, 0, row, row])) for row in range(batch)]


@torch.no_grad()
@pytest.mark.parametrize("n_frames", [1, 2, 3, 4, 5, 6, 7, 31, 64, 129, 255, 511, 699, 700])
def test_any_length_gives_the_same_number_of_frames(model, n_frames):
    heard, played = model(features(n_frames), notes(), style())
    assert played.shape == (1, n_frames, 2 * CFG.n_bands)
    assert {name: getattr(heard, name).shape for name in HEADS} == {
        name: (1, n_frames, n) for name, n in HEADS.items()
    }
    assert torch.isfinite(played).all()


@torch.no_grad()
@pytest.mark.parametrize("stride", [2, 4, 6])
def test_any_even_stride_keeps_the_number_of_frames(stride):
    model = MusicTransformer(replace(CFG, stride=stride)).eval()
    for n_frames in (1, 5, 12, 13):
        played = model(features(n_frames), notes(), style())[1]
        assert played.shape == (1, n_frames, 2 * CFG.n_bands)


@torch.no_grad()
def test_an_untrained_model_plays_its_draft():
    model = MusicTransformer(CFG).eval()
    played = model.destandardise(model.play(notes(), 80, style()))
    assert torch.allclose(played, model.note_bank(notes(), 80).flatten(2), atol=1e-4)


@pytest.mark.parametrize("changes", [{"stride": 3}, {"d_model": 60}])
def test_a_size_that_would_lose_frames_or_heads_is_refused(changes):
    with pytest.raises(ValueError, match="expected an even stride and a d_model"):
        MusicTransformer(replace(CFG, **changes))


def test_the_default_has_two_convolutions_six_layers_and_eight_heads():
    cfg = ModelConfig()
    assert (cfg.n_layers, cfg.n_heads) == (6, 8)
    model = MusicTransformer(cfg)
    assert len(model.layers) == 6 and isinstance(model.out, nn.Linear)
    outside_style = [
        m for name, m in model.named_modules() if isinstance(m, nn.Conv1d) and "style" not in name
    ]
    assert len(outside_style) == 2


def test_positional_encoding_is_what_the_paper_says():
    d, n = 32, 200
    encoding = positional_encoding(n, d).numpy()
    angle = np.arange(n)[:, None] / 10_000 ** (2 * np.arange(d // 2) / d)
    assert np.allclose(encoding[:, : d // 2], np.sin(angle), atol=1e-4)
    assert np.allclose(encoding[:, d // 2 :], np.cos(angle), atol=1e-4)


def test_positional_encoding_has_no_largest_length():
    encoding = positional_encoding(300_000, 16)
    assert encoding.shape == (300_000, 16) and encoding.abs().max() <= 1
    assert len(torch.unique(encoding[::1000], dim=0)) == 300


def test_positional_encoding_with_an_offset_is_a_part_of_a_longer_one():
    assert torch.allclose(positional_encoding(20, 16, offset=30), positional_encoding(50, 16)[30:])


def test_every_parameter_belongs_to_one_half(model):
    hear, play = ({id(p) for p in model.parameters_of(half)} for half in ("hear", "play"))
    assert not hear & play and hear | play == {id(p) for p in model.parameters()}


@torch.no_grad()
def test_another_style_gives_another_carol(model):
    one, two = (model.play(notes(), 40, style(seed)) for seed in (1, 2))
    assert (one - two).abs().mean() > 0.01


@torch.no_grad()
def test_style_reaches_every_playing_layer_and_no_hearing_layer(model):
    conditioned = [layer.film is not None for layer in model.layers]
    assert conditioned == [False] * CFG.n_hearing_layers + [True] * (
        CFG.n_layers - CFG.n_hearing_layers
    )
    layer = EncoderLayer(CFG, conditioned=True).eval()
    x = torch.randn(1, 8, CFG.d_model)
    assert (layer(x, style(1))[0] - layer(x, style(2))[0]).abs().max() > 1e-3


@torch.no_grad()
def test_attention_weights_sum_to_one_and_come_from_every_hearing_layer(model):
    weights: list = []
    model.hear(features(50, batch=2), attention=weights)
    assert [w.shape for w in weights] == [(2, 8, 13, 13)] * CFG.n_hearing_layers
    assert all(
        torch.allclose(w.sum(-1), torch.ones(2, 8, 13), atol=1e-5) and (w >= 0).all()
        for w in weights
    )


@torch.no_grad()
def test_plain_attention_equals_fused_attention(model):
    x = torch.randn(2, 40, CFG.d_model)
    plain, weights = model.layers[0].attend(x, need_weights=True)
    fused, none = model.layers[0].attend(x)
    assert weights is not None and none is None
    assert torch.allclose(plain, fused, atol=1e-5)


@torch.no_grad()
def test_asking_for_attention_does_not_change_what_is_heard(model):
    x = features(30)
    assert torch.allclose(model.hear(x).tune, model.hear(x, attention=[]).tune, atol=1e-5)


@torch.no_grad()
def test_positions_are_offset_at_random_in_training_only(model):
    x = features(30)
    assert torch.equal(model.hear(x).tune, model.hear(x).tune)
    model.train()
    try:
        torch.manual_seed(1)
        assert not torch.allclose(model.hear(x).tune, model.hear(x).tune, atol=1e-4)
    finally:
        model.eval()


@torch.no_grad()
def test_rows_of_a_batch_do_not_see_each_other(model):
    x = features(33, batch=3)
    together = model(x, notes(3), style(batch=3))[1]
    alone = model(x[1:2], notes(3)[1:2], style(batch=3)[1:2])[1]
    assert torch.allclose(together[1:2], alone, atol=1e-5)


def test_standardising_and_back_is_identity(model):
    model.mel_mean.fill_(-4)
    model.mel_std.fill_(2)
    mel = torch.randn(1, 9, 2 * CFG.n_bands)
    assert torch.allclose(model.destandardise(model.standardise(mel)), mel, atol=1e-5)


def test_features_of_another_width_are_refused_in_one_line(model):
    with pytest.raises(
        ValueError, match=rf"expected features \(B, F, {CFG.n_features}\), found \(1, 5, 7\)"
    ) as info:
        model.hear(torch.zeros(1, 5, 7))
    assert "\n" not in str(info.value)
