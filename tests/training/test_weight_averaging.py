"""Facts about converters joined from halves."""

from dataclasses import replace

import pytest
import torch
from torch import nn

from kcarol.config import ModelConfig
from kcarol.conversion.converter import Converter
from kcarol.conversion.weights import save_converter
from kcarol.model.transformer import MusicTransformer
from kcarol.model.weights_file import WeightsError
from kcarol.training.weight_averaging import interpolate_, join, main, moving_average

SMALL = ModelConfig(d_model=32, n_heads=2, n_layers=2, n_hearing_layers=1, d_feedforward=32)


@pytest.fixture
def three(tmp_path):
    paths = []
    for seed in range(3):
        torch.manual_seed(seed)
        paths.append(tmp_path / f"{seed}.safetensors")
        save_converter(
            paths[-1],
            MusicTransformer(SMALL),
            {"bells": torch.full((SMALL.d_style,), float(seed))},
            32 + seed,
            {},
        )
    return paths


def halves(path):
    model = Converter.load(path, "cpu").model
    return model.parameters_of("hear"), model.parameters_of("play")


def test_a_joined_converter_plays_like_one_and_hears_like_the_mean_of_the_others(three, tmp_path):
    play, *hear = three
    out = join(tmp_path / "joined.safetensors", play, hear)
    joined, (first, second) = halves(out), (halves(path)[0] for path in hear)
    for found, one, other in zip(joined[0], first, second, strict=True):
        assert torch.allclose(found, (one + other) / 2, atol=1e-3)  # stored in half precision
    assert all(torch.equal(a, b) for a, b in zip(joined[1], halves(play)[1], strict=True))
    whole = Converter.load(out, "cpu")
    assert whole.window_frames == 32 and torch.equal(
        whole.styles["bells"].embedding, torch.zeros(SMALL.d_style)
    )


def test_one_hearing_half_stays_what_it_is_to_the_bit(three, tmp_path):
    out = join(tmp_path / "joined.safetensors", three[0], three[1:2])
    assert all(torch.equal(a, b) for a, b in zip(halves(out)[0], halves(three[1])[0], strict=True))


def test_halves_that_were_trained_with_and_without_dropout_are_joined(three, tmp_path):
    with_dropout, out = tmp_path / "with_dropout.safetensors", tmp_path / "joined.safetensors"
    save_converter(with_dropout, MusicTransformer(replace(SMALL, dropout=0.1)), {}, 32, {})
    join(out, three[0], [with_dropout])
    assert all(
        torch.equal(a, b) for a, b in zip(halves(out)[0], halves(with_dropout)[0], strict=True)
    )
    assert Converter.load(out, "cpu").model.cfg == SMALL


def test_networks_of_other_shapes_are_not_joined(three, tmp_path):
    other, out = tmp_path / "other.safetensors", tmp_path / "joined.safetensors"
    save_converter(
        other,
        MusicTransformer(ModelConfig(d_model=48, n_heads=2, n_layers=2, n_hearing_layers=1)),
        {},
        32,
        {},
    )
    with pytest.raises(WeightsError, match="other.safetensors: expected a network shaped like"):
        join(out, three[0], [three[1], other])
    assert not out.exists()


def test_the_command_joins_and_says_in_one_line_what_is_wrong(three, tmp_path, capsys):
    joined = str(tmp_path / "joined.safetensors")
    assert main([joined, *map(str, three)]) == 0 and capsys.readouterr().err == ""
    for names in ([str(three[0])], [str(three[0]), str(tmp_path / "none.safetensors")]):
        assert main([joined, *names]) == 2 and capsys.readouterr().err.count("\n") == 1


@pytest.mark.parametrize("share", (0.0, 0.25, 1.0))
def test_interpolated_weights_lie_between_those_trained_and_those_before(share):
    module, base = nn.Linear(3, 4), nn.Linear(3, 4)
    was = [p.detach().clone() for p in module.parameters()]
    interpolate_(module, base, share)
    for now, then, before in zip(module.parameters(), was, base.parameters(), strict=True):
        torch.testing.assert_close(now, share * then + (1 - share) * before)


def test_the_moving_average_forgets_slowly_and_its_first_updates_faster():
    module = nn.Linear(1, 1, bias=False)
    averaged = moving_average(module, decay=0.5)
    seen = []
    for weight in (8.0, 4.0, 4.0):
        nn.init.constant_(module.weight, weight)
        averaged.update_parameters(module)
        seen.append(averaged.module.weight.item())
    assert seen == pytest.approx([8.0, 4 + 4 * 2 / 11, 4 + 4 * 2 / 11 * 3 / 12])
    averaged.n_averaged.fill_(10_000)  # as after resuming
    nn.init.constant_(module.weight, seen[-1] + 2)
    averaged.update_parameters(module)
    assert averaged.module.weight.item() == pytest.approx(seen[-1] + 1)
