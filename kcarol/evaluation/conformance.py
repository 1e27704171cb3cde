"""Conformance: transcriptions of cases against the right answers, a row for each kind."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import librosa
import mir_eval
import numpy as np
from tqdm import tqdm

from kcarol.config import AudioConfig
from kcarol.dataset.cases import Case, Span
from kcarol.evaluation.table import Table, mean_columns
from kcarol.transcription.transcription import Transcription

Transcribe = Callable[[np.ndarray], Transcription]  # wave (T,) at 16 kHz
Play = Callable[[Transcription], Any]  # -> carol (T,)

FRAME_RATE = AudioConfig().frame_rate
REACH_S = 0.07  # a beat within this distance is right
EARLY_S = 0.05  # so much before a part's beginning its first beat may come
OUT_OF_TUNE_CENTS = 25.0  # from here on either semitone is right, the same one throughout
EDGE_FRAMES = 3  # at both ends of a chord that do not count
FIGURES = "beat beat_min downbeat metre tune chord cents invented rest_db carol_cents".split()
ALL = "(all)"  # kinds of a group, pooled


def evaluate_cases(
    transcribe: Transcribe, cases: Iterable[Case], play: Play | None = None
) -> Table:
    """A table with a row for each kind, means over its cases, and one for each group.

    beat, downbeat: F-measure at 70 ms. beat_min: of the beats, in the worst of the piece's parts.
    metre: share of the beats, found or not, whose bar is told to have the right number and
    division of beats. tune: share of the sung frames whose pitch class is told. chord: pitch
    classes told and right of all that are told or right. cents: how far what is told lies beside
    what sounds, in a circle of a semitone. invented: share of the frames in which a tune is told
    where there is none. With `play`, of cases with rests or out of tune also rest_db: level of the
    carol in a rest against the whole carol; and carol_cents: as cents, of the carol.

    ValueError without cases.
    """
    details = []
    for case in tqdm(cases, "cases", leave=False):
        transcription = transcribe(case.wave)
        row = {"group": case.group, "kind": case.kind, "name": case.name}
        row |= compare(transcription, case)
        if play is not None and (case.rests_s or any(case.tuning_cents)):
            row |= compare_carol(play(transcription), case)
        details.append(row)
    if not details:
        raise ValueError("expected at least one case, found none: name a kind that there is")
    return Table("Conformance", _rows(details), details, {"cases": len(details)})


def compare(transcription: Transcription, case: Case) -> dict[str, float]:
    """Figures of one transcription; those without an answer in the case are left out."""
    figures: dict[str, float] = {}
    if len(case.beats_s):
        figures |= _rhythm(transcription, case)
    if case.chords or case.tune:
        figures |= _pitch(transcription, case)
    if not case.tune:
        figures["invented"] = float(np.mean(transcription.tune >= 0))
    return figures


def compare_carol(carol: np.ndarray, case: Case) -> dict[str, float]:
    """How quiet a carol (T,) is in rests, and how far beside the song's tuning it is played."""
    rate, figures = AudioConfig.sample_rate, {}
    if case.rests_s:
        rests = [carol[int(a * rate) : int(b * rate)] for a, b in case.rests_s]
        figures["rest_db"] = _level_db(np.concatenate(rests)) - _level_db(carol)
    if any(case.tuning_cents):
        middle_s = case.length_s / 2
        spans = [(0.0, middle_s), (middle_s, case.length_s)]
        beside = []
        for start_s, end_s in spans:
            part = carol[int(start_s * rate) : int(end_s * rate)]
            found = 100 * librosa.estimate_tuning(y=part, sr=rate, n_fft=8192)
            beside.append(_semitone_distance(found - case.tuning_at((start_s + end_s) / 2)))
        figures["carol_cents"] = float(np.mean(beside))
    return figures


# --- beats and bars


def _rhythm(transcription: Transcription, case: Case) -> dict[str, float]:
    beats_s = transcription.beats / FRAME_RATE
    by_part = [
        beat_f(_within(case.beats_s, [part]), _within(beats_s, [part])) for part in case.parts_s
    ]
    return {
        "beat": beat_f(_within(case.beats_s, case.parts_s), _within(beats_s, case.parts_s)),
        "beat_min": min(by_part),
        "downbeat": beat_f(
            _within(case.downbeats_s, case.parts_s),
            _within(transcription.downbeats / FRAME_RATE, case.parts_s),
        ),
        "metre": _metre_share(transcription, case),
    }


def beat_f(right_s: np.ndarray, found_s: np.ndarray) -> float:
    """F-measure (mir_eval.beat) of two rising sequences of times within REACH_S."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # of mir_eval, about empty sequences: F is 0
        return float(mir_eval.beat.f_measure(right_s, found_s, REACH_S))


def _within(times_s: np.ndarray, spans: Sequence[Span]) -> np.ndarray:
    """The times within spans that begin and end a little early."""
    inside = np.zeros(len(times_s), bool)
    for start_s, end_s in spans:
        inside |= (times_s >= start_s - EARLY_S) & (times_s < end_s - EARLY_S)
    return times_s[inside]


def _metre_share(transcription: Transcription, case: Case) -> float:
    """Share of the case's beats at which the metre that is told is right."""
    frames = case.beats_s * FRAME_RATE
    last = np.searchsorted(transcription.beats, frames + 0.5 * FRAME_RATE * REACH_S, "right") - 1
    last = last.clip(0)
    right = transcription.metres[last] == case.metres
    right &= transcription.divisions[last] == case.divisions
    return float(right.mean())


# --- pitch


def _pitch(transcription: Transcription, case: Case) -> dict[str, float]:
    """tune, chord and cents, for the transposition of the whole piece that fits best."""
    is_beside = np.abs(case.tuning_cents).max() > OUT_OF_TUNE_CENTS
    shifts = (-1, 0, 1) if is_beside else (0,)
    figures = [_told(transcription, case, shift) for shift in shifts]
    best = max(figures, key=_sum)
    time_s = np.arange(len(transcription)) / FRAME_RATE
    beside = transcription.tuning_cents - case.tuning_at(time_s)
    return best | {"cents": float(np.median(_semitone_distance(beside)))}


def _sum(figures: dict[str, float]) -> float:
    return sum(figures.values())


def _told(transcription: Transcription, case: Case, shift: int) -> dict[str, float]:
    figures = {}
    if case.tune:
        wanted = tune_by_frame(case, len(transcription))
        sung = wanted >= 0
        told = (transcription.tune >= 0) & ((transcription.tune - wanted - shift) % 12 == 0)
        figures["tune"] = float(told[sung].mean())
    if case.chords:
        figures["chord"] = _chord_overlap(transcription, case, shift)
    return figures


def tune_by_frame(case: Case, n_frames: int) -> np.ndarray:
    """(F,) int: the case's tune, -1 between its notes."""
    wanted = np.full(n_frames, -1)
    for stroke in case.tune:
        start, end = (
            round(t * FRAME_RATE) for t in (stroke.start_s, stroke.start_s + stroke.length_s)
        )
        wanted[start:end] = round(stroke.pitch)
    return wanted


def _chord_overlap(transcription: Transcription, case: Case, shift: int) -> float:
    """Mean over the chords of the intersection of pitch classes over their union, by frame."""
    told = transcription.content.chord.numpy() > 0.5
    overlaps = []
    for chord in case.chords:
        span = slice(
            int(chord.start_s * FRAME_RATE) + EDGE_FRAMES,
            int(chord.end_s * FRAME_RATE) - EDGE_FRAMES,
        )
        right = np.isin(np.arange(12), [(c + shift) % 12 for c in chord.pitch_classes])
        union = (told[span] | right).sum(axis=1)
        overlaps.append(((told[span] & right).sum(axis=1) / union).mean())
    return float(np.mean(overlaps))


def _semitone_distance(cents: float | np.ndarray) -> np.ndarray:
    """Distance in cents to the nearest semitone."""
    return np.abs((np.asarray(cents) + 50) % 100 - 50)


def _level_db(wave: np.ndarray) -> float:
    return float(10 * np.log10(np.mean(np.square(wave, dtype=np.float64)) + 1e-12))


# --- the table


def _rows(details: Sequence[dict]) -> list[dict]:
    rows = []
    for group in dict.fromkeys(row["group"] for row in details):
        mine = [row for row in details if row["group"] == group]
        kinds = list(dict.fromkeys(row["kind"] for row in mine))
        for kind in kinds:
            rows.append(_row(group, kind, [row for row in mine if row["kind"] == kind]))
        if len(kinds) > 1:
            rows.append(_row(group, ALL, mine))
    return rows


def _row(group: str, kind: str, details: Sequence[dict]) -> dict:
    names = {"group": group, "kind": kind, "n": len(details)}
    return names | mean_columns(details, FIGURES)
