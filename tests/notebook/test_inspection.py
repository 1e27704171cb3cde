"""Facts about what a notebook looks into."""

import numpy as np

from kcarol.config import AudioConfig, ModelConfig
from kcarol.model.transformer import MusicTransformer
from kcarol.notebook.inspection import (
    architecture_stages,
    attention_weights,
    features,
    log_mel,
    parameter_counts,
    resynthesised,
)
from kcarol.vocoder.griffin_lim import GriffinLim

CFG = AudioConfig()


def noise(n):
    return np.random.default_rng(0).normal(0, 0.1, n).astype(np.float32)


def test_log_mel_and_features_have_a_frame_every_hop():
    for n in (8_000, 8_192):
        assert log_mel(noise(n)).shape == (1 + n // CFG.hop_length, CFG.n_mels)
        assert features(noise(n)).shape == (1 + n // CFG.hop_length, CFG.n_features)


def test_all_parameters_are_counted_once():
    model = MusicTransformer(ModelConfig.smoke())
    n_all = sum(parameter.numel() for parameter in model.parameters())
    assert sum(parameter_counts(model).values()) == n_all


def test_stages_have_the_shapes_of_the_configuration():
    stages = {
        name: shape for name, _, shape in architecture_stages(ModelConfig(n_hearing_layers=5))
    }
    assert stages["5 layers hear"] == "(B, S, 320)" and stages["linear"] == "(B, F, 280)"
    assert "1 layers play" in stages


def test_attention_of_a_window_sums_to_one(small_converter):
    weights = attention_weights(small_converter(), noise(3 * 16_000))
    assert [layer.shape for layer in weights] == [(8, 47, 47)] * ModelConfig().n_hearing_layers
    assert np.allclose([layer.sum(-1) for layer in weights], 1, atol=1e-5)


def test_resynthesis_is_as_long_as_the_carol(small_converter):
    found = resynthesised(noise(8_000), small_converter(GriffinLim(iterations=2)))
    assert list(found) == ["carol", "vocoder", "Griffin-Lim"]
    assert {len(wave) for wave in found.values()} == {8_000}
