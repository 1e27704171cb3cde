"""From what was heard, frame by frame, to what a musician would write down for the whole song:
beats, bars, chords, tune.

Posteriors waver; a carol does not. Every decision here is made over the song; how sure each is, is
told beside it (`with_confidence`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import torch

from kcarol.config import AudioConfig
from kcarol.model.content import N_PITCHES, TUNE_CENTRE, TUNE_LOWEST, Content, phases

REST = N_PITCHES  # class of "no tune"
SCORED_FRAMES = 4096  # of the tune's classes, at once
NEAR_FRAMES = 4  # a stroke's distance from its eighth
SWING = 0.2  # beats by which the second eighth may come late; triplets are 1/6


@dataclass(frozen=True)
class DecodingConfig:
    fallback_bpm: float = 100.0  # where no beat is found
    slowest_bpm: float = 45.0
    fastest_bpm: float = 210.0
    likely_bpm: float = 115.0  # where nothing else decides between a tempo and its double
    tempo_octaves: float = 0.7  # standard deviation about it
    n_tempi: int = 5  # of which the whole song's beats are compared
    beat_threshold: float = 0.4  # share of the strongest beats' activation that speaks for a beat
    steadiness: float = 80.0  # cost of a beat's squared log deviation from the tempo
    # whether every other beat is an eighth, nats: a constant, and for an octave of tempo, the
    # weaker beats' share, that between
    # beats, a nat by which every other bar begins surer, and one of how sure bars begin; by
    # logistic regression on 1 300
    # renders (data/README.md)
    eighths: tuple[float, ...] = (8.3, 2.4, -9.5, -7.2, 1.0, -1.5)
    # nats by which one half of the beats has to be the stronger: steady beats are no eighths
    least_lead: float = 0.1
    triple_margin: float = 0.25  # nats a bar by which 3/4 has to beat 4/4
    bar_slip: float = 8.0  # nats that a beat too many or too few in a bar costs
    chord_threshold: float = 0.5
    n_chord: tuple[int, int] = (2, 4)  # pitch classes at least and at most, where there is a chord
    silence: float = 0.25  # strongest pitch class below: no chord
    note_change: float = 5.0  # nats that a change of the tune's pitch costs without an onset
    # nats a frame: a tune that is missed is worse than another line that is played in its place
    rest_penalty: float = 1.5
    shortest_note_s: float = 0.08
    onset_threshold: float = 0.5
    groove_bars: int = 4  # on either side, in which the groove is taken to be the same
    # nats between strokes and the eighths beside them: below, all are as likely as they sound
    least_contrast: float = 1.2
    # whether an eighth is struck, nats: a constant, and for its place's level over the bars around,
    # by how much that exceeds the
    # division between the song's two kinds of places, and its own level; by logistic regression on
    # 360 renders (data/README.md)
    stroke: tuple[float, float, float, float] = (-1.35, 0.81, 0.29, 0.33)
    least_accent: float = 0.1  # share of a stroke that the player is told of
    least_class: float = 0.08  # share of a pitch class that the player is told of
    energy_s: float = 4.0  # energy is steady over about this long


@dataclass(frozen=True)
class Transcription:
    """A song's content, (F, n) tensors, and the marks it was made from, for looking at."""

    content: Content
    beats: np.ndarray  # frames
    downbeats: np.ndarray  # frames
    tune: np.ndarray  # (F,) MIDI as sung, -1 where it rests
    tune_shift: int  # semitones to the carol's register
    # (F,) float32: how likely the groove strikes on this eighth, 0 between eighths
    strokes: np.ndarray


def decode(
    heard: dict[str, np.ndarray],
    audio: AudioConfig | None = None,
    cfg: DecodingConfig | None = None,
) -> Transcription:
    """Logits (F, n) by name, as `models.Heard` -> the song's content."""
    audio, cfg = audio or AudioConfig(), cfg or DecodingConfig()
    n_frames = len(heard["tune"])
    downbeat = _shares(heard["downbeat"][:, 0])
    beats = find_beats(_shares(heard["beat"][:, 0]), downbeat, audio, cfg)
    position, metre = bar_positions(downbeat, beats, cfg)
    beat_place, bar_place = places(beats, position, metre, n_frames)
    tune, onset = find_tune(heard["tune"], _shares(heard["onset"][:, 0]), audio, cfg)
    shift = register_shift(tune, heard["tune"])
    spans = half_beats(beats, n_frames)
    strokes = find_strokes(_shares(heard["accent"][:, 0]), beats, position, metre, cfg)
    content = Content(
        tune=_tune_roll(tune, shift),
        onset=_column(onset),
        chord=torch.from_numpy(find_chords(_shares(heard["chord"]), spans, cfg)),
        bass=torch.from_numpy(find_bass(heard["bass"], spans)),
        phase=phases(torch.from_numpy(beat_place), torch.from_numpy(bar_place)),
        accent=_column(strokes > 0.5),
        energy=_column(_steady(_shares(heard["energy"][:, 0]), audio, cfg)),
    )
    sung = np.where(tune < REST, tune + TUNE_LOWEST, -1)
    return Transcription(content, beats, beats[position[: len(beats)] == 0], sung, shift, strokes)


def _shares(logits: np.ndarray) -> np.ndarray:
    return torch.sigmoid(torch.from_numpy(logits.astype(np.float32))).numpy()


def _column(values: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(np.asarray(values, np.float32))[:, None]


def with_confidence(
    transcription: Transcription,
    heard: dict[str, np.ndarray],
    cfg: DecodingConfig | None = None,
    tune_doubt: float = 1.0,
) -> Content:
    """The decision's content with how sure each mark is: what the player gets, which has learned
    how far to trust it.

    Places are those of the decision (a chord's spans, the notes); weaker strokes and pitch classes
    are told, too. `tune_doubt`: power of the tune's probabilities; 0 tells of it as if it were
    sure.
    """
    cfg, n_frames = cfg or DecodingConfig(), len(heard["tune"])
    tune = np.where(transcription.tune < 0, REST, transcription.tune - TUNE_LOWEST)
    spans, onset = half_beats(transcription.beats, n_frames), _shares(heard["onset"][:, 0])
    near = np.maximum.reduce([onset, np.roll(onset, 1), np.roll(onset, -1)])
    bass = torch.from_numpy(heard["bass"].astype(np.float32)).softmax(1).numpy()[:, :12]
    return replace(
        transcription.content,
        tune=transcription.content.tune
        * _column(note_shares(tune, heard["tune"])[0] ** tune_doubt),
        onset=transcription.content.onset * _column(near**tune_doubt),
        accent=_column(transcription.strokes * (transcription.strokes >= cfg.least_accent)),
        chord=torch.from_numpy(_held(_shares(heard["chord"]), spans, cfg.least_class)),
        bass=torch.from_numpy(_held(bass, spans, cfg.least_class)),
    )


def _held(shares: np.ndarray, spans: list[tuple[int, int]], least: float) -> np.ndarray:
    """(F, n) float32: the mean over each span, nothing below `least`."""
    out = np.zeros(shares.shape, np.float32)
    for start, stop in spans:
        mean = shares[start:stop].mean(0)
        out[start:stop] = np.where(mean < least, 0, mean)
    return out


def find_beats(
    activation: np.ndarray, downbeat: np.ndarray, audio: AudioConfig, cfg: DecodingConfig
) -> np.ndarray:
    """Frames of the beats over the whole song, from both heads' activations (F,); evenly spaced
    where there is nothing.

    Dynamic programming as in Ellis 2007, "Beat tracking by dynamic programming", for the likeliest
    tempi of the autocorrelation; the best beats win. Written here since librosa's takes seconds to
    be compiled on every start.
    """
    even = np.arange(0, len(activation), 60 / cfg.fallback_bpm * audio.frame_rate).astype(int)
    middle, top = np.percentile(activation, [50, 99])
    if len(activation) < 4 * audio.frame_rate or top - middle < 1e-3:
        return even
    score = ((activation - middle) / (top - middle)).clip(0, 1) - cfg.beat_threshold
    best, best_total = even, 0.0
    for period in _likely_periods(score, audio, cfg):
        beats, total = _beat_path(score, period, cfg.steadiness)
        total *= _tempo_weight(period, audio, cfg)
        if len(beats) >= 4 and total > best_total:
            best, best_total = beats, total
    return _everywhere(
        _without_eighths(best, activation, downbeat, audio, cfg) if best_total else best,
        len(activation),
    )


def _without_eighths(
    beats: np.ndarray,
    activation: np.ndarray,
    downbeat: np.ndarray,
    audio: AudioConfig,
    cfg: DecodingConfig,
) -> np.ndarray:
    """The beats, or the stronger half of them where the others are eighths.

    Eighths are weaker and fast, hardly anything lies between them, and of bars that are halves
    every other one begins in vain.
    """
    logit = _nats_near(activation)
    halves = [float(logit[beats[side::2]].mean()) for side in (0, 1)]
    weaker, between = (
        1 / (1 + np.exp(-level))
        for level in (min(halves), logit[(beats[1:] + beats[:-1]) // 2].mean())
    )
    octaves = np.log2(60 * audio.frame_rate / (float(np.median(np.diff(beats))) * cfg.likely_bpm))
    begins = _nats_near(downbeat)[beats[bar_positions(downbeat, beats, cfg)[0] == 0]]
    alternation = abs(begins[::2].mean() - begins[1::2].mean()) if len(begins) > 2 else 0.0
    told = (1.0, octaves, weaker, between, alternation, begins.mean() if len(begins) else 0.0)
    are_eighths = np.dot(cfg.eighths, told) > 0 and np.ptp(halves) > cfg.least_lead
    return beats[int(np.argmax(halves)) :: 2] if are_eighths else beats


def _nats_near(share: np.ndarray, reach: int = 2) -> np.ndarray:
    """(F,) -> (F,): the highest within ±`reach` frames, as a logit."""
    near = np.lib.stride_tricks.sliding_window_view(
        np.pad(share, reach, mode="edge"), 2 * reach + 1
    ).max(1)
    return _nats(near, 1e-3)


def _tempo_weight(period, audio: AudioConfig, cfg: DecodingConfig):
    octaves = np.log2(60 * audio.frame_rate / (period * cfg.likely_bpm))
    return np.exp(-0.5 * (octaves / cfg.tempo_octaves) ** 2)


def _likely_periods(score: np.ndarray, audio: AudioConfig, cfg: DecodingConfig) -> list[float]:
    """Frames a beat (not whole numbers) at the highest peaks of the weighted autocorrelation."""
    centred, size = score - score.mean(), 2 * len(score)
    together = np.fft.irfft(np.abs(np.fft.rfft(centred, size)) ** 2)
    lags = np.arange(
        int(60 * audio.frame_rate / cfg.fastest_bpm),
        int(60 * audio.frame_rate / cfg.slowest_bpm) + 1,
    )
    left, here, right = together[lags - 1], together[lags], together[lags + 1]
    is_peak = (here >= left) & (here > right) & (here > 0)
    order = np.argsort(-np.where(is_peak, here * _tempo_weight(lags, audio, cfg), -np.inf))[
        : cfg.n_tempi
    ]
    order = order[is_peak[order]]
    # a parabola through three points has its top between them
    bend = left[order] - 2 * here[order] + right[order]
    return list(lags[order] + 0.5 * (left[order] - right[order]) / np.minimum(bend, -1e-12))


def _beat_path(score: np.ndarray, period: float, steadiness: float) -> tuple[np.ndarray, float]:
    """Frames of the best beats of about one tempo and their total; half a beat of frames is taken
    at once.
    """
    shortest, longest = max(1, int(period / 2)), int(np.ceil(2 * period))
    steps = np.arange(shortest, longest + 1)
    cost = steadiness * np.log(steps / period) ** 2
    total = np.concatenate([np.zeros(longest), score])  # in front: songs begin anywhere
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


def _everywhere(beats: np.ndarray, n_frames: int) -> np.ndarray:
    """The beats, going on evenly to both ends of the song."""
    period = (
        float(np.median(np.diff(beats)))
        if len(beats) < 3
        else float((beats[-1] - beats[0]) / (len(beats) - 1))
    )
    before = beats[0] - period * np.arange(int(beats[0] / period), 0, -1)
    after = beats[-1] + period * np.arange(1, int((n_frames - 1 - beats[-1]) / period) + 1)
    return np.concatenate([before.round(), beats, after.round()]).astype(int)


def bar_positions(
    downbeat: np.ndarray, beats: np.ndarray, cfg: DecodingConfig
) -> tuple[np.ndarray, int]:
    """Place of each beat in its bar, 0 the first, and the metre: the likelier of 3/4 and 4/4, by
    Viterbi with rare slips.
    """
    near = np.stack([downbeat[np.clip(beats + d, 0, len(downbeat) - 1)] for d in (-1, 0, 1)]).max(0)
    near = np.clip(near, 0.02, 0.98)
    best = {metre: _bar_path(near, metre, cfg.bar_slip) for metre in (3, 4)}
    metre = 3 if best[3][0] > best[4][0] + cfg.triple_margin * len(beats) / 4 else 4
    return best[metre][1], metre


def _bar_path(near: np.ndarray, metre: int, slip: float) -> tuple[float, np.ndarray]:
    score = np.zeros(metre)
    back = np.zeros((len(near), metre), int)
    for i, p in enumerate(near):
        step = np.roll(score, 1)  # from the place before
        jump = score.max() - slip
        back[i] = np.where(step >= jump, (np.arange(metre) - 1) % metre, score.argmax())
        score = np.maximum(step, jump) + np.where(np.arange(metre) == 0, np.log(p), np.log1p(-p))
    path = [int(score.argmax())]
    for i in range(len(near) - 1, 0, -1):
        path.append(int(back[i, path[-1]]))
    return float(score.max()), np.array(path[::-1], int)


def places(
    beats: np.ndarray, position: np.ndarray, metre: int, n_frames: int
) -> tuple[np.ndarray, np.ndarray]:
    """Place within the beat and within the bar, 0 to 1, of each frame (F,); the grid goes on before
    and after the beats.
    """
    period = float(np.median(np.diff(beats))) if len(beats) > 1 else 30.0
    before, after = (
        int(np.ceil(beats[0] / period)) + 1,
        int(np.ceil((n_frames - beats[-1]) / period)) + 1,
    )
    grid = np.concatenate(
        [
            beats[0] - period * np.arange(before, 0, -1),
            beats,
            beats[-1] + period * np.arange(1, after + 1),
        ]
    )
    count = (
        np.concatenate(
            [
                position[0] - np.arange(before, 0, -1),
                position,
                position[-1] + np.arange(1, after + 1),
            ]
        )
        % metre
    )
    at = np.interp(np.arange(n_frames), grid, np.arange(len(grid)))
    whole = at.astype(int)
    return (at % 1).astype(np.float32), ((count[whole] + at % 1) / metre).astype(np.float32)


def half_beats(beats: np.ndarray, n_frames: int) -> list[tuple[int, int]]:
    """Spans of frames between half beats: chords change there and nowhere else."""
    at = (
        np.interp(np.arange(0, len(beats) - 0.5, 0.5), np.arange(len(beats)), beats)
        .round()
        .astype(int)
    )
    edges = np.unique(np.concatenate([[0], at, [n_frames]]).clip(0, n_frames))
    return list(zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True))


def find_strokes(
    activation: np.ndarray, beats: np.ndarray, position: np.ndarray, metre: int, cfg: DecodingConfig
) -> np.ndarray:
    """(F,) float32: how likely each eighth is struck, from the accent head's activation (F,) around
    it; 0 between eighths.

    A groove is the same for bars on end, so each place of the bar has the mean over the bars
    around. How sure the head is of a stroke differs by song, too: the places fall into two kinds,
    by Otsu 1979, and count by which they belong to.
    """
    frames = _eighths(activation, beats)
    place = (2 * position.repeat(2) + np.arange(2 * len(beats)) % 2)[: len(frames)]
    bar = np.cumsum(place == 0)
    total, count = np.zeros((2, bar[-1] + 1, 2 * metre))
    np.add.at(total, (bar, place), activation[frames])
    np.add.at(count, (bar, place), 1)
    share = (_around(total, cfg.groove_bars) / _around(count, cfg.groove_bars).clip(1))[bar, place]
    level, own = _nats(share), _nats(activation[frames])
    told = np.stack([np.ones_like(level), level, level - _division(level, cfg.least_contrast), own])
    out = np.zeros(len(activation), np.float32)
    out[frames] = 1 / (1 + np.exp(-np.dot(cfg.stroke, told)))
    return out


def _nats(share: np.ndarray, least: float = 0.01) -> np.ndarray:
    share = share.clip(least, 1 - least)
    return np.log(share) - np.log1p(-share)


def _eighths(activation: np.ndarray, beats: np.ndarray) -> np.ndarray:
    """Frames of the eighths, each at the highest activation near it; an off-beat may come late by a
    triplet's swing.
    """
    at = np.arange(2 * len(beats) - 1) / 2
    middle = np.interp(at, np.arange(len(beats)), beats).round().astype(int)
    late = (
        np.where(at % 1 > 0, SWING * np.gradient(beats)[at.astype(int)], 0)
        if len(beats) > 1
        else np.zeros(1)
    )
    spans = zip(
        (middle - NEAR_FRAMES).clip(0),
        (middle + late.clip(NEAR_FRAMES) + 1).astype(int),
        strict=True,
    )
    return np.array([start + int(activation[start:stop].argmax()) for start, stop in spans])


def _around(table: np.ndarray, reach: int) -> np.ndarray:
    """(N, n) -> (N, n): sums over the rows from `reach` before to `reach` behind each."""
    sums, row = np.pad(table.cumsum(0), ((1, 0), (0, 0))), np.arange(len(table))
    return sums[(row + reach + 1).clip(max=len(table))] - sums[(row - reach).clip(0)]


def _division(values: np.ndarray, least: float) -> float:
    """Between two kinds of values, where the means of both differ most (Otsu 1979); 0 if by less
    than `least`.
    """
    if len(values) < 2:
        return 0.0
    ordered, n = np.sort(values), np.arange(1, len(values))
    contrast = ordered[::-1].cumsum()[-2::-1] / n[::-1] - ordered.cumsum()[:-1] / n
    k = (n * n[::-1] * contrast**2).argmax()
    return float(ordered[k : k + 2].mean()) if contrast[k] >= least else 0.0


def find_chords(
    probability: np.ndarray, spans: list[tuple[int, int]], cfg: DecodingConfig
) -> np.ndarray:
    """(F, 12) float32, 1 for the pitch classes that sound: the likely ones of each span, two to
    four.
    """
    out = np.zeros_like(probability, dtype=np.float32)
    for start, stop in spans:
        mean = probability[start:stop].mean(0)
        if mean.max() < cfg.silence:
            continue
        order = np.argsort(-mean)
        n = int(np.clip((mean >= cfg.chord_threshold).sum(), *cfg.n_chord))
        out[start:stop, order[:n]] = 1
    return out


def find_bass(logits: np.ndarray, spans: list[tuple[int, int]]) -> np.ndarray:
    """(F, 12) float32, 1 for the bass' pitch class, the likeliest of each span."""
    out = np.zeros((len(logits), 12), np.float32)
    probability = torch.from_numpy(logits.astype(np.float32)).softmax(1).numpy()
    for start, stop in spans:
        best = int(probability[start:stop].mean(0).argmax())
        if best < 12:
            out[start:stop, best] = 1
    return out


def find_tune(
    logits: np.ndarray, onset: np.ndarray, audio: AudioConfig, cfg: DecodingConfig
) -> tuple[np.ndarray, np.ndarray]:
    """Class of the tune (F,), REST between notes, and its onsets (F,) bool: Viterbi, changes cheap
    where a note begins.
    """
    near = np.maximum.reduce([onset, np.roll(onset, 1), np.roll(onset, -1)])
    path = _tune_path(logits, cfg.note_change * (1 - 0.8 * near), cfg.rest_penalty)
    path = _without_short(path, max(1, round(cfg.shortest_note_s * audio.frame_rate)))
    starts = np.flatnonzero((np.diff(path, prepend=REST) != 0) & (path < REST))
    repeats = np.flatnonzero(peaks(onset, cfg.onset_threshold) & (path < REST))
    marks = np.zeros(len(path), bool)
    marks[starts] = True
    for frame in repeats:  # the same pitch sung again
        if not marks[max(0, frame - 5) : frame + 6].any():
            marks[frame] = True
    return path, marks


def _tune_path(logits: np.ndarray, cost: np.ndarray, rest_penalty: float) -> np.ndarray:
    """Classes (F,) by Viterbi, a change of class at frame i at cost[i]; a byte a frame and class is
    kept.
    """
    # the best class so far; is it well to stay?
    best, stays = np.empty(len(logits), np.int32), np.empty(logits.shape, bool)
    total = np.zeros(logits.shape[1], np.float32)  # of the best path to each class
    for start in range(0, len(logits), SCORED_FRAMES):
        score = (
            torch.from_numpy(logits[start : start + SCORED_FRAMES].astype(np.float32))
            .log_softmax(1)
            .numpy()
        )
        score[:, REST] -= rest_penalty
        for i, here in enumerate(score, start):
            best[i] = total.argmax()
            jump = total[best[i]] - cost[i]
            stays[i] = total >= jump
            total = here + np.maximum(total, jump)
    path = np.empty(len(logits), int)
    path[-1] = total.argmax()
    for i in range(len(logits) - 1, 0, -1):
        path[i - 1] = path[i] if stays[i, path[i]] else best[i]
    return path


def _runs(path: np.ndarray) -> Iterator[tuple[int, int]]:
    """First frame, and the one behind the last, of each run of one class of a path (F,)."""
    edges = np.flatnonzero(np.diff(path, prepend=path[0] - 1, append=path[-1] - 1))
    yield from zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True)


def _without_short(path: np.ndarray, shortest: int) -> np.ndarray:
    out = path.copy()
    for start, stop in _runs(path):
        if stop - start < shortest:
            out[start:stop] = REST
    return out


def note_shares(tune: np.ndarray, logits: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Of the classes of a tune (F,) and logits (F, P + 1): the probability of each frame's note and
    of a rest in its place.

    (F,) float32 each, the means over the note; 0 where the tune rests.
    """
    shares = np.zeros((2, len(tune)), np.float32)
    for start, stop in _runs(tune):
        if (note := tune[start]) < REST:
            mean = torch.from_numpy(logits[start:stop].astype(np.float32)).softmax(1).mean(0)
            shares[:, start:stop] = mean[[note, REST], None]
    return shares[0], shares[1]


def peaks(activation: np.ndarray, threshold: float, reach: int = 4) -> np.ndarray:
    """(F,) bool: local maxima within ±`reach` frames above the threshold."""
    padded = np.pad(activation, reach, constant_values=-1)
    around = np.lib.stride_tricks.sliding_window_view(padded, 2 * reach + 1).max(1)
    return (activation >= around) & (activation > threshold)


def register_shift(tune: np.ndarray, logits: np.ndarray) -> int:
    """Octaves, in semitones, that bring the median of the notes nearest to the carol's register.

    Of the notes that are likelier than a rest, where there are any: other lines that stand in for
    the tune do not count.
    """
    note, rest = note_shares(tune, logits)
    starts = np.flatnonzero((np.diff(tune, prepend=REST) != 0) & (tune < REST))
    likely = starts[note[starts] > rest[starts]]
    pitches = tune[likely if len(likely) else starts]
    return (
        0
        if not len(pitches)
        else 12 * round((TUNE_CENTRE - TUNE_LOWEST - float(np.median(pitches))) / 12)
    )


def _tune_roll(tune: np.ndarray, shift: int) -> torch.Tensor:
    roll = torch.zeros(len(tune), N_PITCHES)
    pitch = tune + shift
    here = np.flatnonzero((tune < REST) & (pitch >= 0) & (pitch < N_PITCHES))
    roll[here, pitch[here]] = 1
    return roll


def _steady(energy: np.ndarray, audio: AudioConfig, cfg: DecodingConfig) -> np.ndarray:
    # the median of eight values a second is enough, and fast
    step = max(1, round(audio.frame_rate / 8))
    size = max(1, round(cfg.energy_s * 8))
    padded = np.pad(energy[::step], (size // 2, (size - 1) // 2), mode="edge")
    around = np.lib.stride_tricks.sliding_window_view(padded, size)
    coarse = np.partition(around, size // 2, axis=1)[:, size // 2]
    return np.interp(np.arange(len(energy)), np.arange(len(coarse)) * step, coarse).astype(
        np.float32
    )
