"""Facts about decoding: perfect hearing gives back the labels, poor hearing something regular."""

import numpy as np
import pytest
import torch
from transcriptions import labels_of, logits_of, random_logits

from kcarol.transcription.decoding import decode

SONGS = {"Silent Night": 3, "Deck the Halls": 4, "The First Noel": 3, "Joy to the World": 4}


@pytest.fixture(scope="module", params=SONGS)
def song(request):
    labels = labels_of(request.param)
    return SONGS[request.param], labels, decode(logits_of(labels))


def test_perfect_hearing_gives_back_the_tune(song):
    _, labels, transcription = song
    assert np.array_equal(transcription.tune, labels.tune)
    assert transcription.tune_shift % 12 == 0
    assert torch.equal(transcription.content.tune.sum(-1) > 0, torch.from_numpy(labels.tune >= 0))


def test_perfect_hearing_gives_back_every_onset(song):
    _, labels, transcription = song
    assert np.array_equal(
        np.flatnonzero(transcription.content.onset[:, 0]), np.flatnonzero(labels.onset)
    )


def test_perfect_hearing_gives_back_chords_and_bass(song):
    _, labels, transcription = song
    wanted = labels.content()
    for name in ("chord", "bass"):
        same = (getattr(transcription.content, name) == getattr(wanted, name)).all(-1)
        assert same.float().mean() > 0.99, name


def test_perfect_hearing_gives_back_every_beat_within_a_frame(song):
    _, labels, transcription = song
    beats = np.flatnonzero(labels.beat)
    nearest = np.abs(beats[:, None] - transcription.beats[None]).min(1)
    assert nearest.max() <= 1
    # the song may ring on after the last beat
    assert len(transcription.beats[transcription.beats <= beats[-1] + 1]) == len(beats)


def test_perfect_hearing_gives_back_the_metre_and_the_bars(song):
    metre, labels, transcription = song
    downbeats = np.flatnonzero(labels.downbeat)
    found = transcription.downbeats[transcription.downbeats <= np.flatnonzero(labels.beat)[-1] + 1]
    assert len(found) == len(downbeats) and np.abs(found - downbeats).max() <= 1
    assert (
        np.median(np.diff(np.searchsorted(transcription.beats, transcription.downbeats))) == metre
    )


def test_perfect_hearing_gives_back_the_phases(song):
    _, labels, transcription = song
    inside = slice(0, int(np.flatnonzero(labels.beat)[-1]))
    error = (transcription.content.phase - labels.content().phase)[inside].abs()
    assert error.max() < 0.45 and error.mean() < 0.05  # a frame is 0.3 of a radian of a fast beat


def test_perfect_hearing_gives_back_accents_and_energy(song):
    _, labels, transcription = song
    assert np.array_equal(transcription.content.accent[:, 0] > 0, labels.accent)
    assert np.abs(transcription.content.energy[:, 0].numpy() - labels.energy).mean() < 0.05


@pytest.mark.parametrize("seed", range(3))
def test_noisy_hearing_of_a_wandering_tempo_still_gives_tune_and_beats(seed):
    labels = labels_of("Deck the Halls", drift=0.01, seed=seed)
    transcription = decode(logits_of(labels, firm=3.0, noise=1.0, seed=seed))
    beats = np.flatnonzero(labels.beat)
    nearest = np.abs(beats[:, None] - transcription.beats[None]).min(1)
    assert (nearest <= 3).mean() > 0.95 and abs(len(transcription.beats) - len(beats)) <= 2
    assert (transcription.tune == labels.tune).mean() > 0.9


@pytest.mark.parametrize("n_frames", [1, 2, 5, 37, 60, 250, 251])
@pytest.mark.parametrize("seed", [0, 1])
def test_hearing_of_any_length_and_any_nonsense_gives_content_of_that_length(n_frames, seed):
    transcription = decode(random_logits(n_frames, np.random.default_rng(seed)))
    content = transcription.content
    for x in vars(content).values():
        assert len(x) == n_frames and torch.isfinite(x).all() and x.abs().max() <= 1
    circle = content.phase[:, :2].square() + content.phase[:, 2:].square()
    assert torch.allclose(circle, torch.ones_like(circle), atol=1e-5)
    assert (transcription.beats < n_frames).all() and (np.diff(transcription.beats) > 0).all()


def test_a_decision_is_the_same_twice():
    logits = logits_of(labels_of("Silent Night"), noise=2.0)
    one, two = decode(logits), decode(logits)
    assert all(
        torch.equal(a, b)
        for a, b in zip(vars(one.content).values(), vars(two.content).values(), strict=True)
    )
