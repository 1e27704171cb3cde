"""A drum machine: General MIDI drums from falling sines, band-passed noise and metallic squares."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import signal

from kcarol.corpus.distributions import draw_parameters
from kcarol.corpus.synthesis.oscillators import add_at_, band_pass
from kcarol.corpus.tables import read_table
from kcarol.transcription.lead_sheet import Stroke

GENERAL_MIDI = {  # the notes that each sound serves; other notes sound as the rim
    "kick": (35, 36),
    "snare": (38, 40),
    "rim": (37, 75, 76, 77),
    "clap": (39,),
    "closed_hat": (42, 44),
    "open_hat": (46,),
    "crash": (49, 52, 55, 57),
    "ride": (51, 53, 59),
    "tom": (41, 43, 45, 47, 48, 50, 60, 61, 62, 63, 64, 65, 66),
    "tambourine": (54, 83),
    "shaker": (69, 70, 82),
    "cowbell": (56,),
}
DRUM_NOTES = {note: name for name, notes in GENERAL_MIDI.items() for note in notes}
N_LAYERS = 4  # of velocity
METAL_RATIOS = (1.0, 1.342, 1.2312, 1.6532, 1.9523, 2.1523)  # inharmonic, as in a cymbal


@dataclass(frozen=True)
class DrumKit:
    """Settings of a drum machine."""

    kick_hz: float = 50.0  # where the kick's pitch ends
    kick_top_hz: float = 220.0  # and starts
    kick_drop_s: float = 0.03
    kick_decay_s: float = 0.25
    kick_click: float = 0.3
    kick_drive: float = 1.5
    snare_hz: float = 190.0
    snare_tone: float = 0.5
    snare_decay_s: float = 0.15
    snare_low_hz: float = 1200.0
    clap_hz: float = 1300.0
    clap_decay_s: float = 0.12
    hat_metal: float = 0.5  # 0 noise to 1 inharmonic squares
    hat_hz: float = 330.0  # lowest of those
    closed_decay_s: float = 0.03
    open_decay_s: float = 0.25
    crash_decay_s: float = 0.9
    tom_hz: float = 90.0  # of note 41
    tom_decay_s: float = 0.25
    shaker_s: float = 0.06
    jingle_hz: float = 5800.0
    brightness_db: float = 0.0

    @classmethod
    def draw(cls, rng: np.random.Generator) -> DrumKit:
        """A random kit, from long 808 kicks over acoustic-like to clicky electronic ones."""
        table = read_table("synthesis", "drum_kits.ini")
        changed = table["long kick"] if rng.random() < 0.3 else {}
        return cls(**draw_parameters(rng, {**table["kit"], **changed}))


def play_drums(
    strokes: Sequence[Stroke],
    kit: DrumKit,
    length_s: float,
    sample_rate: int,
    rng: np.random.Generator,
) -> np.ndarray:
    """Drum strokes on a kit, (T,) float32 with T = round(length_s * sample_rate).

    Each note is rendered once per velocity layer; a closed hi-hat stops an open one.
    """
    out = np.zeros(round(length_s * sample_rate), np.float32)
    machine = DrumMachine(kit, sample_rate, rng)
    hits: dict[tuple[int, int], np.ndarray] = {}
    closings_s = np.array(
        sorted(s.start_s for s in strokes if DRUM_NOTES.get(round(s.pitch)) == "closed_hat")
    )
    for stroke in strokes:
        note = round(stroke.pitch)
        layer = min(N_LAYERS - 1, stroke.velocity * N_LAYERS // 128)
        if (note, layer) not in hits:
            hits[note, layer] = machine.hit(note, (layer + 1) / N_LAYERS)
        wave = hits[note, layer]
        if DRUM_NOTES.get(note) == "open_hat":
            later_s = closings_s[np.searchsorted(closings_s, stroke.start_s + 0.01) :]
            if len(later_s):
                wave = _choke(wave, int((later_s[0] - stroke.start_s) * sample_rate), sample_rate)
        add_at_(out, wave, round(stroke.start_s * sample_rate), (stroke.velocity / 100) ** 1.4)
    return out


def _choke(wave: np.ndarray, n: int, sample_rate: int) -> np.ndarray:
    """A hit that is faded out over 5 ms from sample `n` on."""
    n_fade = sample_rate // 200
    if n + n_fade >= len(wave):
        return wave
    return _faded_out(wave[: n + n_fade].copy(), n_fade)


def _faded_out(wave: np.ndarray, n_fade: int) -> np.ndarray:
    wave[-n_fade:] *= np.linspace(1, 0, n_fade, dtype=np.float32)
    return wave


@dataclass(frozen=True)
class DrumMachine:
    """Renders single hits of a kit; each sound is a method named as in DRUM_NOTES."""

    kit: DrumKit
    sample_rate: int
    rng: np.random.Generator

    def hit(self, note: int, force: float) -> np.ndarray:
        """One hit (n,) float32 of a General MIDI drum; a softer `force` (0 to 1) is darker."""
        name = DRUM_NOTES.get(note, "rim")
        wave = self.tom(note) if name == "tom" else getattr(self, name)()
        cutoff_hz = 9000 * 10 ** (self.kit.brightness_db / 20) * (0.35 + 0.65 * force)
        if name not in ("kick", "tom") and cutoff_hz < 0.48 * self.sample_rate:
            wave = signal.lfilter(*signal.butter(1, cutoff_hz, fs=self.sample_rate), wave)
        return _faded_out(wave, min(len(wave), self.sample_rate // 100)).astype(np.float32)

    def kick(self) -> np.ndarray:
        kit = self.kit
        time_s = self._time_s(min(4 * kit.kick_decay_s, 1.8))
        tone = _falling_sine(time_s, kit.kick_top_hz, kit.kick_hz, kit.kick_drop_s)
        body = np.tanh(kit.kick_drive * (tone * _decay(time_s, kit.kick_decay_s)))
        click = kit.kick_click * self._noise(time_s) * _decay(time_s, 0.003)
        return body / np.tanh(kit.kick_drive) + click

    def snare(self) -> np.ndarray:
        kit = self.kit
        time_s = self._time_s(5 * kit.snare_decay_s)
        modes_hz = (kit.snare_hz, 1.6 * kit.snare_hz)
        tone = sum(_falling_sine(time_s, 1.5 * hz, hz, 0.01) for hz in modes_hz)
        rattle = self._band(time_s, kit.snare_low_hz, 7500) * _decay(time_s, kit.snare_decay_s)
        return 0.5 * kit.snare_tone * tone * _decay(time_s, 0.06) + 0.7 * rattle

    def rim(self) -> np.ndarray:
        time_s = self._time_s(0.08)
        ring = _sine(time_s, 1700) + 0.6 * _sine(time_s, 2 * self.kit.snare_hz)
        return (ring + 0.5 * self._noise(time_s)) * _decay(time_s, 0.012) * 0.6

    def clap(self) -> np.ndarray:
        """Three short bursts and a tail of one band of noise."""
        kit = self.kit
        time_s = self._time_s(5 * kit.clap_decay_s + 0.03)
        level = np.where(time_s > 0.03, _decay(time_s - 0.03, kit.clap_decay_s), 0)
        for start_s in (0.0, 0.01, 0.02):
            inside = (time_s >= start_s) & (time_s < start_s + 0.01)
            level += np.where(inside, _decay(time_s - start_s, 0.004), 0)
        return self._band(time_s, 0.7 * kit.clap_hz, 1.6 * kit.clap_hz) * level * 1.5

    def closed_hat(self) -> np.ndarray:
        time_s = self._time_s(6 * self.kit.closed_decay_s)
        return 0.6 * self._metal(time_s, 5500) * _decay(time_s, self.kit.closed_decay_s)

    def open_hat(self) -> np.ndarray:
        time_s = self._time_s(4 * self.kit.open_decay_s)
        return 0.55 * self._metal(time_s, 5000) * _decay(time_s, self.kit.open_decay_s)

    def crash(self) -> np.ndarray:
        time_s = self._time_s(2.5 * self.kit.crash_decay_s)
        return 0.7 * self._metal(time_s, 2500) * _decay(time_s, self.kit.crash_decay_s)

    def ride(self) -> np.ndarray:
        time_s = self._time_s(1.2)
        ping = _sine(time_s, 3100) * _decay(time_s, 0.15)
        return 0.35 * self._metal(time_s, 4500) * _decay(time_s, 0.35) + 0.15 * ping

    def tom(self, note: int) -> np.ndarray:
        time_s = self._time_s(4 * self.kit.tom_decay_s)
        hz = self.kit.tom_hz * 2 ** ((note - 41) / 12)
        body = _falling_sine(time_s, 1.6 * hz, hz, 0.03) * _decay(time_s, self.kit.tom_decay_s)
        return 0.9 * body + 0.15 * self._noise(time_s) * _decay(time_s, 0.01)

    def shaker(self) -> np.ndarray:
        time_s = self._time_s(3 * self.kit.shaker_s)
        rise_s = 0.4 * self.kit.shaker_s
        swell = np.minimum(time_s / rise_s, 1) * np.exp(-np.maximum(time_s - rise_s, 0) * 30)
        return 0.5 * self._band(time_s, 4000, 7600) * swell

    def tambourine(self) -> np.ndarray:
        time_s = self._time_s(0.3)
        low_hz = self.kit.jingle_hz
        jingle = self._band(time_s, low_hz, 1.25 * low_hz) * _decay(time_s, 0.07)
        return 0.9 * jingle + 0.2 * self._noise(time_s) * _decay(time_s, 0.006)

    def cowbell(self) -> np.ndarray:
        time_s = self._time_s(0.35)
        tones = np.sign(_sine(time_s, 540)) + np.sign(_sine(time_s, 800))
        tone = band_pass(tones.astype(np.float32), 500, 3000, self.sample_rate)
        return 0.5 * tone * _decay(time_s, 0.07)

    def _metal(self, time_s: np.ndarray, low_hz: float) -> np.ndarray:
        """A cymbal without envelope: inharmonic squares and noise, high-passed."""
        sines = (
            np.sin(2 * np.pi * self.kit.hat_hz * ratio * time_s + k)
            for k, ratio in enumerate(METAL_RATIOS)
        )
        squares = sum(map(np.sign, sines)) / 4
        noise = (1 - 0.6 * self.kit.hat_metal) * self._noise(time_s)
        both = (self.kit.hat_metal * squares + noise).astype(np.float32)
        return band_pass(both, low_hz, self.sample_rate, self.sample_rate)

    def _time_s(self, length_s: float) -> np.ndarray:
        return np.arange(int(length_s * self.sample_rate)) / self.sample_rate

    def _noise(self, time_s: np.ndarray) -> np.ndarray:
        return self.rng.standard_normal(len(time_s), dtype=np.float32)

    def _band(self, time_s: np.ndarray, low_hz: float, high_hz: float) -> np.ndarray:
        return band_pass(self._noise(time_s), low_hz, high_hz, self.sample_rate)


def _decay(time_s: np.ndarray, decay_s: float) -> np.ndarray:
    return np.exp(-time_s / decay_s)


def _sine(time_s: np.ndarray, hz: float) -> np.ndarray:
    return np.sin(2 * np.pi * hz * time_s)


def _falling_sine(time_s: np.ndarray, top_hz: float, end_hz: float, drop_s: float) -> np.ndarray:
    """A sine whose frequency falls exponentially from `top_hz` to `end_hz`."""
    phase = end_hz * time_s + (top_hz - end_hz) * drop_s * (1 - np.exp(-time_s / drop_s))
    return np.sin(2 * np.pi * phase)
