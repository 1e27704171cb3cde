"""A singing voice by formant synthesis: glottal pulses and noise through vocal-tract resonances.

Source and filter as in G. Fant, "Acoustic Theory of Speech Production", 1960, and D. Klatt,
"Software for a cascade/parallel formant synthesizer", JASA 67, 1980. The source is a band-limited
wavetable in the time domain, the tract a magnitude response per frame of an STFT, so that nothing
loops over samples.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from scipy import fft

from kcarol.corpus.mixing.levels import with_sounding_rms
from kcarol.corpus.stft import RootHannStft
from kcarol.corpus.synthesis.prosody import CONTROL_HZ, level_curves, pitch_curve, smooth
from kcarol.corpus.synthesis.singer import Singer
from kcarol.corpus.synthesis.sung_text import text_of_syllables
from kcarol.corpus.synthesis.syllables import (
    Syllable,
    consonants,
    plan_syllables,
    sung_lines,
    vowels,
)
from kcarol.transcription.lead_sheet import Stroke, SungVowel

STYLES = ("sung", "rap", "choir")
FRAMES_HZ = 125  # rate of the tract: 8 ms a frame, windows of 32 ms
TABLE_SIZE = 2048  # samples of one period: the nearest one is within -60 dB
TABLES_PER_OCTAVE = 4
LOWEST_HZ, HIGHEST_HZ = 45.0, 2000.0
BANDWIDTHS_HZ = (75.0, 95.0, 130.0, 200.0, 300.0)  # of the five formants
# fixed resonances; without them everything above F5 is dull
UPPER_HZ = (5500, 6500, 7500, 8600, 9700, 10800)
UPPER_BANDWIDTH_HZ = 600.0
MOST_CHOIR_LINES = 6


def synthesise_singing(
    strokes: Sequence[Stroke],
    length_s: float,
    sample_rate: int,
    rng: np.random.Generator,
    singer: Singer | None = None,
    style: str = "sung",
    text_: list[SungVowel] | None = None,
) -> np.ndarray:
    """Strokes sung, (T,) float32 with T = round(length_s * sample_rate), rms .1 while sounding.

    `style` "sung": syllables at the strokes' pitches, vowels on time, consonants before them.
    "rap": the same rhythm in a falling speaking voice. "choir": several singers for each line, on
    one vowel. Strokes that sound together are sung as lines of one voice each. `text_` gets what
    is sung, but for a choir. Raises ValueError for another style.
    """
    check_style(style, STYLES)
    n_samples = round(length_s * sample_rate)
    voice = _FormantVoice(
        singer or Singer.draw(rng), n_samples, sample_rate, rng, [] if text_ is None else text_
    )
    out = np.zeros(n_samples, np.float32)
    lines = sung_lines(strokes, length_s)
    if style == "choir" and lines:
        out = voice.choir(lines)
    else:
        for line in lines:
            out += voice.line(line, style)
    return with_sounding_rms(out, 0.1)


def check_style(style: str, styles: Sequence[str]) -> None:
    """Raises ValueError if there is no such style."""
    if style not in styles:
        raise ValueError(
            f"expected style of {', '.join(styles)}, found {style!r}: choose one of them"
        )


class _FormantVoice:
    """Renders lines of one length by one singer."""

    def __init__(
        self,
        singer: Singer,
        n_samples: int,
        sample_rate: int,
        rng: np.random.Generator,
        text: list[SungVowel],
    ):
        """`text`: gets what is sung."""
        self.text = text
        self.singer = singer
        self.n_samples = n_samples
        self.sample_rate = sample_rate
        self.rng = rng
        self.n_controls = int(n_samples / sample_rate * CONTROL_HZ) + 2
        self.stft = RootHannStft(n_samples, sample_rate // FRAMES_HZ, overlap=4)

    def line(self, strokes: Sequence[Stroke], style: str) -> np.ndarray:
        """One line (T,), sung or as rap."""
        syllables = plan_syllables(strokes, self.rng, self.singer, style)
        self.text += text_of_syllables(syllables)
        f0_hz = _hz(pitch_curve(syllables, self.n_controls, self.rng, self.singer, style))
        levels = level_curves(syllables, self.n_controls, self.rng, self.singer)
        voiced = self._to_samples(levels.voiced)
        pulses, phase = pulse_train(self._to_samples(f0_hz), self.sample_rate)
        hiss = self.rng.standard_normal(self.n_samples, dtype=np.float32)
        # breath is loudest while the glottis closes: where there is voice it follows the phase
        closing = np.abs(2 * phase.astype(np.float32) - 1) * np.minimum(voiced * 2, 0.9)
        throat = hiss * ((1 - closing) * np.float32(0.6))
        throat *= self._to_samples(levels.aspiration + levels.breath)
        effort = 1.2 * (self._to_frames(smooth(levels.voiced, 25)) - 0.8)
        spectrum = self._through_tract(pulses * voiced + throat, syllables, f0_hz, effort)
        self._add_mouth_noise_(spectrum, hiss * self._to_samples(levels.noise), syllables)
        return self.stft.synthesise(spectrum)

    def choir(self, lines: Sequence[Sequence[Stroke]]) -> np.ndarray:
        """All lines (T,) on one held vowel, two or three singers each, through one tract."""
        n_singers = int(self.rng.integers(2, 4))
        hiss = self.rng.standard_normal(self.n_samples, dtype=np.float32)
        source = np.zeros(self.n_samples, np.float32)
        highest_hz = np.zeros(self.n_controls)
        for line in lines[:MOST_CHOIR_LINES]:
            for _ in range(n_singers):
                f0_hz, voiced, pulses = self._chorister(line)
                source += (pulses + self.singer.breathiness * hiss) * self._to_samples(voiced)
            highest_hz = np.maximum(highest_hz, f0_hz * (voiced > 0.01))
        vowel = str(self.rng.choice(["a", "u", "o", "a", "eo"]))
        held = Syllable(0.1, self.n_samples / self.sample_rate, 60.0, 1.0, nucleus=(vowel, vowel))
        effort = np.full(self.stft.n_frames, -0.4)
        return self.stft.synthesise(self._through_tract(source, [held], highest_hz, effort))

    def _chorister(self, line: Sequence[Stroke]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """One singer, a little late and out of tune: f0 in Hz and level (n,), pulses (T,)."""
        singer = replace(
            self.singer,
            scoop_chance=0.1,
            attack_s=0.08,
            release_s=0.15,
            breath_level=0.0,
            vibrato_hz=self.singer.vibrato_hz * self.rng.uniform(0.9, 1.1),
            intonation_cents=10.0,
        )
        late_s = self.rng.normal(0, 0.015)
        syllables = [
            Syllable(
                max(0, s.start_s + late_s),
                s.start_s + s.length_s + late_s,
                s.pitch,
                level=(s.velocity / 100) ** 1.3,
            )
            for s in line
        ]
        curve = pitch_curve(syllables, self.n_controls, self.rng, singer)
        f0_hz = _hz(curve + self.rng.normal(0, 0.06))
        voiced = level_curves(syllables, self.n_controls, self.rng, singer).voiced
        start = self.rng.random()
        pulses, _ = pulse_train(self._to_samples(f0_hz), self.sample_rate, start)
        return f0_hz, voiced, pulses

    def _through_tract(
        self, source: np.ndarray, syllables: Sequence[Syllable], f0_hz: np.ndarray, effort
    ) -> np.ndarray:
        """Spectra (F, 1 + n_fft // 2) of a source (T,) through the syllables' formants."""
        formants_hz = formant_tracks(syllables, self.stft.n_frames, self.singer)
        n_fft = self.stft.n_fft
        response = tract_response(
            formants_hz, self._to_frames(f0_hz), effort, self.sample_rate, n_fft, self.singer
        )
        return self.stft.analyse(self.stft.frames(source)) * response

    def _add_mouth_noise_(
        self, spectrum: np.ndarray, noise: np.ndarray, syllables: Sequence[Syllable]
    ) -> None:
        """Adds bursts and fricatives: noise (T,) about each consonant's centre frequency."""
        bin_hz = np.float32(self.stft.hop * FRAMES_HZ / self.stft.n_fft)
        bins_hz = np.arange(spectrum.shape[1], dtype=np.float32) * bin_hz
        frames = self.stft.frames(noise)
        for s in syllables:
            for name, from_s, to_s in (
                (s.consonant, s.onset_s, s.start_s),
                (s.coda, s.end_s - 0.12, s.end_s),
            ):
                if name is None or consonants()[name].noise == 0:
                    continue
                sound = consonants()[name]
                mouth = np.exp(-np.square((bins_hz - sound.centre_hz) / sound.width_hz)) + 0.02
                span = slice(max(0, int(from_s * FRAMES_HZ) - 1), max(0, int(to_s * FRAMES_HZ) + 3))
                spectrum[span] += self.stft.analyse(frames[span]) * mouth.astype(np.float32)

    def _to_samples(self, curve: np.ndarray) -> np.ndarray:
        """(T,) float32 of a curve (n,) at CONTROL_HZ."""
        at = np.arange(self.n_samples) * (CONTROL_HZ / self.sample_rate)
        return np.interp(at, np.arange(len(curve)), curve).astype(np.float32)

    def _to_frames(self, curve: np.ndarray) -> np.ndarray:
        """(F,) of a curve (n,) at CONTROL_HZ."""
        at = np.arange(self.stft.n_frames) * CONTROL_HZ // FRAMES_HZ
        return curve[np.minimum(at, len(curve) - 1)]


def _hz(midi: np.ndarray) -> np.ndarray:
    return np.clip(440.0 * 2 ** ((midi - 69) / 12), LOWEST_HZ, HIGHEST_HZ)


@functools.cache
def _pulse_tables(sample_rate: int) -> np.ndarray:
    """(K, TABLE_SIZE) periods of the glottal flow's derivative, falling by 6 dB per octave.

    Table k serves pitches up to LOWEST_HZ * 2**((k + 1) / TABLES_PER_OCTAVE) and holds the
    harmonics below Nyquist there.
    """
    n_tables = int(np.ceil(np.log2(HIGHEST_HZ / LOWEST_HZ) * TABLES_PER_OCTAVE))
    spectra = np.zeros((n_tables, TABLE_SIZE // 2 + 1), np.complex64)
    for k, spectrum in enumerate(spectra):
        top_hz = LOWEST_HZ * 2 ** ((k + 1) / TABLES_PER_OCTAVE)
        harmonics = np.arange(1, max(2, int(0.98 * sample_rate / 2 / top_hz) + 1))
        spectrum[harmonics] = -0.5j * TABLE_SIZE / harmonics
    return fft.irfft(spectra, axis=1)


def pulse_train(
    f0_hz: np.ndarray, sample_rate: int, start: float = 0.0
) -> tuple[np.ndarray, np.ndarray]:
    """Band-limited pulses (T,) for a pitch (T,) in Hz, and their phase (T,) in periods."""
    tables = _pulse_tables(sample_rate)
    phase = start + np.cumsum(f0_hz, dtype=np.float64) / sample_rate
    phase -= np.floor(phase)
    octave = np.log2(np.maximum(f0_hz, LOWEST_HZ) / np.float32(LOWEST_HZ)) * TABLES_PER_OCTAVE
    row = np.minimum(octave.astype(np.int32), len(tables) - 1)
    return tables[row, (phase * TABLE_SIZE).astype(np.int32)], phase


def formant_tracks(syllables: Sequence[Syllable], n_frames: int, singer: Singer) -> np.ndarray:
    """Formants (5, n_frames) in Hz: from the consonant's locus over both vowels to the coda's."""
    times, targets = [-1.0], [vowels()["schwa"]]
    for s in syllables:
        first, second = (vowels()[v] for v in s.nucleus)
        onset_hz = consonants()[s.consonant].locus_hz if s.consonant else None
        if onset_hz:
            times += [s.start_s - 0.7 * s.consonant_s, s.start_s - 0.1 * s.consonant_s]
            targets += [(*onset_hz, *first[3:])] * 2
        turning_s = 0.35 * s.length_s
        times += [s.start_s + min(0.045, 0.3 * s.length_s), s.start_s + turning_s]
        targets += [first, first]
        turned_s = min(turning_s + 0.12, 0.75 * s.length_s)
        times += [s.start_s + turned_s, s.end_s - min(0.06, 0.2 * s.length_s)]
        targets += [second, second]
        if s.coda is not None:
            times.append(s.end_s - 0.02)
            targets.append((*consonants()[s.coda].locus_hz, *second[3:]))
    times = np.maximum.accumulate(np.asarray(times) + 1e-6 * np.arange(len(times)))
    frame_s = np.arange(n_frames) / FRAMES_HZ
    tracks = [np.interp(frame_s, times, track) for track in np.array(targets, float).T]
    return singer.tract * np.stack(tracks)


def tract_response(
    formants_hz: np.ndarray,
    f0_hz: np.ndarray,
    effort: np.ndarray,
    sample_rate: int,
    n_fft: int,
    singer: Singer,
) -> np.ndarray:
    """Magnitudes (F, 1 + n_fft // 2): five resonances in cascade, tilt by effort, singer's formant.

    `formants_hz` (5, F), `f0_hz` and `effort` (F,). F1 never lies below the pitch, as in
    trained singing. Each frame has the same energy for a source that falls by 6 dB per octave.
    """
    bins_hz = np.maximum(fft.rfftfreq(n_fft, 1 / sample_rate), 20.0).astype(np.float32)
    squared = bins_hz**2
    tracks = formants_hz.astype(np.float32).copy()
    tracks[0] = np.maximum(tracks[0], 1.05 * f0_hz)
    tracks[1] = np.maximum(tracks[1], tracks[0] + 200)
    damping = np.ones((tracks.shape[1], len(bins_hz)), np.float32)
    for track, width_hz in zip(tracks, BANDWIDTHS_HZ, strict=True):
        centre = (track**2)[:, None]
        damping *= (
            np.square(centre - squared) + np.float32((width_hz * singer.bandwidth) ** 2) * squared
        )
        damping *= 1 / np.square(centre)
    octaves = np.log2(np.maximum(bins_hz / 500, 1)).astype(np.float32)
    tilt = np.float32(singer.tilt_db / 6.02) + np.clip(effort, -1, 1).astype(np.float32)
    response = np.exp2(tilt[:, None] * octaves) / np.sqrt(damping)
    response *= _fixed_response(bins_hz.astype(float), singer).astype(np.float32)
    weight = (1 / (bins_hz + 100) ** 2).astype(np.float32)
    return response / np.sqrt(np.square(response) @ (weight / weight.sum()))[:, None]


def _fixed_response(bins_hz: np.ndarray, singer: Singer) -> np.ndarray:
    """A magnitude per bin, the same in all frames: singer's formant and resonances above F5."""
    gain = 10 ** (singer.ring_at(bins_hz) / 20)
    for centre_hz in np.array(UPPER_HZ) * singer.tract:
        squared = np.square(centre_hz**2 - bins_hz**2) + (UPPER_BANDWIDTH_HZ * bins_hz) ** 2
        gain *= centre_hz**2 / np.sqrt(squared)
    return gain
