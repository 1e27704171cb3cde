"""Notes of a patch: wavetables, detuned ensembles, frequency modulation, swept noise.

Every period is the sum of harmonics below Nyquist, so nothing aliases. Ensembles follow P. Nasca's
PADsynth: one inverse FFT with spread harmonics gives seconds of many voices. Keys and bells follow
J. Chowning, "The Synthesis of Complex Audio Spectra by Means of Frequency Modulation", 1973.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy import fft, signal

from kcarol.corpus.synthesis.patches import Patch
from kcarol.transcription.lead_sheet import Stroke

TABLE_SIZE = 2048  # samples of one period
ENSEMBLE_S = 4.0  # length of an ensemble's loop
LONGEST_NOTE_S = 20.0
HIGHEST = 0.48  # of the sample rate: where bands and sidebands end


def play_synth(
    strokes: Sequence[Stroke],
    patch: Patch,
    length_s: float,
    sample_rate: int,
    rng: np.random.Generator,
) -> np.ndarray:
    """Strokes on one patch, (T,) float32 with T = round(length_s * sample_rate), not normalised.

    Notes of equal pitch and length (to 20 ms) are rendered once.
    """
    out = np.zeros(round(length_s * sample_rate), np.float32)
    synth = Synth(patch, sample_rate, rng)
    notes: dict[tuple[float, int], np.ndarray] = {}
    for stroke in strokes:
        held_s = min(max(stroke.length_s, 0.02), LONGEST_NOTE_S)
        key = (round(stroke.pitch, 2), max(round(held_s * 50), 1))
        if key not in notes:
            notes[key] = synth.note(key[0], key[1] / 50)
        gain = (stroke.velocity / 100) ** patch.velocity_power
        add_at_(out, notes[key], round(stroke.start_s * sample_rate), gain)
    return out


def add_at_(out: np.ndarray, wave: np.ndarray, first: int, gain: float) -> None:
    """Adds a wave to `out` in place, from sample `first` on, cut at both ends of `out`."""
    if first < 0:
        wave, first = wave[-first:], 0
    part = out[first : first + len(wave)]
    part += wave[: len(part)] * np.float32(gain)


class Synth:
    """Renders single notes of a patch and keeps the tables they are read from."""

    def __init__(self, patch: Patch, sample_rate: int, rng: np.random.Generator):
        self.patch = patch
        self.sample_rate = sample_rate
        self.rng = rng
        self._tables: dict[float, np.ndarray] = {}  # by fundamental

    def note(self, pitch: float, held_s: float) -> np.ndarray:
        """One note (n,) of a MIDI pitch, held for `held_s` seconds and then released."""
        n = int((held_s + self.patch.release_s) * self.sample_rate)
        time_s = np.arange(n, dtype=np.float32) / np.float32(self.sample_rate)
        f0_hz = 440.0 * 2 ** ((pitch - 69) / 12)
        methods = {
            "table": self._wavetable,
            "ensemble": self._ensemble,
            "fm": self._fm,
            "noise": self._swept_noise,
        }
        return methods[self.patch.method](f0_hz, time_s) * envelope(time_s, held_s, self.patch)

    def _wavetable(self, f0_hz: float, time_s: np.ndarray) -> np.ndarray:
        """One oscillator, or two that are detuned symmetrically about the note."""
        patch = self.patch
        if f0_hz not in self._tables:
            middle_hz = np.sqrt(patch.bright_hz * patch.dark_hz)
            cutoffs_hz = (patch.bright_hz, middle_hz, patch.dark_hz)
            self._tables[f0_hz] = np.stack([self._period(f0_hz, hz) for hz in cutoffs_hz])
        apart = 2 ** (patch.detune_cents / 2400)
        wave = self._read_table(f0_hz, self._phase(f0_hz / apart, time_s), time_s)
        if patch.detune_cents <= 0.5:
            return wave
        return 0.6 * (wave + self._read_table(f0_hz, self._phase(f0_hz * apart, time_s), time_s))

    def _period(self, f0_hz: float, cutoff_hz: float) -> np.ndarray:
        amplitudes = harmonics(f0_hz, self.patch, cutoff_hz, self.sample_rate)[: TABLE_SIZE // 2]
        spectrum = np.zeros(TABLE_SIZE // 2 + 1, np.complex64)
        spectrum[1 : len(amplitudes) + 1] = -0.5j * TABLE_SIZE * amplitudes
        return fft.irfft(spectrum)

    def _read_table(self, f0_hz: float, phase: np.ndarray, time_s: np.ndarray) -> np.ndarray:
        """(n,) crossfaded from the bright over the middle to the dark period."""
        at = (phase * np.float32(TABLE_SIZE)).astype(np.int32)
        at[at == TABLE_SIZE] = 0
        closed = 2 * (1 - np.exp(-time_s / np.float32(self.patch.filter_decay_s)))
        wave = np.zeros(len(at), np.float32)
        for k, period in enumerate(self._tables[f0_hz]):
            wave += period[at] * np.maximum(0, 1 - np.abs(closed - k))
        return wave

    def _phase(self, f0_hz: float, time_s: np.ndarray) -> np.ndarray:
        """Phase (n,) in periods, 0 to 1 (exact in float32); bend and vibrato in closed form."""
        patch = self.patch
        sample_s = float(time_s[1]) if len(time_s) > 1 else 0.0
        phase = np.arange(len(time_s)) * (f0_hz * sample_s) + self.rng.random()
        if patch.bend_semitones:
            bent = patch.bend_semitones * np.log(2) / 12 * patch.bend_s
            phase += f0_hz * bent * (1 - np.exp(-time_s / np.float32(patch.bend_s)))
        if patch.vibrato_cents > 0:
            swing = f0_hz * patch.vibrato_cents / 1200 * np.log(2) / (2 * np.pi * patch.vibrato_hz)
            depth = np.clip((time_s - 0.25) / 0.2, 0, 1)
            phase += swing * depth * np.sin(np.float32(2 * np.pi * patch.vibrato_hz) * time_s)
        return (phase - np.floor(phase)).astype(np.float32)

    def _ensemble(self, f0_hz: float, time_s: np.ndarray) -> np.ndarray:
        if f0_hz not in self._tables:
            self._tables[f0_hz] = self._ensemble_loop(f0_hz)
        loop = self._tables[f0_hz]
        return np.resize(np.roll(loop, -int(self.rng.integers(len(loop)))), len(time_s))

    def _ensemble_loop(self, f0_hz: float) -> np.ndarray:
        """Seconds (N,) of many detuned voices: spread harmonics with random phases, one IFFT."""
        n = fft.next_fast_len(int(ENSEMBLE_S * self.sample_rate), real=True)
        spectrum = np.zeros(n // 2 + 1, np.complex64)
        amplitudes = harmonics(f0_hz, self.patch, self.patch.bright_hz, self.sample_rate)
        detuning = 2 ** (self.patch.detune_cents / 1200) - 1
        for k, amplitude in enumerate(amplitudes, start=1):
            centre = k * f0_hz * n / self.sample_rate
            spread = max(centre * detuning / 1.5, 0.4)  # in bins; narrower ones would fall between
            low = max(0, int(centre - 3 * spread))
            high = min(n // 2, int(centre + 3 * spread) + 2)
            bins = np.arange(low, high)
            shape = np.exp(-0.5 * np.square((bins - centre) / spread))
            power = np.square(shape).sum()
            if power > 0:
                turned = np.exp(2j * np.pi * self.rng.random(len(bins)))
                spectrum[low:high] += amplitude * n / 2 * shape / np.sqrt(power) * turned
        return fft.irfft(spectrum, n=n)

    def _fm(self, f0_hz: float, time_s: np.ndarray) -> np.ndarray:
        """A modulated carrier; ratio and index are limited so that no sideband passes Nyquist."""
        phase = self._phase(f0_hz, time_s)
        highest_hz = HIGHEST * self.sample_rate
        ratio = self.patch.fm_ratio
        while ratio > 1 and f0_hz * (1 + 2 * ratio) > highest_hz:
            ratio = max(1.0, ratio / 2 if ratio != 3.5 else 2.0)
        # Carson's rule: sidebands reach (index + 1) * ratio each way
        largest = max(0.0, (highest_hz / f0_hz - 1) / ratio - 1)
        decay = np.exp(-time_s / np.float32(self.patch.fm_decay_s))
        index = np.float32(min(self.patch.fm_index, largest)) * decay
        turn = np.float32(2 * np.pi) * phase
        if float(ratio).is_integer():
            modulator = turn * np.float32(ratio)
        else:  # needs the unwrapped phase
            cycles = np.mod(np.arange(len(phase)) * (f0_hz * ratio / self.sample_rate), 1)
            modulator = np.float32(2 * np.pi) * cycles.astype(np.float32)
        return np.sin(turn + index * np.sin(modulator))

    def _swept_noise(self, f0_hz: float, time_s: np.ndarray) -> np.ndarray:
        """Noise whose band moves from `bright_hz` to `dark_hz`: three bands crossfaded."""
        n = len(time_s)
        noise = self.rng.standard_normal(n, dtype=np.float32)
        out = np.zeros(n, np.float32)
        along = np.linspace(0, 2, n, dtype=np.float32)
        for k, hz in enumerate(np.geomspace(self.patch.bright_hz, self.patch.dark_hz, 3)):
            band = band_pass(noise, hz / 1.5, hz * 1.5, self.sample_rate)
            out += band * np.maximum(0, 1 - np.abs(along - k))
        return out * np.linspace(0.3, 1, n, dtype=np.float32)


def envelope(time_s: np.ndarray, held_s: float, patch: Patch) -> np.ndarray:
    """Attack, exponential decay to the sustain level, exponential release to -40 dB."""
    decayed = np.exp(-np.maximum(time_s - patch.attack_s, 0) / patch.decay_s * 1.5)
    level = patch.sustain + (1 - patch.sustain) * decayed
    level *= np.minimum(time_s / max(patch.attack_s, 1e-3), 1)
    released_s = np.maximum(time_s - held_s, 0)
    return (level * np.exp(-4.6 * released_s / patch.release_s)).astype(np.float32)


def harmonics(f0_hz: float, patch: Patch, cutoff_hz: float, sample_rate: int) -> np.ndarray:
    """Amplitudes (K,) of the harmonics below Nyquist, after a low-pass of 12 dB per octave."""
    k = np.arange(1, max(2, int(0.49 * sample_rate / f0_hz) + 1))
    if patch.shape == "organ":
        amplitudes = np.zeros(len(k))
        amplitudes[: len(patch.drawbars)] = patch.drawbars[: len(k)]
    else:
        amplitudes = {
            "sine": k == 1,
            "pulse": 2 * np.sin(np.pi * k * patch.duty) / k,
            "saw": 1 / k,
            "square": (k % 2) * 1.3 / k,
            "triangle": (k % 2) * 1.2 / k**2,
        }[patch.shape]
    ratio = k * f0_hz / cutoff_hz
    peak = 10 ** (patch.resonance_db / 20) - 1
    resonance = 1 + peak * np.exp(-np.square(np.log2(ratio) / 0.3))
    return amplitudes * resonance / np.sqrt(1 + ratio**4)


def band_pass(wave: np.ndarray, low_hz: float, high_hz: float, sample_rate: int) -> np.ndarray:
    """(n,) through a second-order Butterworth band-pass; high-pass if the band passes Nyquist."""
    highest_hz = HIGHEST * sample_rate
    if high_hz >= highest_hz:
        low_hz = min(low_hz, 0.9 * highest_hz)
        sos = signal.butter(2, low_hz, "highpass", fs=sample_rate, output="sos")
    else:
        sos = signal.butter(2, [low_hz, high_hz], "bandpass", fs=sample_rate, output="sos")
    return signal.sosfilt(sos.astype(np.float32), wave)
