"""Prosody of sung syllables: curves of pitch and levels, sampled at CONTROL_HZ."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from kcarol.corpus.synthesis.singer import Singer
from kcarol.corpus.synthesis.syllables import Consonant, Syllable, consonants

CONTROL_HZ = 250  # rate of all curves


@dataclass
class Levels:
    """Level curves at CONTROL_HZ, (n,) each."""

    voiced: np.ndarray  # the glottal pulses
    aspiration: np.ndarray  # noise of the throat
    noise: np.ndarray  # noise of the mouth
    breath: np.ndarray  # taken before phrases


def pitch_curve(
    syllables: Sequence[Syllable],
    n: int,
    rng: np.random.Generator,
    singer: Singer,
    style: str = "sung",
) -> np.ndarray:
    """MIDI pitch (n,) of singing, or of speech in the style "rap"."""
    draw = _spoken_pitch if style == "rap" else _sung_pitch
    return draw(syllables, n, rng, singer)


def _sung_pitch(
    syllables: Sequence[Syllable], n: int, rng: np.random.Generator, singer: Singer
) -> np.ndarray:
    """A step for each note, with glides, scoops, vibrato, drift and jitter."""
    times, pitches = [-1.0], [syllables[0].pitch]
    for s in syllables:
        goal = s.pitch + rng.normal(0, 1) * singer.intonation_cents / 100
        glide_s = min(singer.glide_s * rng.uniform(0.6, 1.4), 0.5 * s.length_s)
        if s.after_rest:
            scoops = rng.random() < singer.scoop_chance
            below = singer.scoop_cents / 100 * rng.uniform(0.5, 1.2) if scoops else 0.1
            times += [s.onset_s - 0.01, s.start_s + min(2 * glide_s, 0.3 * s.length_s)]
            pitches += [goal - below, goal]
        else:
            times += [s.start_s - 0.5 * glide_s, s.start_s + 0.5 * glide_s]
            pitches += [pitches[-1], goal]
        times.append(max(s.end_s, times[-1] + 1e-3))
        pitches.append(goal)
    curve = _through(times, pitches, n)
    curve = smooth(curve, max(3, int(singer.glide_s * CONTROL_HZ * 0.5)))
    curve += _vibrato(syllables, n, rng, singer)
    curve += singer.drift_cents / 100 * wander(n, 1.0, rng)
    return curve + singer.jitter_cents / 100 * wander(n, 25.0, rng)


def _vibrato(
    syllables: Sequence[Syllable], n: int, rng: np.random.Generator, singer: Singer
) -> np.ndarray:
    """Semitones (n,): in each note vibrato starts after the singer's delay and grows for 200 ms."""
    depth = np.zeros(n)
    if singer.vibrato_cents == 0:
        return depth
    for s in syllables:
        delay_s = singer.vibrato_delay_s * rng.uniform(0.7, 1.3)
        if s.length_s > delay_s + 0.1:
            part = depth[int((s.start_s + delay_s) * CONTROL_HZ) : int(s.end_s * CONTROL_HZ)]
            grown = np.clip(np.arange(len(part)) / (0.2 * CONTROL_HZ), 0, 1)
            part[:] = grown * singer.vibrato_cents / 100 * rng.uniform(0.6, 1.2)
    rate_hz = singer.vibrato_hz * (1 + 0.06 * wander(n, 2.0, rng))
    return smooth(depth, 9) * np.sin(2 * np.pi * np.cumsum(rate_hz) / CONTROL_HZ)


def _spoken_pitch(
    syllables: Sequence[Syllable], n: int, rng: np.random.Generator, singer: Singer
) -> np.ndarray:
    """Syllables fall, phrases sink, some syllables are stressed."""
    times, pitches = [-1.0], [singer.speech_midi]
    sunk = 0.0
    for s in syllables:
        sunk = 0.0 if s.after_rest else sunk - rng.uniform(0, 0.5)
        top = singer.speech_midi + max(sunk, -4) + rng.normal(1.5, 1.5) + 3 * (rng.random() < 0.2)
        times += [max(s.onset_s, times[-1] + 1e-3), s.end_s]
        pitches += [top, top - rng.uniform(1, 5)]
    curve = smooth(_through(times, pitches, n), 11) + 0.3 * wander(n, 6.0, rng)
    return curve + singer.jitter_cents / 50 * wander(n, 30.0, rng)


def level_curves(
    syllables: Sequence[Syllable], n: int, rng: np.random.Generator, singer: Singer
) -> Levels:
    """Levels of pulses, noises and breaths for syllables."""
    levels = Levels(*(np.zeros(n) for _ in range(4)))
    for k, s in enumerate(syllables):
        _add_vowel_(levels.voiced, s, singer, syllables[k + 1] if k + 1 < len(syllables) else None)
        if s.consonant is not None:
            consonant = consonants()[s.consonant]
            _add_consonant_(levels, consonant, s.onset_s, s.consonant_s, s.level, singer)
        if s.coda is not None:
            coda = consonants()[s.coda]
            length_s = 0.8 * coda.length_s
            _add_consonant_(levels, coda, s.end_s - length_s, length_s, 0.6 * s.level, singer)
        rest_s = s.onset_s - (syllables[k - 1].end_s if k else 0.0)
        if rest_s > 0.35 and rng.random() < 0.7:
            breath_s = min(0.35, 0.6 * rest_s) * rng.uniform(0.6, 1.0)
            part = _span(levels.breath, s.onset_s - breath_s - 0.05, breath_s)
            part += singer.breath_level * np.hanning(len(part) + 2)[1:-1] * rng.uniform(0.4, 1.2)
    levels.voiced = smooth(levels.voiced, 4) * (1 + singer.shimmer * wander(n, 20.0, rng))
    levels.aspiration += levels.voiced * singer.breathiness
    return levels


def _add_vowel_(
    voiced: np.ndarray, s: Syllable, singer: Singer, following: Syllable | None
) -> None:
    """Rise, slow fall and release; no release before a note without a consonant."""
    gap_s = following.start_s - s.end_s if following else 0.0
    sung_on = following is not None and following.consonant is None and gap_s < 0.05
    part = _span(voiced, s.start_s, s.length_s + (gap_s if sung_on else 0.0))
    time_s = np.arange(len(part)) / CONTROL_HZ
    start = 0.75 if s.consonant is None and not s.after_rest else 0.15
    level = np.clip(time_s / min(singer.attack_s, 0.3 * s.length_s) + start, 0, 1)
    level *= 1 - 0.25 * np.clip(time_s / max(s.length_s, 1.0), 0, 1)
    if not sung_on:
        level *= np.clip((s.length_s - time_s) / min(singer.release_s, 0.4 * s.length_s), 0, 1)
    np.maximum(part, s.level * level, out=part)


def _add_consonant_(
    levels: Levels,
    consonant: Consonant,
    start_s: float,
    length_s: float,
    level: float,
    singer: Singer,
) -> None:
    _span(levels.voiced, start_s, length_s)[:] = consonant.voiced * level
    gain = level * singer.consonant_level
    burst_s = length_s * (1 - consonant.closure)
    burst_start_s = start_s + length_s - burst_s
    burst = _span(levels.noise, burst_start_s, burst_s)
    if consonant.closure:
        fade = np.linspace(1, 0.2, len(burst))
    else:
        fade = np.sin(np.linspace(0.25, 1, len(burst)) * np.pi) ** 0.5
    # the sine's end may lie just below 0, which has no root
    np.maximum(burst, gain * consonant.noise * np.nan_to_num(fade), out=burst)
    if consonant.aspiration:
        part = _span(levels.aspiration, burst_start_s, burst_s + 0.02)
        fade = np.linspace(1, 0.5, len(part))
        np.maximum(part, gain * consonant.aspiration * fade, out=part)


def _span(curve: np.ndarray, start_s: float, length_s: float) -> np.ndarray:
    """The part of a curve between two times, one sample or more; a view."""
    first = max(0, round(start_s * CONTROL_HZ))
    return curve[first : max(first + 1, round((start_s + length_s) * CONTROL_HZ))]


def _through(times_s: Sequence[float], values: Sequence[float], n: int) -> np.ndarray:
    """(n,) straight lines through points in order of time."""
    return np.interp(np.arange(n) / CONTROL_HZ, np.maximum.accumulate(times_s), values)


def smooth(curve: np.ndarray, width: int) -> np.ndarray:
    """(n,) averaged by a Hann window of `width` samples, the ends repeated."""
    window = np.hanning(width + 2)[1:-1]
    padded = np.pad(curve, (width // 2, width - 1 - width // 2), mode="edge")
    return np.convolve(padded, window / window.sum(), mode="valid")


def wander(n: int, rate_hz: float, rng: np.random.Generator) -> np.ndarray:
    """(n,) of smooth noise of unit deviation that changes about `rate_hz` times a second."""
    n_knots = int(n / CONTROL_HZ * rate_hz) + 3
    knots = rng.normal(0, 1.2, n_knots)
    return np.interp(np.arange(n) * rate_hz / CONTROL_HZ, np.arange(n_knots), knots)
