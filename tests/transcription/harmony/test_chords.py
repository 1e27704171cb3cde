"""Facts about decided chords."""

import numpy as np
import pytest

from kcarol.transcription.harmony.chords import ChordSpan, decide_chords, rolls_of
from kcarol.transcription.harmony.parts import Parts
from kcarol.transcription.lead_sheet import QUALITIES

BEAT = 30  # frames
CERTAIN, ABSENT = 0.9, 0.03


def heard(chords, metre=4, seed=None):
    """Chord and bass (F, 12), tune and parts of (beats, pitch classes, bass) one after another."""
    lengths = np.array([round(beats * BEAT) for beats, _, _ in chords])
    tones = np.array([np.isin(np.arange(12), classes) for _, classes, _ in chords])
    low = np.array([np.arange(12) == bass for _, _, bass in chords])
    chord = np.where(tones, CERTAIN, ABSENT).repeat(lengths, axis=0)
    bass = np.where(low, CERTAIN, 0.005).repeat(lengths, axis=0)
    n_frames = int(lengths.sum())
    if seed is not None:  # each half beat heard a little wrongly
        noise = np.random.default_rng(seed).normal(0, 0.25, (n_frames // 15 + 1, 12))
        chord = (chord + noise.repeat(15, axis=0)[:n_frames]).clip(0.01, 0.99)
    beats = np.arange(0, n_frames, BEAT)
    positions = np.arange(len(beats)) % metre
    grid = (beats, positions, np.full(len(beats), metre), np.full(len(beats), 2))
    return chord, bass, np.full(n_frames, -1), Parts.of(*grid, n_frames)


def names(spans):
    return [(span.root, span.quality, span.bass) for span in spans]


def triad(root, quality="maj"):
    return [(root + step) % 12 for step in QUALITIES[quality]]


C, G, A_MINOR, F = triad(0), triad(7), triad(9, "min"), triad(5)
SONG = [(4, C, 0), (4, G, 7), (4, A_MINOR, 9), (4, F, 5)] * 2


@pytest.mark.parametrize("quality", QUALITIES)
@pytest.mark.parametrize("root", [0, 4, 9])
def test_a_chord_in_root_position_gets_its_name(quality, root):
    chords = [(8, triad(root, quality), root), (8, triad(root + 5), (root + 5) % 12)]
    assert names(decide_chords(*heard(chords)))[0] == (root, quality, None)


def test_chords_last_through_what_is_heard_wrongly():
    spans = decide_chords(*heard(SONG, seed=0))
    assert [span.root for span in spans] == [0, 7, 9, 5] * 2
    assert [span.start for span in spans] == [BEAT * beat for beat in range(0, 32, 4)]


@pytest.mark.parametrize("beats, quality", [(1, "dim"), (0.5, "maj")])
def test_a_clear_chromatic_passing_chord_is_kept(beats, quality):
    passing = (beats, triad(1, quality), 1)
    found = decide_chords(*heard([(4 - beats, C, 0), passing, (4, triad(2, "min"), 2), (8, G, 7)]))
    assert names(found)[:3] == [(0, "maj", None), (1, quality, None), (2, "min", None)]


def test_a_clear_anticipation_is_kept():
    spans = decide_chords(*heard([(3.5, C, 0), (4.5, F, 5), (8, C, 0)]))
    assert [span.start for span in spans] == [0, 3.5 * BEAT, 8 * BEAT]


@pytest.mark.parametrize("key, quality", [([C, F, G], "min"), ([triad(2), triad(9)], "maj")])
def test_a_bare_fifth_becomes_the_triad_of_the_key(key, quality):
    around = [(4, tones, tones[0]) for tones in key] * 2
    fifth = (4, [4, 11], 4) if quality == "min" else (4, [7, 2], 7)
    found = decide_chords(*heard([*around, fifth, *around]))
    bare = next(span for span in found if span.start == 4 * BEAT * len(around))
    assert (bare.root, bare.quality) == (fifth[2], quality)


def test_other_basses_are_kept():
    descent = [(4, C, 0), (2, C, 11), (2, C, 4), (8, F, 5)]
    assert names(decide_chords(*heard(descent))) == [
        (0, "maj", None),
        (0, "maj", 11),
        (0, "maj", 4),
        (5, "maj", None),
    ]


def test_a_sung_pitch_class_alone_is_no_chord_tone():
    chord, bass, tune, parts = heard([(8, C, 0), (8, G, 7)])
    sung = slice(2 * BEAT, 4 * BEAT)
    chord[sung, 9], tune[sung] = 0.6, 69
    assert names(decide_chords(chord, bass, tune, parts))[0] == (0, "maj", None)
    assert len(decide_chords(chord, bass, tune, parts)) == 2


def test_repeated_bars_get_the_chords_that_most_of_them_have():
    chord, bass, tune, parts = heard(SONG * 2)
    doubted = slice(16 * BEAT, 20 * BEAT)  # one of four times C major sounds like A minor
    chord[doubted, 7], chord[doubted, 9] = 0.4, 0.6
    spans = decide_chords(chord, bass, tune, parts)
    assert [span.root for span in spans] == [0, 7, 9, 5] * 4
    assert all(span.quality == "maj" for span in spans if span.root == 0)


def test_where_nothing_sounds_there_is_no_chord():
    spans = decide_chords(*heard([(4, C, 0), (8, [], None), (4, C, 0)]))
    assert spans[1] == ChordSpan(4 * BEAT, 12 * BEAT, None)
    chord, bass = rolls_of(spans)
    assert not chord[spans[1].start : spans[1].stop].any()
    assert not bass[spans[1].start : spans[1].stop].any()


def test_rolls_show_the_tones_of_the_chords():
    chord, bass = rolls_of([ChordSpan(0, 2, 9, "min", 4), ChordSpan(2, 3, None)])
    assert np.flatnonzero(chord[1]).tolist() == [0, 4, 9] and bass[1].argmax() == 4
    assert chord.shape == bass.shape == (3, 12) and not chord[2].any() and not bass[2].any()


@pytest.mark.parametrize("n_frames", [1, 2, 29, 61])
def test_spans_cover_any_length(n_frames):
    rng = np.random.default_rng(0)
    parts = Parts.of(np.array([0]), np.array([0]), np.array([4]), np.array([2]), n_frames)
    rolls = rng.random((2, n_frames, 12)).astype(np.float32)
    spans = decide_chords(rolls[0], rolls[1] / 12, np.full(n_frames, -1), parts)
    assert spans[0].start == 0 and spans[-1].stop == n_frames
