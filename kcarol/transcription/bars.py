"""Bars and parts of beats of a whole song, and where each frame lies in its beat and its bar."""

from __future__ import annotations

from collections.abc import Sequence

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

    The grid of beats goes on before the first and after the last as fast as there.
    """
    gaps = np.diff(beats) if len(beats) > 1 else np.array([30])
    before = np.arange(int(np.ceil(beats[0] / gaps[0])) + 1, 0, -1)
    after = np.arange(1, int(np.ceil((n_frames - beats[-1]) / gaps[-1])) + 2)
    grid = np.concatenate([beats[0] - gaps[0] * before, beats, beats[-1] + gaps[-1] * after])
    length = np.concatenate([0 * before + metres[0], metres, 0 * after + metres[-1]])
    count = np.concatenate([positions[0] - before, positions, positions[-1] + after]) % length
    at = np.interp(np.arange(n_frames), grid, np.arange(len(grid)))
    whole = at.astype(int)
    return (at % 1).astype(np.float32), ((count[whole] + at % 1) / length[whole]).astype(np.float32)


def beat_divisions(
    beats: np.ndarray, activations: Sequence[np.ndarray], cfg: DecodingConfig
) -> np.ndarray:
    """Parts (N,) of each beat (N,): 3 in compound time, else 2.

    By what sounds, in activations (F,), a third of a beat after the beats around instead of half a
    beat after them; a swung second half leaves both places empty.
    """
    if len(beats) < 2:
        return np.full(len(beats), 2)
    third, half = (
        np.round(beats[:-1] + share * np.diff(beats)).astype(int) for share in (1 / 3, 1 / 2)
    )
    levels = [logit_of(highest_near(activation, 1), 1e-3) for activation in activations]
    evidence = sum(level[third] - level[half] for level in levels)
    sums = np.pad(np.cumsum(evidence), (1, 0))
    beat = np.arange(len(beats))
    first = (beat - cfg.division_beats).clip(0, len(evidence) - 1)
    last = (beat + cfg.division_beats + 1).clip(max=len(evidence))
    return np.where((sums[last] - sums[first]) / (last - first) > cfg.least_thirds, 3, 2)


def beat_parts(divisions: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Number (P,) of the beat of each part of beats that divide so (N,), and of the part in it.

    Of the last beat the first part only, since nobody knows where it ends.
    """
    beat = np.arange(len(divisions)).repeat(divisions)
    part = np.arange(len(beat)) - (divisions.cumsum() - divisions).repeat(divisions)
    is_known = (beat < len(divisions) - 1) | (part == 0)
    return beat[is_known], part[is_known]


def part_spans(beats: np.ndarray, divisions: np.ndarray, n_frames: int) -> list[tuple[int, int]]:
    """Spans of frames between the parts of beats; chords change at their borders only."""
    beat, part = beat_parts(divisions)
    at = np.interp(beat + part / divisions[beat], np.arange(len(beats)), beats)
    edges = np.unique(np.concatenate([[0], at.round().astype(int), [n_frames]]).clip(0, n_frames))
    return list(zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True))


def mean_over_spans(values: np.ndarray, spans: list[tuple[int, int]]) -> np.ndarray:
    """(F, n) -> (F, n) float32: in each span of frames its mean."""
    out = np.zeros(values.shape, np.float32)
    for start, stop in spans:
        out[start:stop] = values[start:stop].mean(0)
    return out
