"""Spoken syllables sung at a melody's pitches and lengths, resynthesised by WORLD.

Consonants keep their length, the middle of a vowel is held. Spectra are warped along frequency, so
that one speaker serves several singers. How a singer moves from note to note is in `prosody`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy import signal

from kcarol.corpus.draws import pick
from kcarol.corpus.mixing.levels import with_sounding_rms
from kcarol.corpus.synthesis.formant_voice import check_style, singer_formant_db
from kcarol.corpus.synthesis.prosody import CONTROL_HZ, level_curves, pitch_curve, rap_curve
from kcarol.corpus.synthesis.singer import Singer
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
from kcarol.corpus.synthesis.syllables import (
    CONNECTED_S,
    SHORTEST_S,
    Syllable,
    plan_syllables,
    sung_lines,
)
from kcarol.transcription.lead_sheet import Stroke

STYLES = ("sung", "rap", "double", "choir")
WARP = (0.85, 1.2)  # how far a speaker's formants can be moved and still sound human
SILENT_LOG = -14.0  # log power below which a frame is silent
JOIN_FRAMES = 5  # 25 ms in which one syllable's spectrum turns into the next one's
GAP_S = 0.06  # longer gaps between syllables are rests
LONGEST_ONSET_S = 0.17
TRANSITION_S = 0.06  # of a vowel next to its consonants, which is not stretched
LOWEST_HZ, HIGHEST_HZ = 60.0, 1400.0


@dataclass(frozen=True)
class Word:
    """One syllable of the bank under one note, or under several without a consonant between."""

    unit: Unit
    start_s: float  # where the vowel begins
    end_s: float
    onset_s: float  # length of the consonants before it
    joins: bool  # the next word follows without a rest
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
    """Strokes sung in syllables by one of `speakers`, (T,) float32.

    As `formant_voice.synthesise_singing`, T = round(length_s * sample_rate), rms .1 while sounding.
    "double" is one speaker twice, "choir" two or three speakers, each a little late and out of
    tune. Raises ValueError for another style, RenderError where espeak-ng or WORLD is missing.
    """
    check_style(style, STYLES)
    singer = singer or Singer.draw(rng)
    speaker = choose(speakers, singer, rng)
    wave = np.zeros(round(length_s * SAMPLE_RATE), np.float32)
    for line in sung_lines(strokes, length_s):
        wave += _sing_line(line, len(wave), rng, singer, speaker, speakers, style)
    wave = with_sounding_rms(wave, 0.1)
    if sample_rate != SAMPLE_RATE:
        wave = signal.resample_poly(wave, sample_rate, SAMPLE_RATE).astype(np.float32)
    n_samples = round(length_s * sample_rate)
    return np.pad(wave[:n_samples], (0, max(0, n_samples - len(wave))))


def choose(speakers: Sequence[Speaker], singer: Singer, rng: np.random.Generator) -> Speaker:
    """A random one of the speakers whose formants can be warped to the singer's, else the nearest."""
    fitting = [s for s in speakers if WARP[0] <= singer.tract / s.tract <= WARP[1]]
    if fitting:
        return pick(rng, fitting)
    return min(speakers, key=lambda s: abs(s.tract - singer.tract))


def _sing_line(
    line: Sequence[Stroke],
    n_samples: int,
    rng: np.random.Generator,
    singer: Singer,
    speaker: Speaker,
    speakers: Sequence[Speaker],
    style: str,
) -> np.ndarray:
    """One line, by one voice or by several with the same text."""
    syllables, words = plan_words(line, rng, singer, bank(speaker), style)
    if style in ("sung", "rap"):
        return _voice(syllables, words, n_samples, rng, singer, speaker, style)
    out = np.zeros(n_samples, np.float32)
    same_language = [s for s in speakers if s.language == speaker.language]
    for _ in range(2 if style == "double" else int(rng.integers(2, 4))):
        other = speaker if style == "double" else choose(same_language, singer, rng)
        said = words if other == speaker else _said_by(words, bank(other))
        changed = replace(
            singer,
            vibrato_hz=singer.vibrato_hz * rng.uniform(0.9, 1.1),
            intonation_cents=max(6.0, singer.intonation_cents),
        )
        late = min(round(abs(rng.normal(0, 0.015)) * SAMPLE_RATE), n_samples)
        offset = rng.normal(0, 5) / 100
        part = _voice(syllables, said, n_samples, rng, changed, other, "sung", offset)
        out[late:] += part[: n_samples - late]
    return out


def _said_by(words: Sequence[Word], voices: Bank) -> list[Word]:
    """The words from another speaker's bank; other syllables replace those that it lacks."""
    by_text = {unit.text: unit for unit in voices.units}
    return [
        replace(word, unit=by_text.get(word.unit.text, voices.units[k % len(voices.units)]))
        for k, word in enumerate(words)
    ]


def plan_words(
    line: Sequence[Stroke], rng: np.random.Generator, singer: Singer, voices: Bank, style: str
) -> tuple[list[Syllable], list[Word]]:
    """Timing of each note, as `plan_syllables`, and the words of the bank that are sung on them.

    Each note gets a syllable unless the one before is held on. Half of the choirs sing one open
    syllable all along, other singers do so now and then ("la la la").
    """
    planned = plan_syllables(line, rng, singer, "rap" if style == "rap" else "sung")
    opened = [u for u in voices.units if not u.is_closed]
    closed = [u for u in voices.units if u.is_closed] or opened
    bare = [u for u in opened if u.onset_s < 0.03] or opened
    refrain = None
    if style == "choir" and rng.random() < 0.5:
        refrain = pick(rng, bare)
    elif rng.random() < 0.1:
        refrain = pick(rng, opened)
    heads: list[int] = []  # the note on which each word begins
    units: list[Unit] = []
    for k, s in enumerate(planned):
        connected = k > 0 and s.start_s - planned[k - 1].end_s < CONNECTED_S
        if connected and s.consonant is None:
            continue
        heads.append(k)
        fitting = closed if s.coda else opened if s.consonant else bare
        units.append(refrain or pick(rng, fitting))
    return _with_room_for_onsets(planned, heads, units, rng)


def _with_room_for_onsets(
    planned: list[Syllable], heads: list[int], units: list[Unit], rng: np.random.Generator
) -> tuple[list[Syllable], list[Word]]:
    """Notes shortened for the next word's consonants, at most four tenths of a note, and words."""
    syllables = [replace(s, consonant=None, coda=None, consonant_s=0.0) for s in planned]
    for k, unit in zip(heads, units, strict=True):
        room_s = planned[k].start_s - (planned[k - 1].start_s if k else 0.0)
        wanted_s = unit.onset_s * rng.uniform(0.75, 1.1)
        onset_s = min(wanted_s, LONGEST_ONSET_S, 0.4 * max(room_s, 0.0))
        syllables[k] = replace(syllables[k], consonant_s=onset_s)
    for k, s in enumerate(planned[:-1]):  # the planned consonants are not sung and take no room
        gap_s = planned[k + 1].onset_s - s.end_s
        wanted_s = syllables[k + 1].onset_s - (gap_s if gap_s > GAP_S else 0.0)
        end_s = max(min(wanted_s, s.end_s + 0.2), s.start_s + SHORTEST_S)
        syllables[k] = replace(syllables[k], end_s=end_s)
    ends = [*heads[1:], len(planned)]
    words = []
    for head, end, unit in zip(heads, ends, units, strict=True):
        start_s, end_s = syllables[head].start_s, syllables[end - 1].end_s
        joins = end < len(syllables) and syllables[end].onset_s - end_s < GAP_S
        with_coda = unit.is_closed and end_s - start_s > 2 * unit.coda_s
        words.append(Word(unit, start_s, end_s, syllables[head].consonant_s, joins, with_coda))
    return syllables, words


@dataclass
class Track:
    """Which frame of the bank sounds when."""

    at: np.ndarray  # (F,) frame of the bank, with fractions; -1 in rests
    before: np.ndarray  # (F,) where syllables join: the frame that fades out
    share: np.ndarray  # (F,) of that frame


def lay_words(words: Sequence[Word], n_frames: int) -> Track:
    """Frames of the bank over time, FRAME_S each: consonants as they are, vowels held."""
    track = Track(np.full(n_frames, -1.0), np.zeros(n_frames), np.zeros(n_frames))
    held, held_until = 0.0, -1
    for k, word in enumerate(words):
        times, frames = _knots(word)
        end_s = words[k + 1].start_s - words[k + 1].onset_s if word.joins else word.end_s
        start = round(times[0] / FRAME_S)
        first = max(0, start)
        last = min(n_frames, max(round(end_s / FRAME_S), start + 1))
        if last <= first:
            continue
        track.at[first:last] = np.interp(np.arange(first, last) * FRAME_S, times, frames)
        if first <= held_until + 1:  # no rest before: the last spectrum fades into this one
            n = min(JOIN_FRAMES, last - first)
            track.before[first : first + n] = held
            track.share[first : first + n] = 1 - np.arange(1, n + 1) / (n + 1)
        held = float(track.at[last - 1])
        held_until = last - 1 if word.joins else -2
    return track


def _knots(word: Word) -> tuple[np.ndarray, list[float]]:
    """Times in s and the bank's frames at them, both rising, linear between."""
    unit, length_s = word.unit, word.end_s - word.start_s
    vowel_s = (unit.coda - unit.vowel) * FRAME_S
    coda_s = min(unit.coda_s, 0.4 * length_s) if word.with_coda else 0.0
    into_s = min(TRANSITION_S, 0.3 * vowel_s, 0.3 * length_s)
    out_s = min(TRANSITION_S, 0.2 * vowel_s, 0.2 * length_s)
    hold_s = length_s - coda_s - out_s - into_s
    steady = unit.vowel + into_s / FRAME_S
    leaving = unit.coda - 1 - min(TRANSITION_S, 0.25 * vowel_s) / FRAME_S
    knots = [
        (word.start_s - word.onset_s, unit.first if word.onset_s > 0 else unit.vowel),
        (word.start_s, unit.vowel),
        (word.start_s + into_s, steady),
        # a diphthong turns late
        (word.start_s + into_s + 0.65 * hold_s, steady + 0.35 * (leaving - steady)),
        (word.end_s - coda_s - out_s, leaving),
    ]
    if word.with_coda or not word.joins:
        knots.append((word.end_s - coda_s, unit.coda - 1))
    if word.with_coda:
        knots.append((word.end_s, unit.last - 1))
    times = np.array([time_s for time_s, _ in knots]) + 1e-7 * np.arange(len(knots))
    return np.maximum.accumulate(times), [float(frame) for _, frame in knots]


def _rows_at(table: np.ndarray, at: np.ndarray) -> np.ndarray:
    """Rows (F, K) float32 of a table (N, K), interpolated at the places (F,)."""
    low = np.clip(at.astype(np.int64), 0, len(table) - 1)
    high = np.minimum(low + 1, len(table) - 1)
    part = (at - low).astype(np.float32)[:, None]
    return table[low].astype(np.float32) * (1 - part) + table[high].astype(np.float32) * part


def _warped(rows: np.ndarray, factor: np.ndarray) -> np.ndarray:
    """Rows (F, K) stretched along frequency by a factor (F,): what was at f is at f * factor."""
    n_bins = rows.shape[1]
    at = np.arange(n_bins, dtype=np.float32) / factor[:, None].astype(np.float32)
    at = np.minimum(at, n_bins - 1)
    low = np.minimum(at.astype(np.int32), n_bins - 2)
    left = np.take_along_axis(rows, low, axis=1)
    return left + (np.take_along_axis(rows, low + 1, axis=1) - left) * (at - low)


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
    draw_curve = rap_curve if style == "rap" else pitch_curve
    midi = draw_curve(syllables, n, rng, singer) + offset
    early = [replace(s, start_s=max(0.0, s.onset_s), consonant_s=0.0) for s in syllables]
    levels = level_curves(early, n, rng, singer)
    at = np.arange(n_frames) * FRAME_S * CONTROL_HZ
    midi, voiced, breath = (
        np.interp(at, np.arange(n), curve) for curve in (midi, levels.voiced, levels.breath)
    )
    track = lay_words(words, n_frames)
    sounding = (track.at >= 0) & (voiced > 1e-3)
    log_power = np.full((n_frames, 1 + N_FFT // 2), SILENT_LOG - 10, np.float32)
    aperiodicity = np.ones_like(log_power)
    log_power[sounding], aperiodicity[sounding] = _spectra(
        voices, track, sounding, midi, voiced, singer, speaker
    )
    breathing = ~sounding & (breath > 1e-3)
    if words and breathing.any():  # noise through the shape of the first vowel
        unit = words[0].unit
        shape = voices.log_power[(unit.vowel + unit.coda) // 2].astype(np.float32)
        log_power[breathing] = shape + _log_power(breath[breathing])
    f0_hz = np.clip(440 * 2 ** ((midi - 69) / 12), LOWEST_HZ, HIGHEST_HZ)
    f0_hz[sounding] *= voices.voiced[np.round(track.at[sounding]).astype(int)]
    f0_hz[(log_power.max(axis=1) < SILENT_LOG) | ~sounding] = 0
    power = np.exp(log_power, dtype=np.float64)
    wave = world().synthesize(
        f0_hz, power, aperiodicity.astype(np.float64), SAMPLE_RATE, 1000 * FRAME_S
    )
    return np.pad(wave, (0, max(0, n_samples - len(wave))))[:n_samples].astype(np.float32)


def _log_power(level: np.ndarray) -> np.ndarray:
    """(F, 1) float32 of amplitudes (F,)."""
    return (2 * np.log(np.maximum(level, 1e-3)))[:, None].astype(np.float32)


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
    log_power, aperiodicity = (
        _joined_rows(table, track, sounding) for table in (voices.log_power, voices.aperiodicity)
    )
    # the larynx rises with the pitch, by some 3 % an octave
    octaves_up = np.clip((midi[sounding] - singer.speech_midi) / 12, -1, 2)
    factor = np.clip(singer.tract / speaker.tract, *WARP) * (1 + 0.03 * octaves_up)
    log_power = _warped(log_power, factor)
    bins_hz = np.maximum(np.arange(log_power.shape[1]) * SAMPLE_RATE / N_FFT, 20.0)
    level = voiced[sounding]
    tilt_db = singer.tilt_db + 3 * np.clip(1.2 * (level - 0.8), -1, 1)  # loud singing is brighter
    octaves = np.log2(np.maximum(bins_hz / 500, 1))
    gain_db = tilt_db[:, None] * octaves + 0.6 * singer_formant_db(bins_hz, singer)
    log_power += (0.1 * np.log(10) * gain_db).astype(np.float32)
    log_power += _log_power(level)
    # breathiness .03 to .5: aperiodicities to the power of 1.3 down to .45
    exponent = np.interp(np.log(singer.breathiness), np.log([0.03, 0.5]), [1.3, 0.45])
    return log_power, np.clip(aperiodicity, 1e-3, 1) ** np.float32(exponent)


def _joined_rows(table: np.ndarray, track: Track, sounding: np.ndarray) -> np.ndarray:
    """Rows (F, K) of the sounding frames, crossfaded where syllables join."""
    rows = _rows_at(table, track.at[sounding])
    share = track.share[sounding]
    joins = np.flatnonzero(share)
    part = share[joins, None].astype(np.float32)
    before = _rows_at(table, track.before[sounding][joins])
    rows[joins] = rows[joins] * (1 - part) + before * part
    return rows
