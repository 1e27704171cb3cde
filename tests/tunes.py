"""A tune over chords, as sound and as labels: what the metrics' answers are known for."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np

from kcarol.evaluation import metrics

RATE = metrics.SAMPLE_RATE
NOTE_S = 0.5
TUNE = [72, 74, 76, 77, 79, 77, 76, 74, 72, 76, 79, 84]
# below the tune register, their partials too
CHORDS = [[48, 52, 55], [41, 45, 48], [43, 47, 50]] * 4
TOGETHER = [[note, *chord] for note, chord in zip(TUNE, CHORDS, strict=True)]


def tones(pitches: list[list[int]], note_s: float = NOTE_S, decay_s: float = 0.3) -> np.ndarray:
    """Chords of struck tones with three partials, one after the other: (T,) float32."""
    t = np.arange(int(note_s * RATE)) / RATE
    envelope = np.exp(-t / decay_s) * np.minimum(1, t / 0.005)
    hz = [[440 * 2 ** ((midi - 69) / 12) for midi in chord] for chord in pitches]
    notes = [
        sum(np.sin(2 * np.pi * f * k * t) / k for f in chord for k in (1, 2, 3)) * envelope
        for chord in hz
    ]
    return metrics.set_level(np.concatenate(notes))


def noise(n_samples: int, seed: int = 0) -> np.ndarray:
    """(T,) float32 of white noise, rms .1."""
    return np.random.default_rng(seed).normal(0, 0.1, n_samples).astype(np.float32)


def labels_of(n_samples: int) -> SimpleNamespace:
    """Labels of TOGETHER, at hop 256."""
    frames = np.arange(1 + n_samples // metrics.LABEL_HOP)
    index = (frames * metrics.LABEL_HOP / RATE / NOTE_S).astype(int).clip(max=len(TUNE) - 1)
    classes = [np.isin(np.arange(12), np.array(chord) % 12) for chord in CHORDS]
    onset = np.r_[True, np.diff(index) > 0]
    return SimpleNamespace(
        tune=np.array(TUNE)[index], onset=onset, chord=np.array(classes)[index], beat=onset
    )


def sung_notes(shift: int = 0) -> list[metrics.SungNote]:
    return [metrics.SungNote(NOTE_S * i, NOTE_S, p + shift) for i, p in enumerate(TUNE[:-1])]


def pair(shift: int, name: str) -> dict:
    """TOGETHER moved by semitones, with noise as its pop version."""
    carol = tones([[midi + shift for midi in chord] for chord in TOGETHER])
    labels = labels_of(len(carol))
    labels.tune, labels.chord = labels.tune + shift, np.roll(labels.chord, shift, axis=1)
    pop = carol + 0.5 * noise(len(carol), shift)
    return {"pop": pop, "carol": carol, "labels": labels, "name": name, "style": "bells"}
