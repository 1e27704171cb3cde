"""Beats of a whole song, at the tempo that is played from moment to moment."""

from __future__ import annotations

import numpy as np

from kcarol.config import AudioConfig, DecodingConfig
from kcarol.transcription.activations import highest_near, logit_of
from kcarol.transcription.bars import bar_positions

NEAR_FRAMES = 1  # a beat's distance from the path
UNEVEN_FRAMES = 2  # that are not meant: rounding, and peaks a frame away
BESIDE = 0.2  # nats that a path beside a beat costs
NEVER = -1e9  # nats


def find_beats(
    activation: np.ndarray, downbeat: np.ndarray, audio: AudioConfig, cfg: DecodingConfig
) -> np.ndarray:
    """Frames (N,) of the beats, rising, from the beat and downbeat probabilities (F,).

    The likeliest path through beats and the intervals between them, which wander freely and jump
    at a cost; where it goes along the halves or thirds of beats, the beats among them. Beats are
    evenly spaced where none is found.
    """
    if activation.max() < cfg.least_beat:
        return np.arange(0, len(activation), 60 / cfg.fallback_bpm * audio.frame_rate).astype(int)
    path = _likeliest_path(_gain(activation, audio, cfg), audio, cfg)
    around = np.pad(activation, NEAR_FRAMES)[path[:, None] + np.arange(2 * NEAR_FRAMES + 1)]
    beats = _evened(path + around.argmax(1) - NEAR_FRAMES)
    beats = _without_parts(beats, activation, downbeat, audio, cfg)
    return _extended(beats, len(activation), 60 / cfg.fallback_bpm * audio.frame_rate)


# --- the path


def _gain(activation: np.ndarray, audio: AudioConfig, cfg: DecodingConfig) -> np.ndarray:
    """(F,) float32 nats: what a beat at a frame adds to a path.

    Where there is no evidence around, as in pauses, a beat costs nothing.
    """
    gain = (logit_of(activation, 1e-3) - cfg.beat_threshold).clip(cfg.least_gain, cfg.most_gain)
    evidence = highest_near(activation, round(cfg.evidence_s / 2 * audio.frame_rate))
    gain = np.where(gain < 0, gain * evidence, gain)
    return np.maximum(gain, highest_near(gain, NEAR_FRAMES) - BESIDE).astype(np.float32)


def _intervals(audio: AudioConfig, cfg: DecodingConfig) -> np.ndarray:
    """(I,) frames between two beats, by about `tempo_step` apart."""
    shortest, longest = (60 * audio.frame_rate / bpm for bpm in (cfg.fastest_bpm, cfg.slowest_bpm))
    steps = np.arange(np.log(longest / shortest) / cfg.tempo_step)
    return np.unique(np.round(shortest * np.exp(steps * cfg.tempo_step)).astype(int))


def _likeliest_path(gain: np.ndarray, audio: AudioConfig, cfg: DecodingConfig) -> np.ndarray:
    """Frames (N,) of the beats with the highest sum of gains (F,), less the costs of tempi.

    The tempo changes at beats only, as in Krebs, Böck and Widmer, "An Efficient State-Space Model
    for Joint Tempo and Meter Tracking" (ISMIR 2015): `best[t, i]` is the sum up to a beat at frame
    t that has the next one `intervals[i]` later. As many frames as the shortest interval are
    computed at once.
    """
    intervals = _intervals(audio, cfg)
    shortest, longest = intervals[0], intervals[-1]
    change = cfg.steadiness * np.log(intervals[:, None] / intervals) ** 2
    change = np.minimum(change, cfg.tempo_jump).astype(np.float32)
    octaves = np.log2(60 * audio.frame_rate / (intervals * cfg.likely_bpm))
    unlikely = (cfg.tempo_cost * octaves**2 * intervals / audio.frame_rate).astype(np.float32)

    def arrivals(frames: np.ndarray) -> np.ndarray:
        """(I, n): sums up to the beats before, by the interval between."""
        return best[longest + frames - intervals[:, None], np.arange(len(intervals))[:, None]]

    best = np.full((longest + len(gain), len(intervals)), NEVER, np.float32)
    for start in range(0, len(gain), shortest):
        frames = np.arange(start, min(start + shortest, len(gain)))
        before = (arrivals(frames)[:, :, None] - change[:, None]).max(0)
        before[frames < longest] = before[frames < longest].clip(0)  # the first beat
        best[longest + frames] = before + gain[frames, None] - unlikely

    frames = np.arange(max(0, len(gain) - longest), len(gain))  # one of them is the last beat
    last = np.where(frames[:, None] + intervals >= len(gain), best[longest + frames], NEVER)
    frame, interval = (int(i) for i in np.unravel_index(last.argmax(), last.shape))
    path = [int(frames[frame])]
    while True:
        before = arrivals(np.array([path[-1]]))[:, 0] - change[:, interval]
        interval = int(before.argmax())
        if before[interval] < (0 if path[-1] < longest else NEVER / 2):
            return np.array(path[::-1])
        path.append(path[-1] - int(intervals[interval]))


def _evened(beats: np.ndarray) -> np.ndarray:
    """The beats (N,), each moved halfway to the middle of its neighbours if that is near."""
    middle = (beats[2:] + beats[:-2]) / 2
    off = np.pad(middle - beats[1:-1], 1)[: len(beats)]
    return (beats + np.where(np.abs(off) <= UNEVEN_FRAMES, off / 2, 0)).round().astype(int)


def _extended(beats: np.ndarray, n_frames: int, only_gap: float) -> np.ndarray:
    """The beats, continued at the first and last tempo to both ends of the song.

    only_gap: frames between the beats where there is only one.
    """
    gaps = np.diff(beats) if len(beats) > 1 else np.array([only_gap])
    first, last = float(np.median(gaps[:8])), float(np.median(gaps[-8:]))
    before = beats[0] - first * np.arange(int(beats[0] / first), 0, -1)
    after = beats[-1] + last * np.arange(1, int((n_frames - 1 - beats[-1]) / last) + 1)
    return np.concatenate([before.round(), beats, after.round()]).astype(int)


# --- beats or parts of beats


def _without_parts(
    beats: np.ndarray,
    activation: np.ndarray,
    downbeat: np.ndarray,
    audio: AudioConfig,
    cfg: DecodingConfig,
) -> np.ndarray:
    """Of a path along halves or thirds of beats the beats, decided for each of its tempi."""
    level = logit_of(highest_near(activation, 2), cfg.least_downbeat)
    begins = logit_of(highest_near(downbeat, 2), cfg.least_downbeat)[beats]
    is_first = bar_positions(downbeat, beats, cfg)[0] == 0
    keep = np.ones(len(beats), bool)
    for stretches in _by_tempo(beats, cfg):
        firsts = np.concatenate([begins[s][is_first[s]] for s in stretches])
        between = [level[(beats[s][1:] + beats[s][:-1]) // 2] for s in stretches]
        gaps = np.concatenate([np.diff(beats[s]) for s in stretches])
        halves = cfg.halves.log_odds(
            tempo=np.log2(60 * audio.frame_rate / np.median(gaps) / cfg.likely_bpm),
            lead=_lead(level[beats], stretches, 2),
            between=np.concatenate(between).mean(),
            alternation=abs(firsts[::2].mean() - firsts[1::2].mean()) if len(firsts) > 3 else 0,
        )
        thirds = cfg.thirds.log_odds(lead=_lead(level[beats], stretches, 3))
        n_parts = 3 if thirds > 0 else 2 if halves > 0 else 1
        for stretch in stretches:
            keep[stretch] = False
            keep[stretch[_strongest(level[beats[stretch]], n_parts) :: n_parts]] = True
    return beats[keep]


def _by_tempo(beats: np.ndarray, cfg: DecodingConfig) -> list[list[np.ndarray]]:
    """Stretches of numbers of beats (n,) without a jump of tempo, those of one tempo together.

    Stretches of few beats are left out.
    """
    log_gaps = np.log(np.diff(beats))
    cuts = np.flatnonzero(np.abs(np.diff(log_gaps)) > cfg.tempo_jump_share) + 1
    stretches = np.split(np.arange(len(beats)), cuts)
    long = [stretch for stretch in stretches if len(stretch) >= cfg.least_stretch]
    tempi: dict[float, list[np.ndarray]] = {}
    for stretch in sorted(long, key=len, reverse=True):
        own = float(np.median(log_gaps[stretch[:-1]]))
        near = [tempo for tempo in tempi if abs(tempo - own) < cfg.same_tempo_share]
        tempi.setdefault(near[0] if near else own, []).append(stretch)
    return list(tempi.values())


def _lead(level: np.ndarray, stretches: list[np.ndarray], n: int) -> float:
    """How much stronger every `n`-th beat is than those between, by their log-odds (N,)."""
    leads = []
    for stretch in stretches:
        sides = np.sort([level[stretch[side::n]].mean() for side in range(n)])
        leads.append(sides[-1] - sides[:-1].mean())
    return float(np.average(leads, weights=[len(stretch) for stretch in stretches]))


def _strongest(level: np.ndarray, n: int) -> int:
    """Which of the first `n` beats every `n`-th has the highest mean level from, of (N,)."""
    return int(np.argmax([level[side::n].mean() for side in range(n)]))
