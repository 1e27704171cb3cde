"""Facts about transcriptions and arrangements as they are drawn."""

from types import SimpleNamespace

import numpy as np
import pytest

from kcarol.config import AudioConfig
from kcarol.model.vowels import NO_VOWEL
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
    assert legend == ["tune as composed", "tune as heard"]


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


def sung(n=100):
    vowel, syllable = np.full(n, NO_VOWEL), np.zeros(n, int)
    vowel[10:30], vowel[30:50], vowel[60:70] = 0, 5, 2
    syllable[[10, 20, 60]] = 1
    return SimpleNamespace(vowel=vowel, syllable=syllable)


def test_vowels_and_syllables_lie_at_their_times():
    picture = figures.syllables(log_mel(100), sung(), title="x")
    assert picture.description == "text of x: 3 syllables, 3 vowels in 1.6 s"
    upper, lower = picture.axes
    assert [text.get_text() for text in upper.texts] == ["a", "ə", "i"]
    assert upper.texts[0].get_position()[0] == 20 / CFG.frame_rate
    *vowels, lines = (part.get_segments() for part in lower.collections)
    spans = [tuple(segment[:, 0] * CFG.frame_rate) for [segment] in vowels]
    assert np.allclose(spans, [(10, 30), (30, 50), (60, 70)])
    assert [segment[0, 1] for [segment] in vowels] == [0, 5, 2]
    assert np.allclose([line[0, 0] * CFG.frame_rate for line in lines], [10, 20, 60])


def test_text_is_cut_to_the_span_and_may_be_missing():
    start_s, length_s = 40 / CFG.frame_rate, 25 / CFG.frame_rate
    picture = figures.syllables(log_mel(100), sung(), start_s, length_s)
    assert picture.description == "text of the song: 1 syllables, 2 vowels in 0.4 s"
    assert picture.axes[0].get_xlim() == (0, length_s)
    nothing = SimpleNamespace(vowel=np.full(50, NO_VOWEL), syllable=np.zeros(50, int))
    picture = figures.syllables(log_mel(50), nothing)
    assert picture.description == "text of the song: 0 syllables, 0 vowels in 0.8 s"
    with pytest.raises(ValueError, match="log-mel"):
        figures.syllables(log_mel(100), sung(), start_s=9.0)
