"""Spoken syllables given a tune: the syllables of `speech` at a melody's pitches and lengths, put
together by WORLD.

Consonants keep their length, the middle of a vowel is held, spectra are warped along frequency to
make one speaker many (formants over 0.85 to 1.2). How a singer moves from note to note is the
formant voice's, `voice.pitch_curve`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy import signal

from kcarol.corpus.synthesis.speech import (
    FRAME_S,
    N_FFT,
    SAMPLE_RATE,
    TRAINING_SPEAKERS,
    Bank,
    Speaker,
    Unit,
    bank,
    world,
)
from kcarol.corpus.synthesis.voice import (
    CONTROL_HZ,
    Singer,
    Syllable,
    level_curves,
    pitch_curve,
    plan_syllables,
    rap_curve,
    split_lines,
)
from kcarol.transcription.lead_sheet import Stroke

STYLES = ("sung", "rap", "double", "choir")
WARP = (0.85, 1.2)  # how far a speaker's formants may be moved and still sound like somebody
SILENT_LOG = -14.0  # log power under which a frame is left out
JOIN_FRAMES = 5  # 25 ms in which one syllable's spectrum turns into the next one's
GAP_S = 0.06  # longer gaps between syllables are rests
LONGEST_ONSET_S = 0.17
TRANSITION_S = 0.06  # of a vowel next to its consonants, which is not stretched
LOWEST_HZ, HIGHEST_HZ = 60.0, 1400.0


@dataclass(frozen=True)
class Word:
    """One syllable of the bank under one note, or under several without a consonant between them."""

    unit: Unit
    start_s: float  # where the vowel begins
    end_s: float
    onset_s: float  # length of the consonants before it
    joins: bool  # on to the next word without a rest
    with_coda: bool


def sing_words(
    strokes: Sequence[Stroke],
    length_s: float,
    sample_rate: int,
    rng: np.random.Generator,
    singer: Singer | None = None,
    style: str = "sung",
    speakers: Sequence[Speaker] = TRAINING_SPEAKERS,
) -> np.ndarray:
    """Strokes sung in syllables by one of `speakers`, (T,) float32, T = round(length_s *
    sample_rate), about .1 rms.

    As `voice.sing`: lines of one note at a time, "sung" or "rap" (speaking pitch, the strokes'
    rhythm); "double" is the same speaker twice, "choir" two or three speakers, each a little late
    and off. Raises ValueError for another style, RenderError where espeak-ng or WORLD is missing.
    """
    if style not in STYLES:
        raise ValueError(
            f"expected style of {', '.join(STYLES)}, found {style!r}: choose one of them"
        )
    n_samples = round(length_s * sample_rate)
    singer = singer or Singer.draw(rng)
    speaker = choose(speakers, singer, rng)
    lines = split_lines([s for s in strokes if s.start_s < length_s and s.length_s > 0.01])
    wave = np.zeros(round(length_s * SAMPLE_RATE), np.float32)
    for line in lines:
        wave += _sing_line(line, len(wave), rng, singer, speaker, speakers, style)
    active = np.abs(wave) > 0.02 * max(float(np.abs(wave).max(initial=0)), 1e-9)
    wave *= np.float32(
        0.1 / max(float(np.sqrt(np.square(wave[active]).mean())) if active.any() else 1.0, 1e-6)
    )
    if sample_rate != SAMPLE_RATE:
        wave = signal.resample_poly(wave, sample_rate, SAMPLE_RATE).astype(np.float32)
    return np.pad(wave[:n_samples], (0, max(0, n_samples - len(wave))))


def choose(speakers: Sequence[Speaker], singer: Singer, rng: np.random.Generator) -> Speaker:
    """One of the speakers whose formants can be warped to the singer's; the nearest one if there is
    none.
    """
    fitting = [s for s in speakers if WARP[0] <= singer.tract / s.tract <= WARP[1]]
    return (
        fitting[rng.integers(len(fitting))]
        if fitting
        else min(speakers, key=lambda s: abs(s.tract - singer.tract))
    )


def _sing_line(
    line: Sequence[Stroke],
    n_samples: int,
    rng: np.random.Generator,
    singer: Singer,
    speaker: Speaker,
    speakers: Sequence[Speaker],
    style: str,
) -> np.ndarray:
    """One line, by one voice or several that say the same."""
    voices = bank(speaker)
    syllables, words = plan_words(line, rng, singer, voices, style)
    if style in ("sung", "rap"):
        return _voice(syllables, words, n_samples, rng, singer, speaker, style)
    out = np.zeros(n_samples, np.float32)
    same = [s for s in speakers if s.language == speaker.language]
    for _ in range(2 if style == "double" else int(rng.integers(2, 4))):
        who = speaker if style == "double" else choose(same, singer, rng)
        said = words if who == speaker else _said_by(words, bank(who))
        vibrato_hz, cents = (
            singer.vibrato_hz * rng.uniform(0.9, 1.1),
            max(6.0, singer.intonation_cents),
        )
        off = replace(singer, vibrato_hz=vibrato_hz, intonation_cents=cents)
        late_s, off_cents = abs(rng.normal(0, 0.015)), rng.normal(0, 5)
        part = _voice(syllables, said, n_samples, rng, off, who, "sung", off_cents / 100)
        late = min(round(late_s * SAMPLE_RATE), n_samples)
        out[late:] += part[: n_samples - late]
    return out


def _said_by(words: Sequence[Word], voices: Bank) -> list[Word]:
    """The same words from another speaker's bank; what that one lacks becomes the nearest in the
    list.
    """
    named = {unit.text: unit for unit in voices.units}
    spare = voices.units
    return [
        replace(w, unit=named.get(w.unit.text, spare[k % len(spare)])) for k, w in enumerate(words)
    ]


# --- what is said
# --------------------------------------------------------------------------------------------


def plan_words(
    line: Sequence[Stroke], rng: np.random.Generator, singer: Singer, voices: Bank, style: str
) -> tuple[list[Syllable], list[Word]]:
    """Timing of each note, as `voice.plan_syllables`, and the syllables of the bank that are said
    on them.

    Each note gets a syllable of its own unless it is sung on from the one before. A choir says one
    open vowel in half of the cases, a singer now and then the same syllable all along ("la la la").
    """
    planned = plan_syllables(line, rng, singer, "rap" if style == "rap" else "sung")
    opened = [u for u in voices.units if not u.is_closed]
    closed = [u for u in voices.units if u.is_closed] or opened
    bare = [u for u in opened if u.onset_s < 0.03] or opened
    draw = lambda units: units[rng.integers(len(units))]  # noqa: E731
    refrain = (
        draw(bare)
        if style == "choir" and rng.random() < 0.5
        else draw(opened)
        if rng.random() < 0.1
        else None
    )
    heads: list[int] = []  # the note on which each word begins
    units: list[Unit] = []
    for k, s in enumerate(planned):
        sung_on = k > 0 and s.consonant is None and s.start_s - planned[k - 1].end_s < 0.05
        if not sung_on:
            heads.append(k)
            units.append(refrain or draw(closed if s.coda else opened if s.consonant else bare))
    return _timed(planned, heads, units, rng)


def _timed(
    planned: list[Syllable], heads: list[int], units: list[Unit], rng
) -> tuple[list[Syllable], list[Word]]:
    """Makes room for each word's consonants before its note, at most four tenths of the note
    before.
    """
    syllables = [replace(s, consonant=None, coda=None, consonant_s=0.0) for s in planned]
    for k, unit in zip(heads, units, strict=True):
        room_s = planned[k].start_s - (planned[k - 1].start_s if k else 0.0)
        onset_s = min(
            unit.onset_s * rng.uniform(0.75, 1.1), LONGEST_ONSET_S, 0.4 * max(room_s, 0.0)
        )
        syllables[k] = replace(syllables[k], consonant_s=onset_s)
    for k, s in enumerate(planned[:-1]):  # the plan's own consonants take no room any more
        following = syllables[k + 1]
        gap_s = planned[k + 1].start_s - planned[k + 1].consonant_s - s.end_s
        wanted_s = following.start_s - following.consonant_s - (gap_s if gap_s > GAP_S else 0.0)
        syllables[k] = replace(
            syllables[k], end_s=max(min(wanted_s, s.end_s + 0.2), s.start_s + 0.03)
        )
    words = []
    for number, (k, unit) in enumerate(zip(heads, units, strict=True)):
        last = heads[number + 1] - 1 if number + 1 < len(heads) else len(planned) - 1
        end_s = syllables[last].end_s
        after = syllables[last + 1] if last + 1 < len(syllables) else None
        joins = after is not None and after.start_s - after.consonant_s - end_s < GAP_S
        coda_s = (unit.last - unit.coda) * FRAME_S
        with_coda = unit.is_closed and end_s - planned[k].start_s > 2 * coda_s
        words.append(
            Word(unit, planned[k].start_s, end_s, syllables[k].consonant_s, joins, with_coda)
        )
    return syllables, words


# --- frames
# --------------------------------------------------------------------------------------------------


@dataclass
class Track:
    """Which frame of the bank sounds when: `at` (F,) with fractions, -1 for rests; where syllables
    join, `share` (F,) of the frame `before` (F,) is mixed in.
    """

    at: np.ndarray
    before: np.ndarray
    share: np.ndarray


def lay_words(words: Sequence[Word], n_frames: int) -> Track:
    """Frames of the bank over time, 5 ms each: consonants as they are, vowels held."""
    track = Track(np.full(n_frames, -1.0), np.zeros(n_frames), np.zeros(n_frames))
    held, held_until = 0.0, -1
    for k, word in enumerate(words):
        times, frames = _knots(word)
        end_s = words[k + 1].start_s - words[k + 1].onset_s if word.joins else word.end_s
        first, last = (
            max(0, round(times[0] / FRAME_S)),
            min(n_frames, max(round(end_s / FRAME_S), round(times[0] / FRAME_S) + 1)),
        )
        if last <= first:
            continue
        track.at[first:last] = np.interp(np.arange(first, last) * FRAME_S, times, frames)
        if first <= held_until + 1:  # no rest before: the last spectrum fades into this one
            n = min(JOIN_FRAMES, last - first)
            track.before[first : first + n] = held
            track.share[first : first + n] = 1 - np.arange(1, n + 1) / (n + 1)
        held, held_until = float(track.at[last - 1]), last - 1 if word.joins else -2
    return track


def _knots(word: Word) -> tuple[list[float], list[float]]:
    """Seconds and the bank's frames at them, both rising: a map that is linear between."""
    unit, length_s = word.unit, word.end_s - word.start_s
    vowel_s = (unit.coda - unit.vowel) * FRAME_S
    coda_s = min((unit.last - unit.coda) * FRAME_S, 0.4 * length_s) if word.with_coda else 0.0
    into_s = min(TRANSITION_S, 0.3 * vowel_s, 0.3 * length_s)
    out_s = min(TRANSITION_S, 0.2 * vowel_s, 0.2 * length_s)
    steady = unit.vowel + into_s / FRAME_S
    leaving = unit.coda - 1 - min(TRANSITION_S, 0.25 * vowel_s) / FRAME_S
    hold_s = length_s - coda_s - out_s - into_s
    times = [word.start_s - word.onset_s, word.start_s, word.start_s + into_s]
    frames = [unit.first if word.onset_s > 0 else unit.vowel, unit.vowel, steady]
    # a diphthong turns late
    times += [word.start_s + into_s + 0.65 * hold_s, word.end_s - coda_s - out_s]
    frames += [steady + 0.35 * (leaving - steady), leaving]
    if word.with_coda or not word.joins:
        times.append(word.end_s - coda_s)
        frames.append(unit.coda - 1)
    if word.with_coda:
        times.append(word.end_s)
        frames.append(unit.last - 1)
    return list(np.maximum.accumulate(np.array(times) + 1e-7 * np.arange(len(times)))), [
        float(f) for f in frames
    ]


def _read(table: np.ndarray, at: np.ndarray) -> np.ndarray:
    """Rows (F, K) float32 of a table (N, K) at places (F,) between its rows."""
    low = np.clip(at.astype(np.int64), 0, len(table) - 1)
    part = (at - low).astype(np.float32)[:, None]
    return (
        table[low].astype(np.float32) * (1 - part)
        + table[np.minimum(low + 1, len(table) - 1)].astype(np.float32) * part
    )


def _warped(rows: np.ndarray, factor: np.ndarray) -> np.ndarray:
    """Rows (F, K) moved along frequency by a factor per row (F,): what was at f is at f * factor."""
    n_bins = rows.shape[1]
    at = np.minimum(
        np.arange(n_bins, dtype=np.float32) / factor[:, None].astype(np.float32), n_bins - 1
    )
    low = np.minimum(at.astype(np.int32), n_bins - 2)
    left = np.take_along_axis(rows, low, axis=1)
    return left + (np.take_along_axis(rows, low + 1, axis=1) - left) * (at - low)


# --- sound ----------------------------------------------------------------------------------------
# -----------


def _voice(
    syllables: list[Syllable],
    words: Sequence[Word],
    n_samples: int,
    rng: np.random.Generator,
    singer: Singer,
    speaker: Speaker,
    style: str,
    offset: float = 0.0,
) -> np.ndarray:
    """One voice's wave (T,) at SAMPLE_RATE; `offset` in semitones."""
    voices = bank(speaker)
    n_frames = n_samples // round(FRAME_S * SAMPLE_RATE) + 1
    n = int(n_samples / SAMPLE_RATE * CONTROL_HZ) + 2
    midi = (rap_curve if style == "rap" else pitch_curve)(syllables, n, rng, singer) + offset
    early = [
        replace(s, start_s=max(0.0, s.start_s - s.consonant_s), consonant_s=0.0) for s in syllables
    ]
    levels = level_curves(early, n, rng, singer)
    at = np.arange(n_frames) * FRAME_S * CONTROL_HZ
    midi, voiced, breath = (
        np.interp(at, np.arange(n), curve) for curve in (midi, levels.voiced, levels.breath)
    )
    track = lay_words(words, n_frames)
    sounding = (track.at >= 0) & (voiced > 1e-3)
    breathing = ~sounding & (breath > 1e-3)
    f0_hz = np.clip(440 * 2 ** ((midi - 69) / 12), LOWEST_HZ, HIGHEST_HZ)
    f0_hz[~sounding] = 0
    f0_hz[sounding] *= voices.voiced[np.round(track.at[sounding]).astype(int)]
    log_power = np.full((n_frames, 1 + N_FFT // 2), SILENT_LOG - 10, np.float32)
    aperiodicity = np.ones_like(log_power)
    log_power[sounding], aperiodicity[sounding] = _spectra(
        voices, track, sounding, midi, voiced, singer, speaker
    )
    _add_breath(log_power, breathing, breath, words, voices)
    f0_hz[(log_power.max(axis=1) < SILENT_LOG) | ~sounding] = 0
    power, aperiodicity = np.exp(log_power, dtype=np.float64), aperiodicity.astype(np.float64)
    wave = world().synthesize(f0_hz, power, aperiodicity, SAMPLE_RATE, 1000 * FRAME_S)
    return np.pad(wave, (0, max(0, n_samples - len(wave))))[:n_samples].astype(np.float32)


def _spectra(
    voices: Bank,
    track: Track,
    sounding: np.ndarray,
    midi: np.ndarray,
    voiced: np.ndarray,
    singer: Singer,
    speaker: Speaker,
) -> tuple[np.ndarray, np.ndarray]:
    """Log power and aperiodicity (F, K) of the sounding frames, as this singer has them."""
    at, before, share = track.at[sounding], track.before[sounding], track.share[sounding]
    log_power, aperiodicity = _read(voices.log_power, at), _read(voices.aperiodicity, at)
    joins = np.flatnonzero(share)
    part = share[joins, None].astype(np.float32)
    for rows, table in ((log_power, voices.log_power), (aperiodicity, voices.aperiodicity)):
        rows[joins] = rows[joins] * (1 - part) + _read(table, before[joins]) * part
    # the larynx rises with the pitch, by some 3 % an octave
    octaves_up = np.clip((midi[sounding] - singer.speech_midi) / 12, -1, 2)
    factor = np.clip(singer.tract / speaker.tract, *WARP) * (1 + 0.03 * octaves_up)
    log_power = _warped(log_power, factor)
    bins_hz = np.maximum(np.arange(log_power.shape[1]) * SAMPLE_RATE / N_FFT, 20.0)
    level = voiced[sounding]
    tilt_db = singer.tilt_db + 3 * np.clip(1.2 * (level - 0.8), -1, 1)  # loud singing is brighter
    octaves = np.log2(np.maximum(bins_hz / 500, 1))
    ring_db = 0.6 * singer.ring_db * np.exp(-(((bins_hz - 2900 * singer.tract) / 500) ** 2))
    log_power += (0.1 * np.log(10) * (tilt_db[:, None] * octaves + ring_db)).astype(np.float32)
    log_power += (2 * np.log(np.maximum(level, 1e-3)))[:, None].astype(np.float32)
    # .03 to .5 of breath: aperiodicities to the power of 1.3 down to .45
    power = np.float32(np.interp(np.log(singer.breathiness), np.log([0.03, 0.5]), [1.3, 0.45]))
    return log_power, np.clip(aperiodicity, 1e-3, 1) ** power


def _add_breath(
    log_power: np.ndarray,
    breathing: np.ndarray,
    breath: np.ndarray,
    words: Sequence[Word],
    voices: Bank,
) -> None:
    """Breaths before phrases, in place: noise through the shape of a vowel."""
    if not words or not breathing.any():
        return
    unit = words[0].unit
    shape = voices.log_power[(unit.vowel + unit.coda) // 2].astype(np.float32)
    log_power[breathing] = shape + (2 * np.log(np.maximum(breath[breathing], 1e-3)))[
        :, None
    ].astype(np.float32)
