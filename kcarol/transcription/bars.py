"""Bars of a whole song, and where each frame lies in its beat and its bar."""

from __future__ import annotations

import numpy as np

from kcarol.config import DecodingConfig
from kcarol.transcription.activations import highest_near, logit_of


def bar_positions(
    downbeat: np.ndarray, beats: np.ndarray, cfg: DecodingConfig
) -> tuple[np.ndarray, np.ndarray]:
    """Position (N,) of each beat in its bar, 0 the first, and beats (N,) of that bar.

    From the downbeat probability (F,) at the beats (N,): the likeliest path through the positions
    of bars of all metres, which may change from bar to bar at a cost (as in Böck, Krebs, Widmer,
    "Joint Beat and Downbeat Tracking with Recurrent Neural Networks", ISMIR 2016).
    """
    metres, costs = (np.array(row) for row in zip(*cfg.metre_costs, strict=True))
    lasts = metres.cumsum() - 1  # the states of all bars' last beats
    firsts = lasts - metres + 1
    metre = metres.repeat(metres)
    position = np.arange(len(metre)) - firsts.repeat(metres)
    begins = logit_of(highest_near(downbeat, 1)[beats], cfg.least_downbeat)
    signs = np.where(position == 0, 1, -1)
    likelihood = -np.logaddexp(0, -signs * begins[:, None])  # (N, states)
    score = likelihood[0] - np.where(position == 0, costs.repeat(metres), 0)
    back = np.tile(np.arange(len(metre)) - 1, (len(beats), 1))
    for i in range(1, len(beats)):
        ended = score[lasts]
        likeliest = ended.argmax()
        changed = ended[likeliest] - cfg.metre_change
        back[i, firsts] = np.where(ended >= changed, lasts, lasts[likeliest])
        begun = np.maximum(ended, changed) - costs
        score[1:] = score[:-1]
        score[firsts] = begun
        score += likelihood[i]
    path = [int(score.argmax())]
    for i in range(len(beats) - 1, 0, -1):
        path.append(int(back[i, path[-1]]))
    return position[path[::-1]], metre[path[::-1]]


def frame_positions(
    beats: np.ndarray, positions: np.ndarray, metres: np.ndarray, n_frames: int
) -> tuple[np.ndarray, np.ndarray]:
    """Position of each frame in its beat and in its bar, 0 to 1, (F,) float32 each.

    The grid of beats continues evenly before the first and after the last.
    """
    period = float(np.median(np.diff(beats))) if len(beats) > 1 else 30.0
    before = np.arange(int(np.ceil(beats[0] / period)) + 1, 0, -1)
    after = np.arange(1, int(np.ceil((n_frames - beats[-1]) / period)) + 2)
    grid = np.concatenate([beats[0] - period * before, beats, beats[-1] + period * after])
    length = np.concatenate([0 * before + metres[0], metres, 0 * after + metres[-1]])
    count = np.concatenate([positions[0] - before, positions, positions[-1] + after]) % length
    at = np.interp(np.arange(n_frames), grid, np.arange(len(grid)))
    whole = at.astype(int)
    return (at % 1).astype(np.float32), ((count[whole] + at % 1) / length[whole]).astype(np.float32)


def half_beats(beats: np.ndarray, n_frames: int) -> list[tuple[int, int]]:
    """Spans of frames between half beats; chords change at their borders only."""
    halves = np.arange(0, len(beats) - 0.5, 0.5)
    at = np.interp(halves, np.arange(len(beats)), beats).round().astype(int)
    edges = np.unique(np.concatenate([[0], at, [n_frames]]).clip(0, n_frames))
    return list(zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True))
