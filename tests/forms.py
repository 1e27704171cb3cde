"""Bars of songs whose form is known."""

import numpy as np

from kcarol.transcription.form.bar_features import CHORD_SLOTS, TUNE_SLOTS, BarFeatures

SECTION_BARS = 8


def bars_of(form, noise=0.1, seed=0, n_bars=SECTION_BARS, lifts=()):
    """A section a letter, the same music for the same letter: capital letters are sung, `C` loud.

    lifts: numbers of sections a tone higher.
    """
    rng = np.random.default_rng(seed)
    material = {letter: _material(letter, n_bars, rng) for letter in sorted(set(form))}
    columns = []
    for number, letter in enumerate(form):
        chords, tune = material[letter]
        up = 2 * (number in lifts)
        columns.append((np.roll(chords, up, 2), np.roll(tune, up, 2)))
    chords, tune = map(np.concatenate, zip(*columns, strict=True))
    loud = np.repeat([letter == "C" for letter in form], n_bars)
    return BarFeatures(
        n_beats=np.full(len(chords), 4.0),
        chords=(chords + noise * rng.random(chords.shape)).clip(0, 1),
        tune=tune * (1 - noise * rng.random(tune.shape)),
        pitch=np.where(loud, 72.0, 67.0),
        note_rate=np.where(loud, 3.0, 2.0),
        level_db=np.where(loud, 0.0, -6.0) + noise * rng.standard_normal(len(loud)),
        onset_rate=np.where(loud, 5.0, 3.0) + noise * rng.standard_normal(len(loud)),
        energy=np.where(loud, 0.9, 0.6),
    )


def _material(letter, n_bars, rng):
    """A triad every bar and, for capitals, a tune of eighths."""
    roots = rng.permutation(12)[:n_bars] if n_bars <= 12 else rng.integers(0, 12, n_bars)
    classes = (roots[:, None] + np.array([0, 4, 7])) % 12
    chords = np.zeros((n_bars, CHORD_SLOTS, 12))
    chords[np.arange(n_bars)[:, None, None], np.arange(CHORD_SLOTS)[:, None], classes[:, None]] = 1
    tune = np.eye(12)[rng.integers(0, 12, (n_bars, TUNE_SLOTS // 2))].repeat(2, axis=1)
    return chords, tune * letter.isupper()
