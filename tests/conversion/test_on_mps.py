"""What a converter computes on its device has no float64, which Apple's MPS lacks."""

import pytest
import torch
from converters import make_converter, song
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from kcarol.conversion.sound import post_filter
from kcarol.model.notes import Notes
from kcarol.vocoder import inverse_stft

N_FRAMES = 64


class RefusesFloat64(TorchDispatchMode):
    """Raises TypeError where MPS would."""

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        out = func(*args, **(kwargs or {}))
        if any(isinstance(x, torch.Tensor) and x.dtype == torch.float64 for x in tree_leaves(out)):
            raise TypeError(f"{func} gives float64")
        return out


@pytest.fixture(scope="module")
def converter():
    return make_converter()


@pytest.fixture(autouse=True)
def as_on_mps(monkeypatch):
    for module in (inverse_stft, post_filter):
        monkeypatch.setattr(module, "widest_float", lambda device: torch.float32)
    with RefusesFloat64():
        yield


def test_float64_is_refused():
    with pytest.raises(TypeError, match="float64"):
        torch.zeros(1).double()


def test_hearing(converter):
    waves = torch.from_numpy(song()[None])
    tuning = torch.zeros(1, converter.audio.n_frames(waves.shape[1]))
    assert converter.model.hear(converter.features(waves, tuning)).tune.isfinite().all()


def test_playing(converter):
    notes = Notes.of_tensor(torch.tensor([[0.0, 72.0, -10.0, 4.0, 30.0]]))
    played = converter.model.play([notes], N_FRAMES, converter.styles["bells"].embedding[None])
    assert played.isfinite().all()


def test_post_filter_and_vocoder(converter):
    log_mel = torch.full((N_FRAMES, converter.audio.n_mels), -5.0)
    post_filter.stretch_(log_mel, 1.2, 20)
    assert converter.vocoder.vocode(log_mel).isfinite().all()
