"""Beats, metre and bars of a whole song."""

from __future__ import annotations

import numpy as np

from kcarol.config import AudioConfig, DecodingConfig


def find_beats(
    activation: np.ndarray, downbeat: np.ndarray, audio: AudioConfig, cfg: DecodingConfig
) -> np.ndarray:
    """Frames (N,) of the beats, from the beat and downbeat probabilities (F,).

    Dynamic programming (Ellis 2007, "Beat Tracking by Dynamic Programming") for several tempi, of
    which the best wins. Beats are evenly spaced where none is found. Not librosa's, which spends
    seconds compiling at every start.
    """
    even = np.arange(0, len(activation), 60 / cfg.fallback_bpm * audio.frame_rate).astype(int)
    middle, top = np.percentile(activation, [50, 99])
    if len(activation) < 4 * audio.frame_rate or top - middle < 1e-3:
        return even
    score = ((activation - middle) / (top - middle)).clip(0, 1) - cfg.beat_threshold
    best, best_total = even, 0.0
    for period in _likely_periods(score, audio, cfg):
        beats, total = _best_path(score, period, cfg.steadiness)
        total *= _tempo_prior(period, audio, cfg)
        if len(beats) >= 4 and total > best_total:
            best, best_total = beats, total
    if best_total:
        best = _without_eighths(best, activation, downbeat, audio, cfg)
    return _extended(best, len(activation))


def _likely_periods(score: np.ndarray, audio: AudioConfig, cfg: DecodingConfig) -> list[float]:
    """Frames a beat (not whole numbers) at the highest peaks of the weighted autocorrelation."""
    size = 2 * len(score)
    power = np.abs(np.fft.rfft(score - score.mean(), size)) ** 2
    autocorrelation = np.fft.irfft(power)
    shortest = int(60 * audio.frame_rate / cfg.fastest_bpm)
    longest = int(60 * audio.frame_rate / cfg.slowest_bpm)
    lags = np.arange(shortest, longest + 1)
    left, here, right = (autocorrelation[lags + step] for step in (-1, 0, 1))
    # scipy.signal.find_peaks gives the same but takes 0.7 s to import
    peaks = np.flatnonzero((here >= left) & (here > right) & (here > 0))
    height = here[peaks] * _tempo_prior(lags[peaks], audio, cfg)
    peaks = peaks[np.argsort(-height)[: cfg.n_tempi]]
    # the top of the parabola through three points lies between them
    bend = left[peaks] - 2 * here[peaks] + right[peaks]
    return list(lags[peaks] + 0.5 * (left[peaks] - right[peaks]) / np.minimum(bend, -1e-12))


def _tempo_prior(period, audio: AudioConfig, cfg: DecodingConfig):
    """Weight, at most 1, of a beat period in frames (number or array)."""
    octaves = np.log2(60 * audio.frame_rate / (period * cfg.likely_bpm))
    return np.exp(-0.5 * (octaves / cfg.tempo_octaves) ** 2)


def _best_path(score: np.ndarray, period: float, steadiness: float) -> tuple[np.ndarray, float]:
    """Frames of the beats about `period` frames apart with the highest total score, and that score.

    Steps are at least half a period, so half a period of frames is computed at once.
    """
    shortest = max(1, int(period / 2))
    longest = int(np.ceil(2 * period))
    steps = np.arange(shortest, longest + 1)
    cost = steadiness * np.log(steps / period) ** 2
    total = np.concatenate([np.zeros(longest), score])  # padded: the first beat may be anywhere
    back = np.full(len(total), -1)
    for start in range(longest, len(total), shortest):
        frames = np.arange(start, min(start + shortest, len(total)))
        before = total[frames[:, None] - steps] - cost
        choice = before.argmax(1)
        gain = before[np.arange(len(frames)), choice]
        back[frames] = np.where(gain > 0, frames - steps[choice], -1)
        total[frames] += np.maximum(gain, 0)
    path = [int(total.argmax())]
    while back[path[-1]] >= longest:
        path.append(int(back[path[-1]]))
    return np.array(path[::-1]) - longest, float(total.max())


def _without_eighths(
    beats: np.ndarray,
    activation: np.ndarray,
    downbeat: np.ndarray,
    audio: AudioConfig,
    cfg: DecodingConfig,
) -> np.ndarray:
    """The beats, or the stronger half of them if the other half is eighth notes.

    Eighths are fast, every other one is weak, hardly anything lies between them, and every other
    bar counted in them has no downbeat.
    """
    logit = logit_of(highest_near(activation, 2), 1e-3)
    halves = [float(logit[beats[side::2]].mean()) for side in (0, 1)]
    between = float(logit[(beats[1:] + beats[:-1]) // 2].mean())
    bpm = 60 * audio.frame_rate / float(np.median(np.diff(beats)))
    firsts = beats[bar_positions(downbeat, beats, cfg)[0] == 0]
    downbeats = logit_of(highest_near(downbeat, 2), 1e-3)[firsts]
    log_odds = cfg.eighths.log_odds(
        tempo=np.log2(bpm / cfg.likely_bpm),
        weaker=1 / (1 + np.exp(-min(halves))),
        between=1 / (1 + np.exp(-between)),
        alternation=abs(downbeats[::2].mean() - downbeats[1::2].mean()) if len(firsts) > 2 else 0,
        downbeat=downbeats.mean() if len(firsts) else 0,
    )
    if log_odds > 0 and np.ptp(halves) > cfg.min_lead:
        return beats[int(np.argmax(halves)) :: 2]
    return beats


def _extended(beats: np.ndarray, n_frames: int) -> np.ndarray:
    """The beats, continued evenly to both ends of the song."""
    if len(beats) < 3:
        period = float(np.median(np.diff(beats)))
    else:
        period = float((beats[-1] - beats[0]) / (len(beats) - 1))
    before = beats[0] - period * np.arange(int(beats[0] / period), 0, -1)
    after = beats[-1] + period * np.arange(1, int((n_frames - 1 - beats[-1]) / period) + 1)
    return np.concatenate([before.round(), beats, after.round()]).astype(int)


def bar_positions(
    downbeat: np.ndarray, beats: np.ndarray, cfg: DecodingConfig
) -> tuple[np.ndarray, np.ndarray]:
    """Position (N,) of each beat in its bar, 0 the first, and beats (N,) of that bar, 3 or 4.

    The likelier metre, by Viterbi with rare slips, from the downbeat probability (F,).
    """
    near = np.stack([downbeat[np.clip(beats + d, 0, len(downbeat) - 1)] for d in (-1, 0, 1)]).max(0)
    near = np.clip(near, 0.02, 0.98)
    best = {metre: _bar_path(near, metre, cfg.bar_slip) for metre in (3, 4)}
    metre = 3 if best[3][0] > best[4][0] + cfg.triple_margin * len(beats) / 4 else 4
    return best[metre][1], np.full(len(beats), metre)


def _bar_path(near: np.ndarray, metre: int, slip: float) -> tuple[float, np.ndarray]:
    """Log likelihood and positions (N,) of the likeliest bars, of downbeat probabilities (N,)."""
    score = np.zeros(metre)
    back = np.zeros((len(near), metre), int)
    for i, p in enumerate(near):
        step = np.roll(score, 1)  # from the position before
        jump = score.max() - slip
        back[i] = np.where(step >= jump, (np.arange(metre) - 1) % metre, score.argmax())
        score = np.maximum(step, jump) + np.where(np.arange(metre) == 0, np.log(p), np.log1p(-p))
    path = [int(score.argmax())]
    for i in range(len(near) - 1, 0, -1):
        path.append(int(back[i, path[-1]]))
    return float(score.max()), np.array(path[::-1], int)


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


def highest_near(values: np.ndarray, reach: int) -> np.ndarray:
    """(F,) -> (F,): the maximum within ±`reach` frames."""
    padded = np.pad(values, reach, mode="edge")
    return np.lib.stride_tricks.sliding_window_view(padded, 2 * reach + 1).max(1)


def logit_of(probability: np.ndarray, floor: float) -> np.ndarray:
    """Log-odds of probabilities clipped to `floor` and 1 - `floor`."""
    probability = probability.clip(floor, 1 - floor)
    return np.log(probability) - np.log1p(-probability)
