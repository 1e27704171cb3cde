"""Facts about a carol made into pop records."""

import numpy as np
import pytest
from training_runs import RATE, bells, random_transcription
from transcriptions import transcription_of

from kcarol.arrangement.arrange import arrange_carol
from kcarol.arrangement.styles import STYLES
from kcarol.config import AudioConfig
from kcarol.corpus.carol.rendering import render_carol
from kcarol.corpus.dataset.labels import sheet_labels
from kcarol.corpus.dataset.pop_versions import (
    KICK,
    drum_pattern,
    drum_strokes,
    played_by_band,
    under_drums,
)
from kcarol.corpus.lead_sheet.editing import trim
from kcarol.corpus.lead_sheet.tunes import tune
from kcarol.corpus.synthesis.render import TRAINING_SOUNDFONTS, available
from kcarol.evaluation import metrics
from kcarol.transcription.lead_sheet import TimeGrid

AUDIO = AudioConfig()
needs_synthesiser = pytest.mark.skipif(
    available(TRAINING_SOUNDFONTS) is not None, reason=str(available(TRAINING_SOUNDFONTS))
)


def test_a_carol_under_drums_is_still_in_there_with_something_else():
    wave, transcription = bells(24.0), random_transcription(AUDIO.n_frames(24 * RATE))
    pop = under_drums(wave, transcription, AUDIO, np.random.default_rng(0))
    assert pop.shape == wave.shape and np.abs(pop).max() <= 1
    spectra = [np.abs(np.fft.rfft(x)) for x in (pop, wave)]
    assert 0.2 < np.corrcoef(*spectra)[0, 1] < 0.999


def heard_exactly():
    """A sheet, its grid, its length in samples, and a faultless transcription of it."""
    sheet = trim(tune("Deck the Halls"), 0, 4)
    grid = TimeGrid.of(sheet)
    n = round(grid.length_s * RATE)
    labels = sheet_labels(sheet, grid, AUDIO, AUDIO.n_frames(n))
    return sheet, grid, n, transcription_of(labels)


@pytest.mark.corpus
@needs_synthesiser
def test_the_rendered_pop_song_is_the_same_whatever_was_rendered_before():
    *_, n, transcription = heard_exactly()
    first = played_by_band(n, transcription, AUDIO, np.random.default_rng(4))
    assert np.array_equal(first, played_by_band(n, transcription, AUDIO, np.random.default_rng(4)))


@pytest.mark.corpus
@needs_synthesiser
def test_the_rendered_pop_song_plays_what_was_heard_in_the_carol_at_the_same_times():
    sheet, grid, n, transcription = heard_exactly()
    pop = played_by_band(n, transcription, AUDIO, np.random.default_rng(4))
    assert pop.shape == (n,) and np.abs(pop).max() <= 1
    parts = arrange_carol(sheet, grid, STYLES["organ"])
    carol = metrics.chromagram(render_carol(parts, grid.length_s, RATE).mean(0))
    own, backwards = (
        metrics.chroma_similarity(carol, metrics.chromagram(x)) for x in (pop, pop[::-1].copy())
    )
    assert own > 0.3 and own > backwards + 0.2


@pytest.mark.parametrize("metre", [3, 4])
def test_drums_fall_on_eighths_and_a_kick_begins_the_bars(metre):
    beats_s = 0.4 + 0.5 * np.arange(32)
    strokes = drum_strokes(beats_s, beats_s[1::metre], np.random.default_rng(1))
    assert len(strokes) > 40
    off = np.array([(s.start_s - 0.4) / 0.25 for s in strokes])
    assert np.abs(off - off.round()).max() < 0.1
    kicks = np.array([s.start_s for s in strokes if s.pitch == KICK])
    began = [np.abs(kicks - t).min() < 0.05 for t in beats_s[1:-1:metre]]
    assert np.mean(began) > 0.6  # some bars rest


def test_drum_patterns_differ_and_fill_a_bar():
    patterns = [drum_pattern(3, np.random.default_rng(seed)) for seed in range(20)]
    assert {len(bar) for pattern in patterns for bar in pattern.values()} == {6}
    assert (
        len({tuple(sorted((note, *bar) for note, bar in pattern.items())) for pattern in patterns})
        > 10
    )
