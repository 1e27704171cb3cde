"""Synthesised instruments and drums of pop records: supersaws, plucks, basses, FM keys, chip
sounds, drum machines.

Sounds are additive at heart: every period or pad table is built from harmonics below Nyquist, so
nothing aliases. Pads follow P. Nasca's PADsynth (one inverse FFT with spread harmonics gives
seconds of an ensemble), keys and bells J. Chowning, "The Synthesis of Complex Audio Spectra by
Means of Frequency Modulation", 1973.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import fft, signal

from kcarol.transcription.lead_sheet import Stroke

TABLE_SIZE = 2048  # samples of one period
ENSEMBLE_S = 4.0  # length of a pad's loop
LONGEST_NOTE_S = 20.0
SHAPES = ("saw", "square", "pulse", "triangle", "sine", "organ")

# kinds by role, as they are met on records; a role not listed draws from OTHER_KINDS
ROLE_KINDS: dict[str, tuple[str, ...]] = {
    "lead": ("supersaw", "saw_lead", "square_lead", "chip", "whistle", "bell", "pluck"),
    "chords": ("epiano", "epiano", "supersaw", "pluck", "organ", "brass", "chip"),
    "pad": ("warm_pad", "supersaw_pad", "glass_pad", "organ"),
    "bass": ("sub", "sub", "reese", "acid", "saw_bass", "square_bass", "fm_bass"),
    "arp": ("pluck", "pluck", "bell", "chip", "epiano", "supersaw"),
    "fx": ("riser",),
}
OTHER_KINDS = ("pluck", "epiano", "saw_lead", "square_lead", "bell", "warm_pad", "brass")


@dataclass(frozen=True)
class SynthSound:
    """One patch. `method`: "table" (periods, bright fading to dark), "ensemble" (PADsynth), "fm" or
    "noise".
    """

    kind: str = "saw_lead"
    method: str = "table"
    shape: str = "saw"
    duty: float = 0.5  # of the pulse
    drawbars: tuple[float, ...] = (1.0, 0.7, 0.4, 0.3, 0.0, 0.2)  # of the organ: harmonics 1 to 6
    attack_s: float = 0.01
    decay_s: float = 0.3
    sustain: float = 0.7
    release_s: float = 0.1
    bright_hz: float = 6000.0  # low-pass at the start of a note
    dark_hz: float = 2000.0  # and where it goes to
    resonance_db: float = 0.0
    filter_decay_s: float = 0.3
    detune_cents: float = 0.0  # second oscillator (table) or spread (ensemble)
    vibrato_hz: float = 5.5
    vibrato_cents: float = 0.0  # comes in after 0.25 s
    bend_semitones: float = 0.0  # where a note starts from, gone after some `bend_s`
    bend_s: float = 0.03
    fm_ratio: float = 1.0  # modulator to carrier
    fm_index: float = 2.0
    fm_decay_s: float = 0.4
    velocity_power: float = 1.2

    @classmethod
    def draw(cls, rng: np.random.Generator, role: str = "lead") -> SynthSound:
        """A patch at random for lead, chords, pad, bass, arp or fx (any other role: whatever
        carries a tune).
        """
        kinds = ROLE_KINDS.get(role, OTHER_KINDS)
        return _DRAWERS[kinds[rng.integers(len(kinds))]](rng)


def _u(rng: np.random.Generator, low: float, high: float) -> float:
    return float(rng.uniform(low, high))


def _log_u(rng: np.random.Generator, low: float, high: float) -> float:
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))


def _draw_supersaw(rng: np.random.Generator) -> SynthSound:
    return SynthSound(
        "supersaw",
        "ensemble",
        attack_s=_u(rng, 0.005, 0.04),
        decay_s=_u(rng, 0.2, 1.0),
        sustain=_u(rng, 0.3, 0.9),
        release_s=_u(rng, 0.05, 0.3),
        bright_hz=_log_u(rng, 3000, 12000),
        detune_cents=_u(rng, 6, 25),
    )


def _draw_supersaw_pad(rng: np.random.Generator) -> SynthSound:
    return SynthSound(
        "supersaw_pad",
        "ensemble",
        attack_s=_u(rng, 0.1, 0.6),
        decay_s=1.0,
        sustain=0.9,
        release_s=_u(rng, 0.3, 1.0),
        bright_hz=_log_u(rng, 1500, 7000),
        detune_cents=_u(rng, 8, 25),
    )


def _draw_warm_pad(rng: np.random.Generator) -> SynthSound:
    return SynthSound(
        "warm_pad",
        "ensemble",
        shape=str(rng.choice(["saw", "square", "pulse", "triangle"])),
        duty=_u(rng, 0.15, 0.45),
        attack_s=_u(rng, 0.08, 0.8),
        decay_s=1.0,
        sustain=0.85,
        release_s=_u(rng, 0.2, 1.2),
        bright_hz=_log_u(rng, 500, 2500),
        detune_cents=_u(rng, 4, 18),
    )


def _draw_glass_pad(rng: np.random.Generator) -> SynthSound:
    bars = tuple(float(b) for b in rng.uniform(0, 1, 6) * (1, 0.3, 0.7, 0.2, 0.5, 0.4))
    return SynthSound(
        "glass_pad",
        "ensemble",
        shape="organ",
        drawbars=(1.0, *bars[1:]),
        attack_s=_u(rng, 0.05, 0.5),
        decay_s=1.0,
        sustain=0.8,
        release_s=_u(rng, 0.3, 1.0),
        bright_hz=8000,
        detune_cents=_u(rng, 3, 12),
    )


def _draw_saw_lead(rng: np.random.Generator) -> SynthSound:
    return SynthSound(
        "saw_lead",
        attack_s=_u(rng, 0.003, 0.05),
        sustain=_u(rng, 0.5, 0.95),
        release_s=_u(rng, 0.03, 0.2),
        bright_hz=_log_u(rng, 2500, 9000),
        dark_hz=_log_u(rng, 1000, 4000),
        filter_decay_s=_u(rng, 0.1, 0.8),
        resonance_db=_u(rng, 0, 9),
        detune_cents=_u(rng, 0, 14),
        vibrato_cents=_u(rng, 0, 40),
        bend_semitones=float(rng.choice([0, 0, 0, -1, -2, 1])),
    )


def _draw_square_lead(rng: np.random.Generator) -> SynthSound:
    return SynthSound(
        "square_lead",
        shape=str(rng.choice(["square", "pulse"])),
        duty=_u(rng, 0.1, 0.4),
        attack_s=_u(rng, 0.003, 0.04),
        sustain=_u(rng, 0.5, 0.95),
        release_s=_u(rng, 0.03, 0.2),
        bright_hz=_log_u(rng, 2000, 8000),
        dark_hz=_log_u(rng, 800, 4000),
        detune_cents=_u(rng, 0, 10),
        vibrato_cents=_u(rng, 0, 40),
        bend_semitones=float(rng.choice([0, 0, 0, -1, -2])),
    )


def _draw_chip(rng: np.random.Generator) -> SynthSound:
    return SynthSound(
        "chip",
        shape="pulse",
        duty=float(rng.choice([0.125, 0.25, 0.5])),
        attack_s=0.001,
        decay_s=_u(rng, 0.08, 0.5),
        sustain=_u(rng, 0.0, 0.8),
        release_s=0.01,
        bright_hz=20000,
        dark_hz=20000,
        vibrato_cents=_u(rng, 0, 30),
    )


def _draw_whistle(rng: np.random.Generator) -> SynthSound:
    return SynthSound(
        "whistle",
        shape=str(rng.choice(["sine", "triangle"])),
        attack_s=_u(rng, 0.02, 0.08),
        sustain=0.9,
        release_s=_u(rng, 0.04, 0.15),
        bright_hz=6000,
        dark_hz=4000,
        vibrato_cents=_u(rng, 10, 50),
        bend_semitones=float(rng.choice([0, -1, -0.5])),
    )


def _draw_pluck(rng: np.random.Generator) -> SynthSound:
    return SynthSound(
        "pluck",
        shape=str(rng.choice(["saw", "square", "pulse", "triangle"])),
        duty=_u(rng, 0.1, 0.4),
        attack_s=0.002,
        decay_s=_u(rng, 0.1, 0.7),
        sustain=_u(rng, 0, 0.15),
        release_s=_u(rng, 0.05, 0.4),
        bright_hz=_log_u(rng, 2000, 9000),
        dark_hz=_log_u(rng, 300, 1200),
        resonance_db=_u(rng, 0, 8),
        filter_decay_s=_u(rng, 0.04, 0.25),
        detune_cents=_u(rng, 0, 12),
    )


def _draw_organ(rng: np.random.Generator) -> SynthSound:
    bars = (1.0, *(float(b) for b in rng.uniform(0, 1, 5) * (0.9, 0.7, 0.6, 0.2, 0.4)))
    return SynthSound(
        "organ",
        shape="organ",
        drawbars=bars,
        attack_s=0.008,
        decay_s=1.0,
        sustain=0.95,
        release_s=_u(rng, 0.02, 0.08),
        bright_hz=7000,
        dark_hz=7000,
        vibrato_hz=_u(rng, 5.5, 7),
        vibrato_cents=_u(rng, 0, 12),
        velocity_power=0.4,
    )


def _draw_brass(rng: np.random.Generator) -> SynthSound:
    return SynthSound(
        "brass",
        attack_s=_u(rng, 0.02, 0.06),
        decay_s=0.4,
        sustain=_u(rng, 0.5, 0.8),
        release_s=_u(rng, 0.05, 0.2),
        bright_hz=_log_u(rng, 2500, 7000),
        dark_hz=_log_u(rng, 900, 2200),
        filter_decay_s=_u(rng, 0.1, 0.4),
        detune_cents=_u(rng, 4, 14),
    )


def _draw_epiano(rng: np.random.Generator) -> SynthSound:
    return SynthSound(
        "epiano",
        "fm",
        attack_s=0.002,
        decay_s=_u(rng, 0.8, 2.5),
        sustain=0.1,
        release_s=_u(rng, 0.1, 0.4),
        fm_ratio=float(rng.choice([1.0, 1.0, 2.0, 14.0])),
        fm_index=_u(rng, 0.4, 2.0),
        fm_decay_s=_u(rng, 0.15, 0.8),
    )


def _draw_bell(rng: np.random.Generator) -> SynthSound:
    return SynthSound(
        "bell",
        "fm",
        attack_s=0.001,
        decay_s=_u(rng, 0.5, 2.0),
        sustain=0.0,
        release_s=_u(rng, 0.3, 1.2),
        fm_ratio=float(rng.choice([3.5, 2.0, 3.0, 5.0, 7.0])),
        fm_index=_u(rng, 0.5, 2.5),
        fm_decay_s=_u(rng, 0.2, 0.8),
    )


def _draw_fm_bass(rng: np.random.Generator) -> SynthSound:
    return SynthSound(
        "fm_bass",
        "fm",
        attack_s=0.003,
        decay_s=_u(rng, 0.3, 0.9),
        sustain=_u(rng, 0.3, 0.7),
        release_s=0.05,
        fm_ratio=float(rng.choice([1.0, 1.0, 2.0, 3.0])),
        fm_index=_u(rng, 1.0, 4.0),
        fm_decay_s=_u(rng, 0.08, 0.4),
    )


def _draw_sub(rng: np.random.Generator) -> SynthSound:
    return SynthSound(
        "sub",
        shape=str(rng.choice(["sine", "triangle", "sine"])),
        attack_s=_u(rng, 0.003, 0.02),
        decay_s=_u(rng, 0.4, 1.5),
        sustain=_u(rng, 0.3, 0.9),
        release_s=_u(rng, 0.03, 0.15),
        bright_hz=1500,
        dark_hz=500,
        bend_semitones=float(rng.choice([0, 0, 5, 12])),
        bend_s=_u(rng, 0.01, 0.03),
    )


def _draw_reese(rng: np.random.Generator) -> SynthSound:
    return SynthSound(
        "reese",
        attack_s=0.005,
        decay_s=0.5,
        sustain=0.85,
        release_s=0.06,
        bright_hz=_log_u(rng, 600, 2500),
        dark_hz=_log_u(rng, 300, 1000),
        detune_cents=_u(rng, 12, 35),
        filter_decay_s=_u(rng, 0.2, 0.8),
    )


def _draw_acid(rng: np.random.Generator) -> SynthSound:
    return SynthSound(
        "acid",
        shape=str(rng.choice(["saw", "square"])),
        attack_s=0.002,
        decay_s=_u(rng, 0.15, 0.5),
        sustain=_u(rng, 0.1, 0.6),
        release_s=0.03,
        bright_hz=_log_u(rng, 1200, 4000),
        dark_hz=_log_u(rng, 150, 500),
        resonance_db=_u(rng, 6, 15),
        filter_decay_s=_u(rng, 0.05, 0.3),
    )


def _draw_saw_bass(rng: np.random.Generator) -> SynthSound:
    return SynthSound(
        "saw_bass",
        attack_s=0.004,
        decay_s=_u(rng, 0.2, 0.8),
        sustain=_u(rng, 0.4, 0.8),
        release_s=0.05,
        bright_hz=_log_u(rng, 800, 4000),
        dark_hz=_log_u(rng, 200, 800),
        detune_cents=_u(rng, 0, 10),
        filter_decay_s=_u(rng, 0.06, 0.4),
    )


def _draw_square_bass(rng: np.random.Generator) -> SynthSound:
    return SynthSound(
        "square_bass",
        shape=str(rng.choice(["square", "pulse"])),
        duty=_u(rng, 0.2, 0.4),
        attack_s=0.004,
        decay_s=_u(rng, 0.2, 0.8),
        sustain=_u(rng, 0.3, 0.8),
        release_s=0.05,
        bright_hz=_log_u(rng, 800, 3000),
        dark_hz=_log_u(rng, 250, 800),
        filter_decay_s=_u(rng, 0.06, 0.4),
    )


def _draw_riser(rng: np.random.Generator) -> SynthSound:
    return SynthSound(
        "riser",
        "noise",
        attack_s=0.02,
        sustain=1.0,
        release_s=0.1,
        bright_hz=_log_u(rng, 300, 6000),
        dark_hz=_log_u(rng, 300, 7000),
    )


_DRAWERS: dict[str, Callable[[np.random.Generator], SynthSound]] = {
    "supersaw": _draw_supersaw,
    "supersaw_pad": _draw_supersaw_pad,
    "warm_pad": _draw_warm_pad,
    "glass_pad": _draw_glass_pad,
    "saw_lead": _draw_saw_lead,
    "square_lead": _draw_square_lead,
    "chip": _draw_chip,
    "whistle": _draw_whistle,
    "pluck": _draw_pluck,
    "organ": _draw_organ,
    "brass": _draw_brass,
    "epiano": _draw_epiano,
    "bell": _draw_bell,
    "fm_bass": _draw_fm_bass,
    "sub": _draw_sub,
    "reese": _draw_reese,
    "acid": _draw_acid,
    "saw_bass": _draw_saw_bass,
    "square_bass": _draw_square_bass,
    "riser": _draw_riser,
}
KINDS: tuple[str, ...] = tuple(_DRAWERS)


# --- notes ----------------------------------------------------------------------------------------
# -----------


def play_synth(
    strokes: Sequence[Stroke],
    sound: SynthSound,
    length_s: float,
    sample_rate: int,
    rng: np.random.Generator,
) -> np.ndarray:
    """Strokes on one patch, (T,) float32 with T = round(length_s * sample_rate); level not
    normalised.

    Notes of the same pitch and length (to 20 ms) are rendered once per call and added where they
    sound.
    """
    out = np.zeros(round(length_s * sample_rate), np.float32)
    notes: dict[tuple[float, int], np.ndarray] = {}
    periods: dict[float, np.ndarray] = {}
    for stroke in strokes:
        held_s = min(max(stroke.length_s, 0.02), LONGEST_NOTE_S)
        key = (round(stroke.pitch, 2), round(held_s * 50))
        if key not in notes:
            notes[key] = _render_note(key[0], max(key[1], 1) / 50, sound, sample_rate, rng, periods)
        _add(
            out,
            notes[key],
            stroke.start_s,
            sample_rate,
            (stroke.velocity / 100) ** sound.velocity_power,
        )
    return out


def _add(out: np.ndarray, wave: np.ndarray, start_s: float, sample_rate: int, gain: float) -> None:
    first = round(start_s * sample_rate)
    if first < 0:
        wave, first = wave[-first:], 0
    part = out[first : first + len(wave)]
    part += wave[: len(part)] * np.float32(gain)


def _render_note(
    pitch: float,
    held_s: float,
    sound: SynthSound,
    sample_rate: int,
    rng: np.random.Generator,
    periods: dict,
) -> np.ndarray:
    n = int((held_s + sound.release_s) * sample_rate)
    time_s = np.arange(n, dtype=np.float32) / np.float32(sample_rate)
    envelope = _envelope(time_s, held_s, sound)
    f0_hz = 440.0 * 2 ** ((pitch - 69) / 12)
    if sound.method == "ensemble":
        if pitch not in periods:
            periods[pitch] = _ensemble_loop(f0_hz, sound, sample_rate, rng)
        loop = periods[pitch]
        start = int(rng.integers(len(loop)))
        return np.resize(np.roll(loop, -start), n) * envelope
    if sound.method == "noise":
        return _sweep(n, sound, sample_rate, rng) * envelope
    # the two oscillators lie that far apart, the note between them
    detune_octaves = sound.detune_cents / 1200
    phase = _phase(f0_hz * 2 ** (-detune_octaves / 2), time_s, sound, rng)
    if sound.method == "fm":
        return _fm(phase, f0_hz, time_s, sound, sample_rate) * envelope
    if pitch not in periods:
        cutoffs_hz = (sound.bright_hz, np.sqrt(sound.bright_hz * sound.dark_hz), sound.dark_hz)
        periods[pitch] = np.stack(
            [_period(f0_hz, sound, cutoff_hz, sample_rate) for cutoff_hz in cutoffs_hz]
        )
    wave = _from_periods(periods[pitch], phase, time_s, sound)
    if sound.detune_cents > 0.5:
        second = _phase(f0_hz * 2 ** (detune_octaves / 2), time_s, sound, rng)
        wave = 0.6 * (wave + _from_periods(periods[pitch], second, time_s, sound))
    return wave * envelope


def _envelope(time_s: np.ndarray, held_s: float, sound: SynthSound) -> np.ndarray:
    """Attack, exponential decay to the sustain level, exponential release (-40 dB at its end)."""
    level = sound.sustain + (1 - sound.sustain) * np.exp(
        -np.maximum(time_s - sound.attack_s, 0) / sound.decay_s * 1.5
    )
    level *= np.minimum(time_s / max(sound.attack_s, 1e-3), 1)
    released_s = np.maximum(time_s - held_s, 0)
    return (level * np.exp(-4.6 * released_s / sound.release_s)).astype(np.float32)


def _phase(
    f0_hz: float, time_s: np.ndarray, sound: SynthSound, rng: np.random.Generator
) -> np.ndarray:
    """Phase in periods, (n,), kept small enough for float32: pitch with bend and vibrato in closed
    form.
    """
    start, n = rng.random(), len(time_s)
    sample_s = float(time_s[1]) if n > 1 else 0.0
    phase = np.arange(n) * (f0_hz * sample_s) + start
    if sound.bend_semitones:
        bent = sound.bend_semitones * np.log(2) / 12 * sound.bend_s
        phase += f0_hz * bent * (1 - np.exp(-time_s / np.float32(sound.bend_s)))
    if sound.vibrato_cents > 0:
        swing = f0_hz * sound.vibrato_cents / 1200 * np.log(2) / (2 * np.pi * sound.vibrato_hz)
        depth = np.clip((time_s - 0.25) / 0.2, 0, 1)
        phase += swing * depth * np.sin(np.float32(2 * np.pi * sound.vibrato_hz) * time_s)
    return (phase - np.floor(phase)).astype(np.float32)


def _harmonics(f0_hz: float, sound: SynthSound, cutoff_hz: float, sample_rate: int) -> np.ndarray:
    """Amplitudes of harmonics 1 to K below Nyquist: the shape's, through a low-pass of 12 dB per
    octave.
    """
    k = np.arange(1, max(2, int(0.49 * sample_rate / f0_hz) + 1))
    if sound.shape == "organ":
        amp = np.zeros(len(k))
        amp[: len(sound.drawbars)] = sound.drawbars[: len(k)]
    elif sound.shape == "sine":
        amp = (k == 1).astype(float)
    elif sound.shape == "pulse":
        amp = 2 * np.sin(np.pi * k * sound.duty) / k
    else:
        amp = {"saw": 1 / k, "square": (k % 2) * 1.3 / k, "triangle": (k % 2) * 1.2 / k**2}[
            sound.shape
        ]
    ratio = k * f0_hz / cutoff_hz
    bump = 1 + (10 ** (sound.resonance_db / 20) - 1) * np.exp(-np.square(np.log2(ratio) / 0.3))
    return amp * bump / np.sqrt(1 + ratio**4)


def _period(f0_hz: float, sound: SynthSound, cutoff_hz: float, sample_rate: int) -> np.ndarray:
    amp = _harmonics(f0_hz, sound, cutoff_hz, sample_rate)[: TABLE_SIZE // 2]
    spectrum = np.zeros(TABLE_SIZE // 2 + 1, np.complex64)
    spectrum[1 : len(amp) + 1] = -0.5j * TABLE_SIZE * amp
    return fft.irfft(spectrum)


def _from_periods(
    periods: np.ndarray, phase: np.ndarray, time_s: np.ndarray, sound: SynthSound
) -> np.ndarray:
    """(n,) from three periods (3, TABLE_SIZE), bright to dark, faded one into the next as the
    filter closes.
    """
    at = (phase * np.float32(TABLE_SIZE)).astype(np.int32)
    at[at == TABLE_SIZE] = 0
    closed = 2 * (1 - np.exp(-time_s / np.float32(sound.filter_decay_s)))
    wave = np.zeros(len(at), np.float32)
    for k, period in enumerate(periods):
        wave += period[at] * np.maximum(0, 1 - np.abs(closed - k))
    return wave


def _ensemble_loop(
    f0_hz: float, sound: SynthSound, sample_rate: int, rng: np.random.Generator
) -> np.ndarray:
    """Some seconds (N,) of many slightly detuned voices: harmonics spread in frequency, random
    phases, one IFFT.
    """
    n = fft.next_fast_len(int(ENSEMBLE_S * sample_rate), real=True)
    amp = _harmonics(f0_hz, sound, sound.bright_hz, sample_rate)
    spectrum = np.zeros(n // 2 + 1, np.complex64)
    for k, a in enumerate(amp, start=1):
        centre = k * f0_hz * n / sample_rate
        # in bins; a lower bound keeps a voice
        spread = max(centre * (2 ** (sound.detune_cents / 1200) - 1) / 1.5, 0.4)
        low, high = max(0, int(centre - 3 * spread)), min(n // 2, int(centre + 3 * spread) + 2)
        bins = np.arange(low, high)
        shape = np.exp(-0.5 * np.square((bins - centre) / spread))
        power = np.square(shape).sum()
        if power > 0:
            turned = np.exp(2j * np.pi * rng.random(len(bins)))
            spectrum[low:high] += a * n / 2 * shape / np.sqrt(power) * turned
    return fft.irfft(spectrum, n=n)


def _fm(
    phase: np.ndarray, f0_hz: float, time_s: np.ndarray, sound: SynthSound, sample_rate: int
) -> np.ndarray:
    """(n,) carrier modulated by `fm_ratio` times its pitch; ratio and index held to what Nyquist
    leaves room for.
    """
    ratio = sound.fm_ratio
    while ratio > 1 and f0_hz * (1 + 2 * ratio) > 0.48 * sample_rate:
        ratio = max(1.0, ratio / 2 if ratio != 3.5 else 2.0)
    # Carson: (index + 1) * ratio sidebands each way
    room = max(0.0, (0.48 * sample_rate / f0_hz - 1) / ratio - 1)
    index = np.float32(min(sound.fm_index, room)) * np.exp(-time_s / np.float32(sound.fm_decay_s))
    turn = np.float32(2 * np.pi) * phase
    # the modulator needs the unwrapped phase where the ratio is no whole number
    modulator = (
        turn * np.float32(ratio)
        if float(ratio).is_integer()
        else np.float32(2 * np.pi)
        * np.mod(np.arange(len(phase)) * (f0_hz * ratio / sample_rate), 1).astype(np.float32)
    )
    return np.sin(turn + index * np.sin(modulator))


def _sweep(n: int, sound: SynthSound, sample_rate: int, rng: np.random.Generator) -> np.ndarray:
    """Noise (n,) whose band moves from `bright_hz` to `dark_hz`: three bands faded one into the
    next.
    """
    noise = rng.standard_normal(n, dtype=np.float32)
    out = np.zeros(n, np.float32)
    along = np.linspace(0, 2, n, dtype=np.float32)
    for k, centre_hz in enumerate(np.geomspace(sound.bright_hz, sound.dark_hz, 3)):
        out += _band(noise, centre_hz / 1.5, centre_hz * 1.5, sample_rate) * np.maximum(
            0, 1 - np.abs(along - k)
        )
    return out * np.linspace(0.3, 1, n, dtype=np.float32)


def _band(noise: np.ndarray, low_hz: float, high_hz: float, sample_rate: int) -> np.ndarray:
    """(n,) band-passed, second order each side; a limit beyond Nyquist is none."""
    top = 0.48 * sample_rate
    if high_hz >= top:
        sos = signal.butter(2, min(low_hz, 0.9 * top), "highpass", fs=sample_rate, output="sos")
    else:
        sos = signal.butter(2, [low_hz, high_hz], "bandpass", fs=sample_rate, output="sos")
    return signal.sosfilt(sos.astype(np.float32), noise)


# --- drums ----------------------------------------------------------------------------------------
# -----------

# General MIDI drum notes by the sound that serves them
DRUM_NOTES: dict[int, str] = {
    35: "kick",
    36: "kick",
    37: "rim",
    38: "snare",
    39: "clap",
    40: "snare",
    42: "closed_hat",
    44: "closed_hat",
    46: "open_hat",
    49: "crash",
    51: "ride",
    52: "crash",
    53: "ride",
    54: "tambourine",
    55: "crash",
    56: "cowbell",
    57: "crash",
    59: "ride",
    69: "shaker",
    70: "shaker",
    75: "rim",
    76: "rim",
    77: "rim",
    82: "shaker",
    83: "tambourine",
} | {note: "tom" for note in (41, 43, 45, 47, 48, 50, 60, 61, 62, 63, 64, 65, 66)}
N_LAYERS = 4  # of velocity


@dataclass(frozen=True)
class DrumKit:
    """A drum machine's settings; unlisted General MIDI notes sound as its rim."""

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
        """A kit at random, from long 808 kicks over acoustic-like to clicky electronic ones."""
        long_kick = rng.random() < 0.3
        return cls(
            kick_hz=_u(rng, 40, 62),
            kick_top_hz=_log_u(rng, 110, 500),
            kick_drop_s=_u(rng, 0.008, 0.05),
            kick_decay_s=_u(rng, 0.4, 1.0) if long_kick else _u(rng, 0.09, 0.3),
            kick_click=_u(rng, 0, 0.8),
            kick_drive=_log_u(rng, 1, 5),
            snare_hz=_u(rng, 150, 260),
            snare_tone=_u(rng, 0.1, 0.9),
            snare_decay_s=_u(rng, 0.06, 0.3),
            snare_low_hz=_log_u(rng, 500, 3000),
            clap_hz=_u(rng, 900, 2200),
            clap_decay_s=_u(rng, 0.06, 0.25),
            hat_metal=_u(rng, 0, 1),
            hat_hz=_u(rng, 250, 500),
            closed_decay_s=_u(rng, 0.012, 0.05),
            open_decay_s=_u(rng, 0.12, 0.5),
            crash_decay_s=_u(rng, 0.5, 1.4),
            tom_hz=_u(rng, 70, 120),
            tom_decay_s=_u(rng, 0.12, 0.45),
            shaker_s=_u(rng, 0.03, 0.1),
            jingle_hz=_u(rng, 4800, 6800),
            brightness_db=_u(rng, -8, 6),
        )


def play_drums(
    strokes: Sequence[Stroke],
    kit: DrumKit,
    length_s: float,
    sample_rate: int,
    rng: np.random.Generator,
) -> np.ndarray:
    """Drum strokes (General MIDI notes) on a kit, (T,) float32 with T = round(length_s *
    sample_rate).

    One sample per note and velocity layer is rendered per call; a closed hat stops an open one.
    """
    out = np.zeros(round(length_s * sample_rate), np.float32)
    samples: dict[tuple[int, int], np.ndarray] = {}
    closings = np.array(
        sorted(s.start_s for s in strokes if DRUM_NOTES.get(round(s.pitch)) == "closed_hat")
    )
    for stroke in strokes:
        note = round(stroke.pitch)
        layer = min(N_LAYERS - 1, stroke.velocity * N_LAYERS // 128)
        if (note, layer) not in samples:
            samples[note, layer] = _render_drum(note, (layer + 1) / N_LAYERS, kit, sample_rate, rng)
        wave = samples[note, layer]
        if DRUM_NOTES.get(note) == "open_hat":
            later = closings[np.searchsorted(closings, stroke.start_s + 0.01) :]
            if len(later):
                wave = _choke(wave, int((later[0] - stroke.start_s) * sample_rate), sample_rate)
        _add(out, wave, stroke.start_s, sample_rate, (stroke.velocity / 100) ** 1.4)
    return out


def _choke(wave: np.ndarray, n: int, sample_rate: int) -> np.ndarray:
    fade = sample_rate // 200
    if n + fade >= len(wave):
        return wave
    wave = wave[: n + fade].copy()
    wave[n:] *= np.linspace(1, 0, fade, dtype=np.float32)
    return wave


def _render_drum(
    note: int, force: float, kit: DrumKit, sample_rate: int, rng: np.random.Generator
) -> np.ndarray:
    """One hit (n,); a softer `force` (0 to 1) is darker."""
    name = DRUM_NOTES.get(note, "rim")
    wave = _DRUMS[name](kit, note, sample_rate, rng)
    cutoff_hz = 9000 * 10 ** (kit.brightness_db / 20) * (0.35 + 0.65 * force)
    if name not in ("kick", "tom") and cutoff_hz < 0.48 * sample_rate:
        wave = signal.lfilter(*signal.butter(1, cutoff_hz, fs=sample_rate), wave)
    n_fade = min(len(wave), sample_rate // 100)
    wave[-n_fade:] *= np.linspace(1, 0, n_fade, dtype=np.float32)
    return wave.astype(np.float32)


def _time_s(length_s: float, sample_rate: int) -> np.ndarray:
    return np.arange(int(length_s * sample_rate)) / sample_rate


def _noise(time_s: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return rng.standard_normal(len(time_s), dtype=np.float32)


def _falling_sine(time_s: np.ndarray, top_hz: float, end_hz: float, drop_s: float) -> np.ndarray:
    phase = end_hz * time_s + (top_hz - end_hz) * drop_s * (1 - np.exp(-time_s / drop_s))
    return np.sin(2 * np.pi * phase)


def _kick(kit: DrumKit, note: int, sample_rate: int, rng: np.random.Generator) -> np.ndarray:
    time_s = _time_s(min(4 * kit.kick_decay_s, 1.8), sample_rate)
    body = _falling_sine(time_s, kit.kick_top_hz, kit.kick_hz, kit.kick_drop_s) * np.exp(
        -time_s / kit.kick_decay_s
    )
    body = np.tanh(kit.kick_drive * body) / np.tanh(kit.kick_drive)
    return body + kit.kick_click * _noise(time_s, rng) * np.exp(-time_s / 0.003)


def _snare(kit: DrumKit, note: int, sample_rate: int, rng: np.random.Generator) -> np.ndarray:
    time_s = _time_s(5 * kit.snare_decay_s, sample_rate)
    tone = sum(
        _falling_sine(time_s, 1.5 * hz, hz, 0.01) for hz in (kit.snare_hz, 1.6 * kit.snare_hz)
    )
    rattle = _band(_noise(time_s, rng), kit.snare_low_hz, 7500, sample_rate) * np.exp(
        -time_s / kit.snare_decay_s
    )
    return 0.5 * kit.snare_tone * tone * np.exp(-time_s / 0.06) + 0.7 * rattle


def _rim(kit: DrumKit, note: int, sample_rate: int, rng: np.random.Generator) -> np.ndarray:
    time_s = _time_s(0.08, sample_rate)
    ring = np.sin(2 * np.pi * 1.7e3 * time_s) + 0.6 * np.sin(2 * np.pi * 2 * kit.snare_hz * time_s)
    return (ring + 0.5 * _noise(time_s, rng)) * np.exp(-time_s / 0.012) * 0.6


def _clap(kit: DrumKit, note: int, sample_rate: int, rng: np.random.Generator) -> np.ndarray:
    """Three short bursts and a tail, all of one band of noise."""
    time_s = _time_s(5 * kit.clap_decay_s + 0.03, sample_rate)
    level = np.where(time_s > 0.03, np.exp(-(time_s - 0.03) / kit.clap_decay_s), 0)
    for start_s in (0.0, 0.01, 0.02):
        level += np.where(
            (time_s >= start_s) & (time_s < start_s + 0.01), np.exp(-(time_s - start_s) / 0.004), 0
        )
    return (
        _band(_noise(time_s, rng), 0.7 * kit.clap_hz, 1.6 * kit.clap_hz, sample_rate) * level * 1.5
    )


def _metal(
    kit: DrumKit, time_s: np.ndarray, low_hz: float, sample_rate: int, rng: np.random.Generator
) -> np.ndarray:
    """Cymbal without envelope: squares in ratios that do not fit together, and noise, high-passed."""
    ratios = (1.0, 1.342, 1.2312, 1.6532, 1.9523, 2.1523)
    squares = (
        sum(np.sign(np.sin(2 * np.pi * kit.hat_hz * r * time_s + k)) for k, r in enumerate(ratios))
        / 4
    )
    both = kit.hat_metal * squares + (1 - 0.6 * kit.hat_metal) * _noise(time_s, rng)
    return _band(both.astype(np.float32), low_hz, sample_rate, sample_rate)


def _closed_hat(kit: DrumKit, note: int, sample_rate: int, rng: np.random.Generator) -> np.ndarray:
    time_s = _time_s(6 * kit.closed_decay_s, sample_rate)
    return 0.6 * _metal(kit, time_s, 5500, sample_rate, rng) * np.exp(-time_s / kit.closed_decay_s)


def _open_hat(kit: DrumKit, note: int, sample_rate: int, rng: np.random.Generator) -> np.ndarray:
    time_s = _time_s(4 * kit.open_decay_s, sample_rate)
    return 0.55 * _metal(kit, time_s, 5000, sample_rate, rng) * np.exp(-time_s / kit.open_decay_s)


def _crash(kit: DrumKit, note: int, sample_rate: int, rng: np.random.Generator) -> np.ndarray:
    time_s = _time_s(2.5 * kit.crash_decay_s, sample_rate)
    return 0.7 * _metal(kit, time_s, 2500, sample_rate, rng) * np.exp(-time_s / kit.crash_decay_s)


def _ride(kit: DrumKit, note: int, sample_rate: int, rng: np.random.Generator) -> np.ndarray:
    time_s = _time_s(1.2, sample_rate)
    ping = np.sin(2 * np.pi * 3100 * time_s) * np.exp(-time_s / 0.15)
    return 0.35 * _metal(kit, time_s, 4500, sample_rate, rng) * np.exp(-time_s / 0.35) + 0.15 * ping


def _tom(kit: DrumKit, note: int, sample_rate: int, rng: np.random.Generator) -> np.ndarray:
    time_s = _time_s(4 * kit.tom_decay_s, sample_rate)
    hz = kit.tom_hz * 2 ** ((note - 41) / 12)
    body = _falling_sine(time_s, 1.6 * hz, hz, 0.03) * np.exp(-time_s / kit.tom_decay_s)
    return 0.9 * body + 0.15 * _noise(time_s, rng) * np.exp(-time_s / 0.01)


def _shaker(kit: DrumKit, note: int, sample_rate: int, rng: np.random.Generator) -> np.ndarray:
    time_s = _time_s(3 * kit.shaker_s, sample_rate)
    swell = np.minimum(time_s / (0.4 * kit.shaker_s), 1) * np.exp(
        -np.maximum(time_s - 0.4 * kit.shaker_s, 0) * 30
    )
    return 0.5 * _band(_noise(time_s, rng), 4000, 7600, sample_rate) * swell


def _tambourine(kit: DrumKit, note: int, sample_rate: int, rng: np.random.Generator) -> np.ndarray:
    time_s = _time_s(0.3, sample_rate)
    jingle = _band(_noise(time_s, rng), kit.jingle_hz, 1.25 * kit.jingle_hz, sample_rate) * np.exp(
        -time_s / 0.07
    )
    return 0.9 * jingle + 0.2 * _noise(time_s, rng) * np.exp(-time_s / 0.006)


def _cowbell(kit: DrumKit, note: int, sample_rate: int, rng: np.random.Generator) -> np.ndarray:
    time_s = _time_s(0.35, sample_rate)
    tones = sum(np.sign(np.sin(2 * np.pi * hz * time_s)) for hz in (540.0, 800.0))
    return 0.5 * _band(tones.astype(np.float32), 500, 3000, sample_rate) * np.exp(-time_s / 0.07)


_DRUMS: dict[str, Callable[[DrumKit, int, int, np.random.Generator], np.ndarray]] = {
    "kick": _kick,
    "snare": _snare,
    "rim": _rim,
    "clap": _clap,
    "closed_hat": _closed_hat,
    "open_hat": _open_hat,
    "crash": _crash,
    "ride": _ride,
    "tom": _tom,
    "shaker": _shaker,
    "tambourine": _tambourine,
    "cowbell": _cowbell,
}
