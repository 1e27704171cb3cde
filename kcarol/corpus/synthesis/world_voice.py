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
from kcarol.corpus.synthesis.formant_voice import check_style
from kcarol.corpus.synthesis.prosody import CONTROL_HZ, level_curves, pitch_curve
from kcarol.corpus.synthesis.singer import Singer
from kcarol.corpus.synthesis.speech import (
    FRAME_S,
    N_FFT,
    SAMPLE_RATE,
    TRAINING_SPEAKERS,
    Bank,
    Speaker,
    bank,
)
from kcarol.corpus.synthesis.sung_text import text_of_words
from kcarol.corpus.synthesis.syllables import Syllable, sung_lines
from kcarol.corpus.synthesis.words import Track, Word, lay_words, plan_words
from kcarol.synthesis.world import world
from kcarol.transcription.lead_sheet import Stroke, SungVowel

STYLES = ("sung", "rap", "double", "choir")
WARP = (0.85, 1.2)  # factors by which a speaker's formants can be moved and still sound human
SILENT_LOG = -14.0  # log power below which a frame is silent
LOWEST_HZ, HIGHEST_HZ = 60.0, 1400.0


def sing_words(
    strokes: Sequence[Stroke],
    length_s: float,
    sample_rate: int,
    rng: np.random.Generator,
    singer: Singer | None = None,
    style: str = "sung",
    speakers: Sequence[Speaker] = TRAINING_SPEAKERS,
    text_: list[SungVowel] | None = None,
) -> np.ndarray:
    """Strokes sung in syllables by one of `speakers`, (T,) float32.

    As `formant_voice.synthesise_singing`, T = round(length_s * sample_rate), rms .1 while sounding.
    "double" is one speaker twice, "choir" two or three speakers, each a little late and out of
    tune. `text_` gets what is sung. Raises ValueError for another style, RenderError where
    espeak-ng or WORLD is missing.
    """
    check_style(style, STYLES)
    singer = singer or Singer.draw(rng)
    voice = _WorldVoice(singer, choose(speakers, singer, rng), round(length_s * SAMPLE_RATE), rng)
    wave = np.zeros(voice.n_samples, np.float32)
    for line in sung_lines(strokes, length_s):
        syllables, words = plan_words(line, rng, singer, bank(voice.speaker), style)
        if text_ is not None:
            text_ += text_of_words(words)
        if style in ("sung", "rap"):
            wave += voice.render(syllables, words, style)
        else:
            wave += _together(voice, syllables, words, speakers, style)
    wave = with_sounding_rms(wave, 0.1)
    if sample_rate != SAMPLE_RATE:
        wave = signal.resample_poly(wave, sample_rate, SAMPLE_RATE).astype(np.float32)
    return _with_length(wave, round(length_s * sample_rate))


def choose(speakers: Sequence[Speaker], singer: Singer, rng: np.random.Generator) -> Speaker:
    """A random speaker whose formants can be warped to the singer's, else the nearest one."""
    fitting = [s for s in speakers if WARP[0] <= singer.tract / s.tract <= WARP[1]]
    if fitting:
        return pick(rng, fitting)
    return min(speakers, key=lambda s: abs(s.tract - singer.tract))


def _together(
    voice: _WorldVoice,
    syllables: list[Syllable],
    words: list[Word],
    speakers: Sequence[Speaker],
    style: str,
) -> np.ndarray:
    """One line (T,) by several voices with the same text: one speaker twice, or a choir."""
    rng, singer, n_samples = voice.rng, voice.singer, voice.n_samples
    out = np.zeros(n_samples, np.float32)
    same_language = [s for s in speakers if s.language == voice.speaker.language]
    for _ in range(2 if style == "double" else int(rng.integers(2, 4))):
        speaker = voice.speaker if style == "double" else choose(same_language, singer, rng)
        said = words if speaker == voice.speaker else _said_by(words, bank(speaker))
        changed = replace(
            singer,
            vibrato_hz=singer.vibrato_hz * rng.uniform(0.9, 1.1),
            intonation_cents=max(6.0, singer.intonation_cents),
        )
        late = min(round(abs(rng.normal(0, 0.015)) * SAMPLE_RATE), n_samples)
        other = _WorldVoice(changed, speaker, n_samples, rng)
        part = other.render(syllables, said, "sung", offset=rng.normal(0, 5) / 100)
        out[late:] += part[: n_samples - late]
    return out


def _said_by(words: Sequence[Word], voices: Bank) -> list[Word]:
    """The words from another speaker's bank; other syllables replace those that it lacks."""
    by_text = {unit.text: unit for unit in voices.units}
    return [
        replace(word, unit=by_text.get(word.unit.text, voices.units[k % len(voices.units)]))
        for k, word in enumerate(words)
    ]


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


def _log_power(level: np.ndarray) -> np.ndarray:
    """(F, 1) float32 of amplitudes (F,)."""
    return (2 * np.log(np.maximum(level, 1e-3)))[:, None].astype(np.float32)


def _with_length(wave: np.ndarray, n: int) -> np.ndarray:
    return np.pad(wave[:n], (0, max(0, n - len(wave))))


@dataclass(frozen=True)
class _WorldVoice:
    """Renders lines of one length by one singer with one speaker's syllables."""

    singer: Singer
    speaker: Speaker
    n_samples: int
    rng: np.random.Generator

    def render(
        self, syllables: list[Syllable], words: Sequence[Word], style: str, offset: float = 0.0
    ) -> np.ndarray:
        """One line (T,) at SAMPLE_RATE; `offset` in semitones."""
        voices = bank(self.speaker)
        n_frames = self.n_samples // round(FRAME_S * SAMPLE_RATE) + 1
        midi, voiced, breath = self._curves(syllables, n_frames, style, offset)
        track = lay_words(words, n_frames)
        sounding = (track.at >= 0) & (voiced > 1e-3)
        log_power = np.full((n_frames, 1 + N_FFT // 2), SILENT_LOG - 10, np.float32)
        aperiodicity = np.ones_like(log_power)
        log_power[sounding], aperiodicity[sounding] = self._spectra(
            track, sounding, midi[sounding], voiced[sounding]
        )
        breathing = ~sounding & (breath > 1e-3)
        if words and breathing.any():  # noise through the shape of the first vowel
            unit = words[0].unit
            shape = voices.log_power[(unit.vowel + unit.coda) // 2].astype(np.float32)
            log_power[breathing] = shape + _log_power(breath[breathing])
        f0_hz = np.clip(440 * 2 ** ((midi - 69) / 12), LOWEST_HZ, HIGHEST_HZ)
        f0_hz[sounding] *= voices.voiced[np.round(track.at[sounding]).astype(int)]
        f0_hz[(log_power.max(axis=1) < SILENT_LOG) | ~sounding] = 0
        wave = world().synthesize(
            f0_hz,
            np.exp(log_power, dtype=np.float64),
            aperiodicity.astype(np.float64),
            SAMPLE_RATE,
            1000 * FRAME_S,
        )
        return _with_length(wave, self.n_samples).astype(np.float32)

    def _curves(
        self, syllables: list[Syllable], n_frames: int, style: str, offset: float
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """MIDI pitch, level of the voice and of breaths, (F,) each."""
        n = int(self.n_samples / SAMPLE_RATE * CONTROL_HZ) + 2
        midi = pitch_curve(syllables, n, self.rng, self.singer, style) + offset
        early = [replace(s, start_s=max(0.0, s.onset_s), consonant_s=0.0) for s in syllables]
        levels = level_curves(early, n, self.rng, self.singer)
        at = np.arange(n_frames) * FRAME_S * CONTROL_HZ
        curves = (midi, levels.voiced, levels.breath)
        return tuple(np.interp(at, np.arange(n), curve) for curve in curves)

    def _spectra(
        self, track: Track, sounding: np.ndarray, midi: np.ndarray, level: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Log power and aperiodicity (S, K) of the S sounding frames; `midi`, `level` (S,)."""
        singer, voices = self.singer, bank(self.speaker)
        # the larynx rises with the pitch, by some 3 % an octave
        octaves_up = np.clip((midi - singer.speech_midi) / 12, -1, 2)
        factor = np.clip(singer.tract / self.speaker.tract, *WARP) * (1 + 0.03 * octaves_up)
        log_power = _warped(_joined_rows(voices.log_power, track, sounding), factor)
        bins_hz = np.maximum(np.arange(log_power.shape[1]) * SAMPLE_RATE / N_FFT, 20.0)
        effort = np.clip(1.2 * (level - 0.8), -1, 1)  # loud singing is brighter
        tilt_db = (singer.tilt_db + 3 * effort)[:, None] * np.log2(np.maximum(bins_hz / 500, 1))
        gain_db = tilt_db + 0.6 * singer.ring_at(bins_hz)
        log_power += (0.1 * np.log(10) * gain_db).astype(np.float32)
        log_power += _log_power(level)
        # breathiness .03 to .5: aperiodicities to the power of 1.3 down to .45
        exponent = np.interp(np.log(singer.breathiness), np.log([0.03, 0.5]), [1.3, 0.45])
        aperiodicity = _joined_rows(voices.aperiodicity, track, sounding)
        return log_power, np.clip(aperiodicity, 1e-3, 1) ** np.float32(exponent)


def _joined_rows(table: np.ndarray, track: Track, sounding: np.ndarray) -> np.ndarray:
    """Rows (S, K) of the sounding frames, crossfaded where syllables join."""
    rows = _rows_at(table, track.at[sounding])
    share = track.share[sounding]
    joins = np.flatnonzero(share)
    part = share[joins, None].astype(np.float32)
    before = _rows_at(table, track.before[sounding][joins])
    rows[joins] = rows[joins] * (1 - part) + before * part
    return rows
