"""Content: how much of the song's harmony and tune is kept."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import librosa
import mir_eval
import numpy as np
from sklearn.metrics import label_ranking_average_precision_score

from kcarol.evaluation.metrics.ultrastar import SungNote
from kcarol.evaluation.metrics.waves import HOP, SAMPLE_RATE

MIN_BEATS = 4  # with fewer, chords are compared by half seconds
PITCH_NAMES = "C C# D D# E F F# G G# A A# B".split()


def chromagram(wave: np.ndarray) -> np.ndarray:
    """(T,) -> (12, F): constant-Q chroma with estimated tuning."""
    return librosa.feature.chroma_cqt(y=wave, sr=SAMPLE_RATE, hop_length=HOP).astype(np.float32)


def chroma_similarity(source: np.ndarray, output: np.ndarray) -> float:
    """Mean over frames of the Pearson correlation of two chromas (12, F), cut to one length.

    1 for a copy, about 0 for anything flat. Frames in which the source is flat (silence) do not
    count; a flat output frame counts 0. NaN if no frame counts.
    """
    n = min(source.shape[1], output.shape[1])
    a, b = (chroma[:, :n] - chroma[:, :n].mean(axis=0) for chroma in (source, output))
    norm_a, norm_b = np.linalg.norm(a, axis=0), np.linalg.norm(b, axis=0)
    heard = norm_a > 1e-6
    if not heard.any():
        return float("nan")
    return float(np.mean(((a * b).sum(0) / np.maximum(norm_a * norm_b, 1e-9))[heard]))


def chroma_matrix(outputs: Sequence[np.ndarray], sources: Sequence[np.ndarray]) -> np.ndarray:
    """(N outputs, S sources) of `chroma_similarity`."""
    return np.array([[chroma_similarity(source, out) for source in sources] for out in outputs])


def retrieval(matrix: np.ndarray, labels: np.ndarray | None = None) -> float:
    """Mean reciprocal rank of the true source in similarities (N, S); see `retrieval_chance`.

    labels (N,): the true sources, by default the diagonal. Ties count against the output, so that
    a constant one does not win.
    """
    matrix = np.nan_to_num(matrix, nan=-1.0)
    labels = np.arange(len(matrix)) if labels is None else labels
    truth = np.eye(matrix.shape[1], dtype=int)[labels]
    return float(label_ranking_average_precision_score(truth, matrix))


def retrieval_chance(n_sources: int) -> float:
    """The mean reciprocal rank of a random order."""
    return float(np.mean(1 / np.arange(1, n_sources + 1)))


def note_at_k(chroma: np.ndarray, notes: Sequence[SungNote], k: int) -> dict[str, float]:
    """Presence of a sung tune in a chroma (12, F). NaN without notes.

    note: share of notes whose pitch class is among the k strongest of the mean chroma during the
    note. shift: the same for notes moved by 1 to 11 semitones, on average. const: the same in the
    chroma's mean over time, a drone; only what exceeds it is tune.
    """
    profiles, classes = _note_profiles(chroma, notes)
    if not len(classes):
        return dict.fromkeys(("note", "shift", "const"), float("nan"))
    drone = np.broadcast_to(chroma.mean(axis=1), profiles.shape)
    shifts = [_hit_share(profiles, (classes + shift) % 12, k) for shift in range(1, 12)]
    return {
        "note": _hit_share(profiles, classes, k),
        "shift": float(np.mean(shifts)),
        "const": _hit_share(drone, classes, k),
    }


def _note_profiles(chroma: np.ndarray, notes: Sequence[SungNote]) -> tuple[np.ndarray, np.ndarray]:
    """Mean chroma during each note (N, 12), and pitch classes (N,). Notes that end after F are
    left out.
    """
    rows, classes = [], []
    for note in notes:
        first = round(note.start_s * SAMPLE_RATE / HOP)
        last = max(first + 1, round((note.start_s + note.length_s) * SAMPLE_RATE / HOP))
        if 0 <= first and last <= chroma.shape[1]:
            rows.append(chroma[:, first:last].mean(axis=1))
            classes.append(note.midi % 12)
    return np.array(rows).reshape(-1, 12), np.array(classes, dtype=int)


def _hit_share(profiles: np.ndarray, classes: np.ndarray, k: int) -> float:
    """Share of notes whose class is among the k strongest of its profile (N, 12).

    Equal values are no hit: a flat profile has no tune.
    """
    own = profiles[np.arange(len(classes)), classes]
    return float(((profiles >= own[:, None]).sum(axis=1) <= k).mean())


def chord_agreement(source: np.ndarray, output: np.ndarray, beats_s: np.ndarray) -> float:
    """Share of the time in which two chromas (12, F) have the same triad, beat by beat.

    By `mir_eval.chord.majmin`. NaN for less than half a second.
    """
    end_s = min(source.shape[1], output.shape[1]) * HOP / SAMPLE_RATE
    edges_s = np.asarray(beats_s)[np.asarray(beats_s) < end_s]
    if len(edges_s) < MIN_BEATS:
        edges_s = np.arange(0, end_s, 0.5)
    if len(edges_s) < 2:
        return float("nan")
    labels = [chord_labels(chroma, edges_s) for chroma in (source, output)]
    return float(mir_eval.chord.weighted_accuracy(mir_eval.chord.majmin(*labels), np.diff(edges_s)))


def chord_labels(chroma: np.ndarray, edges_s: np.ndarray) -> list[str]:
    """The triad nearest to a chroma (12, F) between each two of E edges: E - 1 mir_eval labels.

    "N" where the chroma is flat.
    """
    names, templates = _triads()
    frames = np.round(np.asarray(edges_s) * SAMPLE_RATE / HOP).astype(int)
    labels = []
    for first, last in zip(frames[:-1], frames[1:], strict=True):
        span = chroma[:, first : max(last, first + 1)]
        mean = span.mean(axis=1) if span.shape[1] else np.zeros(12)
        labels.append(names[int(np.argmax(templates @ mean))] if np.ptp(mean) > 1e-6 else "N")
    return labels


@lru_cache(maxsize=1)
def _triads() -> tuple[list[str], np.ndarray]:
    """The 24 major and minor triads: labels, and templates (24, 12) of zero mean and unit norm."""
    labels = [f"{pitch}:{quality}" for quality in ("maj", "min") for pitch in PITCH_NAMES]
    roots, bitmaps, _ = mir_eval.chord.encode_many(labels)
    templates = mir_eval.chord.rotate_bitmaps_to_roots(bitmaps, roots).astype(float)
    templates -= templates.mean(axis=1, keepdims=True)
    return labels, templates / np.linalg.norm(templates, axis=1, keepdims=True)
