"""Facts about windows: seams are not heard, and every frame of a song is."""

import pytest
import torch
from converters import make_converter, song

from kcarol.config import AudioConfig, ModelConfig
from kcarol.conversion.windowed_model import samples_of
from kcarol.model.content import FIELD_SIZES, Content
from kcarol.model.transformer import MusicTransformer

AUDIO, MODEL = AudioConfig(), ModelConfig.smoke()


@pytest.fixture(scope="module")
def converter():
    return make_converter()


class LocalModel(MusicTransformer):
    """Plays each frame from that frame's content alone."""

    def play(self, content: Content, style):
        local = torch.cat([content.tune, content.chord, content.energy], dim=-1)
        return local.repeat(1, 1, 2)[..., : self.cfg.n_mels] + style[:, None, :1]


@pytest.mark.parametrize("window_frames", [64, 100])
def test_windows_joined_equal_one_window_where_content_is_local(window_frames):
    rng = torch.Generator().manual_seed(0)
    n_frames = 333
    content = Content(*(torch.rand(n_frames, n, generator=rng) for n in FIELD_SIZES))
    style = torch.full((MODEL.d_style,), 0.3)
    joined = make_converter(window_frames, LocalModel(MODEL)).predict(content, style)
    whole = make_converter(n_frames, LocalModel(MODEL)).predict(content, style)
    assert torch.allclose(joined, whole, atol=1e-5)


def test_windows_of_the_wave_give_the_features_of_those_frames(converter):
    wave = song(4.0)
    whole = converter.features(torch.from_numpy(wave))
    window = converter.features(torch.from_numpy(samples_of(wave, (40, 200), AUDIO.hop_length)))
    n = AUDIO.n_pitch_bands
    assert window.shape == (160, AUDIO.n_features)
    # but for the level of the window
    assert (window[16:-16, :n] - whole[56:184, :n]).abs().mean() < 0.05


def test_a_song_longer_than_one_batch_of_windows_is_heard_throughout():
    converter = make_converter(window_frames=32)
    assert len(converter.windows.spans(AUDIO.n_frames(16_000 * 8))) > 2 * 8
    wave = song(8.0)
    logits = converter.hear(wave).concatenated()
    assert len(logits) == AUDIO.n_frames(len(wave)) and torch.isfinite(logits).all()
