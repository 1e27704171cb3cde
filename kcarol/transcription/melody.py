"""The tune of a whole song, its note onsets and its register.

Tunes are given as classes (F,): semitones above TUNE_LOWEST, or NO_TUNE between notes.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from torch import Tensor

from kcarol.config import TUNE_CENTRE, TUNE_LOWEST, AudioConfig, DecodingConfig
from kcarol.model.content import N_PITCHES
from kcarol.transcription.activations import highest_near

NO_TUNE = N_PITCHES  # class
PEAK_FRAMES = 4  # an onset is the highest within as many frames on both sides
SAME_ONSET_FRAMES = 5  # onsets closer to a note's beginning than this are that beginning
BLOCK_FRAMES = 4096  # whose logits are float32 at once


def find_tune(
    logits: Tensor, onset: np.ndarray, audio: AudioConfig, cfg: DecodingConfig
) -> tuple[np.ndarray, np.ndarray]:
    """The tune's classes (F,) and where its notes begin, (F,) bool.

    By Viterbi over logits (F, N_PITCHES + 1); changes of pitch are cheap near an onset, of which
    `onset` (F,) is the probability.
    """
    cost = cfg.note_change * (1 - 0.8 * highest_near(onset, 1))
    tune = likeliest_path(logits, cost, cfg.rest_penalty)
    tune = _without_short(tune, max(1, round(cfg.shortest_note_s * audio.frame_rate)))
    begins = _note_starts(tune)
    repeated = find_peaks(onset, cfg.onset_threshold) & (tune != NO_TUNE)
    for frame in np.flatnonzero(repeated):  # the same pitch sung again
        near = slice(max(0, frame - SAME_ONSET_FRAMES), frame + SAME_ONSET_FRAMES + 1)
        begins[frame] |= not begins[near].any()
    return tune, begins


def likeliest_path(logits: Tensor, cost: np.ndarray, rest_penalty: float = 0.0) -> np.ndarray:
    """Likeliest classes (F,) of logits (F, n) where a change of class at frame i costs cost[i]
    nats, and a frame of the last class `rest_penalty`: by Viterbi.

    A change may go to any class, so one predecessor a frame is enough, and one bit a class.
    """
    n_frames, n_classes = logits.shape
    best = np.empty(n_frames, np.int32)  # the likeliest class before each frame
    stays = np.empty((n_frames, n_classes), bool)  # or is it likelier to stay?
    total = np.zeros(n_classes, np.float32)  # log likelihood of the best path to each class
    for start in range(0, n_frames, BLOCK_FRAMES):
        score = logits[start : start + BLOCK_FRAMES].float().log_softmax(1).numpy()
        score[:, -1] -= rest_penalty
        for i, here in enumerate(score, start):
            best[i] = total.argmax()
            jump = total[best[i]] - cost[i]
            stays[i] = total >= jump
            total = here + np.maximum(total, jump)
    path = np.empty(n_frames, int)
    path[-1] = total.argmax()
    for i in range(n_frames - 1, 0, -1):
        path[i - 1] = path[i] if stays[i, path[i]] else best[i]
    return path


def runs_of(tune: np.ndarray) -> Iterator[tuple[int, int]]:
    """Spans of frames (start, stop) with one class."""
    edges = np.flatnonzero(np.diff(tune, prepend=tune[0] - 1, append=tune[-1] - 1))
    yield from zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True)


def _note_starts(tune: np.ndarray) -> np.ndarray:
    """(F,) bool: the class changes to that of a note."""
    return (np.diff(tune, prepend=NO_TUNE) != 0) & (tune != NO_TUNE)


def _without_short(tune: np.ndarray, shortest: int) -> np.ndarray:
    out = tune.copy()
    for start, stop in runs_of(tune):
        if stop - start < shortest:
            out[start:stop] = NO_TUNE
    return out


def find_peaks(activation: np.ndarray, threshold: float) -> np.ndarray:
    """(F,) bool: above the threshold and highest within PEAK_FRAMES.

    scipy.signal.find_peaks by distance also keeps lower ones beside a peak that it dropped.
    """
    return (activation >= highest_near(activation, PEAK_FRAMES)) & (activation > threshold)


def note_probabilities(tune: np.ndarray, logits: Tensor) -> tuple[np.ndarray, np.ndarray]:
    """Of each note the probability of its pitch, and that of a rest in its place.

    Means over the note, (F,) float32 each, 0 between notes.
    """
    pitch, rest = np.zeros((2, len(tune)), np.float32)
    for start, stop in runs_of(tune):
        if tune[start] != NO_TUNE:
            mean = logits[start:stop].float().softmax(1).mean(0)
            pitch[start:stop] = mean[tune[start]]
            rest[start:stop] = mean[NO_TUNE]
    return pitch, rest


def register_shift(tune: np.ndarray, pitch: np.ndarray, rest: np.ndarray) -> int:
    """Semitones, whole octaves, that move the notes' median nearest to the carols' TUNE_CENTRE.

    Only notes likelier than a rest count, if there are any (`note_probabilities`): other
    instruments that stand in for the tune have other registers.
    """
    starts = np.flatnonzero(_note_starts(tune))
    likely = starts[pitch[starts] > rest[starts]]
    notes = tune[likely if len(likely) else starts]
    if not len(notes):
        return 0
    return 12 * round((TUNE_CENTRE - TUNE_LOWEST - float(np.median(notes))) / 12)
