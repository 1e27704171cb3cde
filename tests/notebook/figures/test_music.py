"""Facts about transcriptions and arrangements as they are drawn."""

from types import SimpleNamespace

import numpy as np

from kcarol.config import AudioConfig
from kcarol.notebook import figures
from kcarol.notebook.figures.spectrograms import band_of

CFG = AudioConfig()


def log_mel(n_frames):
    return np.full((n_frames, CFG.n_mels), -3.0, np.float32)


def transcription(n=100):
    tune = np.full(n, -1)
    tune[10:30], tune[30:50], tune[60:70] = 69, 71, 69
    chord = np.zeros((n, 12), bool)
    chord[:50, [0, 4, 7]], chord[50:, [5, 9, 0]] = True, True
    content = SimpleNamespace(chord=chord)
    beats, downbeats = np.arange(0, n, 10), np.arange(0, n, 40)
    return SimpleNamespace(tune=tune, content=content, beats=beats, downbeats=downbeats)


def test_the_tune_lies_over_its_frequency_and_beats_at_their_times():
    found = transcription()
    picture = figures.transcription(log_mel(100), found, title="x", true_tune=found.tune)
    assert picture.description == "transcription of x: 3 tune notes, 2 chords, 10 beats, 3 bars"
    upper, lower = picture.axes
    _, heard = upper.collections
    (start, low), (stop, high) = heard.get_segments()[0]
    band = band_of([440])[0]
    assert np.allclose((start, stop), (10 / CFG.frame_rate, 30 / CFG.frame_rate))
    assert np.allclose((low, high), band)
    beats, bars = ([line[0, 0] for line in part.get_segments()] for part in lower.collections)
    assert np.allclose(bars, found.downbeats / CFG.frame_rate) and len(beats) == 7
    legend = [text.get_text() for text in upper.get_legend().get_texts()]
    assert legend == ["tune, true", "tune, heard"]


def test_a_span_is_cut_from_the_song():
    start_s, length_s = 40 / CFG.frame_rate, 40 / CFG.frame_rate
    picture = figures.transcription(log_mel(100), transcription(), start_s, length_s)
    assert (
        picture.description == "transcription of the song: 2 tune notes, 2 chords, 4 beats, 1 bars"
    )
    assert picture.axes[0].get_xlim() == (0, length_s)


def test_a_song_without_tune_or_chords_can_be_drawn():
    nothing = SimpleNamespace(
        tune=np.full(50, -1),
        content=SimpleNamespace(chord=np.zeros((50, 12))),
        beats=np.zeros(0, int),
        downbeats=np.zeros(0, int),
    )
    picture = figures.transcription(log_mel(50), nothing)
    assert (
        picture.description == "transcription of the song: 0 tune notes, 0 chords, 0 beats, 0 bars"
    )


def test_notes_end_where_the_piano_roll_ends():
    [axes] = figures.piano_rolls({"pop": {"tune": [(0.0, 9.0, 60.0), (5.0, 1.0, 62.0)]}}, 2).axes
    [note] = axes.collections[0].get_segments()
    assert note.tolist() == [[0, 60], [2, 60]]
