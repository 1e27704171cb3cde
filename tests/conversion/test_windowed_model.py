"""Facts about windows: seams are not heard, and every frame of a song is."""

import pytest
import torch
from converters import MODEL, make_converter, song
from torch.nn import functional

from kcarol.config import AudioConfig
from kcarol.conversion.windowed_model import samples_of
from kcarol.model.notes import Notes
from kcarol.model.transformer import MusicTransformer

AUDIO = AudioConfig()


@pytest.fixture(scope="module")
def converter():
    return make_converter()


class LocalModel(MusicTransformer):
    """Plays each frame from the notes that sound in it alone."""

    def play(self, notes, n_frames, style, table=None, text=None):
        frame = torch.arange(n_frames)[:, None]
        rolls = [
            ((some.start <= frame) & (frame < some.end)).float() @ torch.eye(128)[some.pitch]
            for some in notes
        ]
        padded = functional.pad(torch.stack(rolls), (0, self.cfg.n_played - 128))
        return padded + style[:, None, :1]


@pytest.mark.parametrize("window_frames", [64, 100])
def test_windows_joined_equal_one_window_where_playing_is_local(window_frames):
    rng = torch.Generator().manual_seed(0)
    n_frames, n_notes = 333, 40
    start = n_frames * torch.rand(n_notes, generator=rng).sort().values
    pitch = torch.randint(60, 90, (n_notes,), generator=rng)
    columns = (torch.zeros(n_notes), pitch, torch.zeros(n_notes), start, start + 20)
    notes = Notes.of_tensor(torch.stack(columns, dim=1))
    style = torch.full((MODEL.d_style,), 0.3)
    joined = make_converter(window_frames, LocalModel(MODEL)).predict(notes, n_frames, style)
    whole = make_converter(n_frames, LocalModel(MODEL)).predict(notes, n_frames, style)
    assert torch.allclose(joined, whole, atol=1e-5)


def test_windows_of_a_short_song_are_shared_out_among_the_workers(monkeypatch):
    sizes = []

    class Counting(LocalModel):
        def play(self, notes, *others):
            sizes.append(len(notes))
            return super().play(notes, *others)

    monkeypatch.setattr("kcarol.conversion.windowed_model.n_workers", lambda device: 2)
    none = Notes.of_tensor(torch.zeros(0, 5))
    make_converter(64, Counting(MODEL)).predict(none, 130, torch.zeros(MODEL.d_style))
    assert sorted(sizes) == [1, 2]


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
