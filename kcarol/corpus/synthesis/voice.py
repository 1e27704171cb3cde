"""A singing voice by formant synthesis: a glottal pulse train and noise through moving vocal-tract
resonances.

Source and filter as in G. Fant, "Acoustic Theory of Speech Production", 1960, and D. Klatt,
"Software for a cascade/parallel formant synthesizer", JASA 67, 1980. The source runs in the time
domain (phase accumulation into band-limited tables), the tract is a magnitude response per frame in
the STFT domain, so nothing loops over samples.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy import fft, signal

from kcarol.transcription.lead_sheet import Stroke

CONTROL_HZ = 250  # rate of pitch and level curves: 4 ms
FRAMES_HZ = 125  # rate of the tract: 8 ms a frame, frames of 32 ms
TABLE_SIZE = 2048  # samples of one period
TABLES_PER_OCTAVE = 4
LOWEST_HZ, HIGHEST_HZ = 45.0, 2000.0
STYLES = ("sung", "rap", "choir")

# five formants of a grown man, Hz (F1 to F3 after Peterson and Barney, 1952; Korean /eo/ and /eu/
# among them)
VOWELS: dict[str, tuple[float, float, float, float, float]] = {
    "a": (730, 1220, 2450, 3400, 4500),
    "ae": (640, 1720, 2420, 3450, 4500),
    "e": (480, 1900, 2500, 3500, 4600),
    "i": (285, 2250, 2950, 3600, 4700),
    "o": (450, 830, 2480, 3350, 4400),
    "u": (310, 820, 2280, 3300, 4400),
    "eo": (600, 1020, 2450, 3400, 4500),
    "eu": (360, 1380, 2350, 3350, 4500),
    "schwa": (500, 1500, 2500, 3500, 4500),
}
BANDWIDTHS_HZ = (75.0, 95.0, 130.0, 200.0, 300.0)
# resonances that no vowel moves; without them all above F5 is dull
UPPER_HZ = (5500, 6500, 7500, 8600, 9700, 10800)
UPPER_BANDWIDTH_HZ = 600.0
# vowel pairs that a syllable moves through, plain vowels being the most frequent
NUCLEI: tuple[tuple[str, str], ...] = tuple(
    (v, v) for v in ("a", "a", "eo", "o", "u", "i", "i", "e", "eu", "ae")
) + (
    ("i", "a"),
    ("i", "eo"),
    ("u", "a"),
    ("a", "i"),
    ("e", "i"),
    ("o", "u"),
    ("i", "u"),
    ("u", "e"),
)


@dataclass(frozen=True)
class Consonant:
    length_s: float
    # where F1 to F3 start from; None: where the vowel's are
    locus_hz: tuple[float, float, float] | None
    voiced: float = 0.0  # level of the pulses, a vowel has 1
    noise: float = 0.0  # level of the noise made in the mouth
    centre_hz: float = 4000.0  # of that noise
    width_hz: float = 1500.0
    aspiration: float = 0.0  # level of the noise made in the throat
    closure: float = 0.0  # share of the length that is silent, before a burst


CONSONANTS: dict[str, Consonant] = {
    "m": Consonant(0.075, (270, 1000, 2200), voiced=0.35),
    "n": Consonant(0.07, (270, 1600, 2500), voiced=0.35),
    "l": Consonant(0.06, (360, 1250, 2700), voiced=0.5),
    "r": Consonant(0.05, (380, 1300, 1750), voiced=0.55),
    "b": Consonant(
        0.06, (250, 800, 2200), voiced=0.12, noise=0.15, centre_hz=900, width_hz=800, closure=0.7
    ),
    "d": Consonant(
        0.06, (250, 1750, 2600), voiced=0.12, noise=0.2, centre_hz=4000, width_hz=1800, closure=0.7
    ),
    "g": Consonant(
        0.065, (250, 1900, 2300), voiced=0.12, noise=0.2, centre_hz=2000, width_hz=800, closure=0.7
    ),
    "p": Consonant(
        0.09,
        (300, 800, 2200),
        noise=0.3,
        centre_hz=1000,
        width_hz=900,
        aspiration=0.25,
        closure=0.55,
    ),
    "t": Consonant(
        0.09,
        (300, 1750, 2600),
        noise=0.4,
        centre_hz=4500,
        width_hz=2000,
        aspiration=0.2,
        closure=0.55,
    ),
    "k": Consonant(
        0.09,
        (300, 1900, 2300),
        noise=0.4,
        centre_hz=2200,
        width_hz=900,
        aspiration=0.25,
        closure=0.55,
    ),
    "ch": Consonant(
        0.11, (300, 1900, 2700), noise=0.45, centre_hz=3500, width_hz=1300, closure=0.4
    ),
    "s": Consonant(0.11, (300, 1700, 2600), noise=0.4, centre_hz=6300, width_hz=1500),
    "sh": Consonant(0.11, (300, 1900, 2600), noise=0.4, centre_hz=3600, width_hz=1200),
    "f": Consonant(0.09, (300, 1000, 2300), noise=0.12, centre_hz=5000, width_hz=4000),
    "h": Consonant(0.07, None, aspiration=0.4),
    "y": Consonant(0.05, (285, 2200, 2900), voiced=0.7),
    "w": Consonant(0.05, (310, 750, 2250), voiced=0.7),
}
CODAS = ("n", "m", "l", "k", "s")


@dataclass(frozen=True)
class Singer:
    """One person's way of singing."""

    tract: float = 1.0  # factor on the formants: 1 man, 1.17 woman, 1.3 child
    speech_midi: float = 48.0  # centre of the speaking voice, for rap
    tilt_db: float = -2.0  # per octave above 500 Hz, on top of the pulse train's -6 dB
    breathiness: float = 0.06
    bandwidth: float = 1.0  # factor on the formants' bandwidths
    ring_db: float = 4.0  # boost of the singer's formant near 3 kHz
    vibrato_hz: float = 5.5
    vibrato_cents: float = 40.0
    vibrato_delay_s: float = 0.25
    glide_s: float = 0.07  # portamento from note to note
    scoop_cents: float = 100.0  # how far below a note after a rest is begun
    scoop_chance: float = 0.35
    intonation_cents: float = 8.0  # standard deviation of a note's error
    drift_cents: float = 6.0  # slow wandering
    jitter_cents: float = 4.0  # fast wandering
    shimmer: float = 0.04  # fast wandering of the level
    melisma: float = 0.15  # share of connected notes without a consonant
    coda_chance: float = 0.25
    consonant_level: float = 1.0
    breath_level: float = 0.03
    attack_s: float = 0.03
    release_s: float = 0.06

    @classmethod
    def draw(cls, rng: np.random.Generator, kind: str | None = None) -> Singer:
        """A singer at random; `kind` "male", "female", "child" or None. One in five sings through
        pitch correction.
        """
        kind = kind or str(rng.choice(["male", "female", "child"], p=[0.43, 0.5, 0.07]))
        if kind not in ("male", "female", "child"):
            raise ValueError(
                f"expected kind male, female, child or None, found {kind!r}: name one of them"
            )
        tract, speech = {"male": (1.0, 46.0), "female": (1.16, 57.0), "child": (1.3, 61.0)}[kind]
        corrected = rng.random() < 0.2
        return cls(
            tract=float(tract * rng.uniform(0.93, 1.07)),
            speech_midi=float(speech + rng.uniform(-4, 4)),
            tilt_db=float(rng.uniform(-4, 4)),
            breathiness=float(np.exp(rng.uniform(np.log(0.03), np.log(0.5)))),
            bandwidth=float(rng.uniform(0.7, 1.6)),
            ring_db=float(rng.uniform(0, 9)),
            vibrato_hz=float(rng.uniform(4.5, 6.5)),
            vibrato_cents=0.0 if corrected or rng.random() < 0.2 else float(rng.uniform(15, 80)),
            vibrato_delay_s=float(rng.uniform(0.1, 0.6)),
            glide_s=float(rng.uniform(0.004, 0.02) if corrected else rng.uniform(0.03, 0.12)),
            scoop_cents=float(rng.uniform(30, 250)),
            scoop_chance=0.0 if corrected else float(rng.uniform(0, 0.6)),
            intonation_cents=0.0 if corrected else float(rng.uniform(2, 15)),
            drift_cents=0.0 if corrected else float(rng.uniform(2, 12)),
            jitter_cents=float(rng.uniform(0.5, 1.5) if corrected else rng.uniform(1, 8)),
            shimmer=float(rng.uniform(0.01, 0.08)),
            melisma=float(rng.uniform(0, 0.5)),
            coda_chance=float(rng.uniform(0, 0.5)),
            consonant_level=float(rng.uniform(0.35, 1.3)),
            breath_level=float(rng.uniform(0, 0.08)),
            attack_s=float(rng.uniform(0.015, 0.06)),
            release_s=float(rng.uniform(0.03, 0.12)),
        )


@dataclass(frozen=True)
class Syllable:
    """One note with its sounds: `consonant` before `start_s`, the vowels until `end_s`, the coda
    within the end.
    """

    start_s: float
    end_s: float
    pitch: float
    level: float
    consonant: str | None
    consonant_s: float
    nucleus: tuple[str, str]
    coda: str | None
    after_rest: bool


def sing(
    strokes: Sequence[Stroke],
    length_s: float,
    sample_rate: int,
    rng: np.random.Generator,
    singer: Singer | None = None,
    style: str = "sung",
) -> np.ndarray:
    """Strokes sung by one voice, (T,) float32 with T = round(length_s * sample_rate), about .1 rms
    while sounding.

    `style` "sung": syllables on the strokes' pitches, vowels beginning on time, consonants before.
    "rap": the same rhythm in a falling speaking voice, the pitches not kept. "choir": several
    singers a line on one vowel. Strokes sounding together are split into lines of one voice each.
    Raises ValueError for another style.
    """
    if style not in STYLES:
        raise ValueError(
            f"expected style of {', '.join(STYLES)}, found {style!r}: choose one of them"
        )
    n_samples = round(length_s * sample_rate)
    singer = singer or Singer.draw(rng)
    lines = split_lines([s for s in strokes if s.start_s < length_s and s.length_s > 0.01])
    out = np.zeros(n_samples, np.float32)
    if not lines:
        return out
    if style == "choir":
        out += _choir(lines, n_samples, sample_rate, rng, singer)
    else:
        for line in lines:
            out += _sing_line(line, n_samples, sample_rate, rng, singer, style)
    active = np.abs(out) > 0.02 * max(float(np.abs(out).max()), 1e-9)
    return out * np.float32(
        0.1 / max(float(np.sqrt(np.square(out[active]).mean())) if active.any() else 1.0, 1e-6)
    )


def split_lines(strokes: Sequence[Stroke]) -> list[list[Stroke]]:
    """Strokes as lines of one note at a time; small overlaps (up to 80 ms or half the note) are
    cut, not split off.
    """
    lines: list[list[Stroke]] = []
    for stroke in sorted(strokes, key=lambda s: (s.start_s, -s.pitch)):
        for line in lines:
            last = line[-1]
            kept_s = stroke.start_s - last.start_s
            if kept_s >= last.length_s - max(0.08, last.length_s / 2) and kept_s > 0.03:
                line[-1] = replace(last, length_s=min(last.length_s, kept_s))
                line.append(stroke)
                break
        else:
            lines.append([stroke])
    return lines


# --- what is sung
# --------------------------------------------------------------------------------------------


def plan_syllables(
    line: Sequence[Stroke], rng: np.random.Generator, singer: Singer, style: str = "sung"
) -> list[Syllable]:
    """Text for a line of notes: consonants, vowels and codas drawn at random, a hook repeated now
    and then.
    """
    names = list(CONSONANTS)
    melisma = 0.0 if style == "rap" else singer.melisma
    nuclei = [NUCLEI[k] for k in rng.integers(len(NUCLEI), size=len(line))]
    if rng.random() < 0.15:  # "la la la"
        nuclei, names = [nuclei[0]] * len(line), [str(rng.choice(names))]
    onsets: list[tuple[str | None, float]] = []
    for k, stroke in enumerate(line):
        room_s = stroke.start_s - line[k - 1].start_s if k else stroke.start_s
        connected = k > 0 and stroke.start_s - line[k - 1].start_s - line[k - 1].length_s < 0.05
        if (connected and rng.random() < melisma) or rng.random() < 0.07:
            onsets.append((None, 0.0))
            nuclei[k] = nuclei[k - 1] if connected else nuclei[k]
        else:
            name = names[rng.integers(len(names))]
            onsets.append(
                (name, min(CONSONANTS[name].length_s * rng.uniform(0.7, 1.4), 0.4 * room_s))
            )
    syllables = []
    for k, stroke in enumerate(line):
        end_s = stroke.start_s + stroke.length_s
        if k + 1 < len(line):
            end_s = min(end_s, line[k + 1].start_s - onsets[k + 1][1])
        end_s = max(end_s, stroke.start_s + 0.03)
        sings_on = k + 1 < len(line) and onsets[k + 1][0] is None
        coda = (
            str(rng.choice(CODAS)) if not sings_on and rng.random() < singer.coda_chance else None
        )
        rest_s = stroke.start_s - syllables[-1].end_s if syllables else 9.0
        coda = coda if end_s - stroke.start_s > 0.18 else None
        level = (stroke.velocity / 100) ** 1.3
        syllables.append(
            Syllable(
                stroke.start_s,
                end_s,
                stroke.pitch,
                level,
                *onsets[k],
                nuclei[k],
                coda,
                rest_s > 0.15,
            )
        )
    return syllables


# --- pitch and level
# -----------------------------------------------------------------------------------------


def pitch_curve(
    syllables: Sequence[Syllable], n: int, rng: np.random.Generator, singer: Singer
) -> np.ndarray:
    """MIDI pitch (n,) at CONTROL_HZ: steps with glides and scoops, vibrato, drift and jitter."""
    times, pitches = [-1.0], [syllables[0].pitch]
    for s in syllables:
        goal = s.pitch + rng.normal(0, 1) * singer.intonation_cents / 100
        length_s = s.end_s - s.start_s
        glide_s = min(singer.glide_s * rng.uniform(0.6, 1.4), 0.5 * length_s)
        if s.after_rest:
            scoops = rng.random() < singer.scoop_chance
            below = singer.scoop_cents / 100 * rng.uniform(0.5, 1.2) if scoops else 0.1
            times += [
                s.start_s - s.consonant_s - 0.01,
                s.start_s + min(2 * glide_s, 0.3 * length_s),
            ]
            pitches += [goal - below, goal]
        else:
            times += [s.start_s - 0.5 * glide_s, s.start_s + 0.5 * glide_s]
            pitches += [pitches[-1], goal]
        times.append(max(s.end_s, times[-1] + 1e-3))
        pitches.append(goal)
    control_s = np.arange(n) / CONTROL_HZ
    curve = np.interp(control_s, np.maximum.accumulate(times), pitches)
    curve = _smooth(curve, max(3, int(singer.glide_s * CONTROL_HZ * 0.5)))
    curve += _vibrato(syllables, control_s, rng, singer)
    curve += singer.drift_cents / 100 * _wander(n, 1.0, rng)
    return curve + singer.jitter_cents / 100 * _wander(n, 25.0, rng)


def _vibrato(
    syllables: Sequence[Syllable], control_s: np.ndarray, rng: np.random.Generator, singer: Singer
) -> np.ndarray:
    """Semitones (n,): each note's vibrato begins after the singer's delay and grows over 200 ms."""
    depth = np.zeros(len(control_s))
    if singer.vibrato_cents == 0:
        return depth
    for s in syllables:
        delay_s = singer.vibrato_delay_s * rng.uniform(0.7, 1.3)
        if s.end_s - s.start_s > delay_s + 0.1:
            first, last = int((s.start_s + delay_s) * CONTROL_HZ), int(s.end_s * CONTROL_HZ)
            grown = np.clip(np.arange(len(depth[first:last])) / (0.2 * CONTROL_HZ), 0, 1)
            depth[first:last] = grown * singer.vibrato_cents / 100 * rng.uniform(0.6, 1.2)
    rate_hz = singer.vibrato_hz * (1 + 0.06 * _wander(len(control_s), 2.0, rng))
    return _smooth(depth, 9) * np.sin(2 * np.pi * np.cumsum(rate_hz) / CONTROL_HZ)


def rap_curve(
    syllables: Sequence[Syllable], n: int, rng: np.random.Generator, singer: Singer
) -> np.ndarray:
    """MIDI pitch (n,) at CONTROL_HZ of speech: each syllable falls, each phrase sinks, some words
    are stressed.
    """
    times, pitches = [-1.0], [singer.speech_midi]
    sunk = 0.0
    for s in syllables:
        sunk = 0.0 if s.after_rest else sunk - rng.uniform(0, 0.5)
        top = singer.speech_midi + max(sunk, -4) + rng.normal(1.5, 1.5) + 3 * (rng.random() < 0.2)
        times += [max(s.start_s - s.consonant_s, times[-1] + 1e-3), s.end_s]
        pitches += [top, top - rng.uniform(1, 5)]
    curve = _smooth(np.interp(np.arange(n) / CONTROL_HZ, np.maximum.accumulate(times), pitches), 11)
    return curve + 0.3 * _wander(n, 6.0, rng) + singer.jitter_cents / 50 * _wander(n, 30.0, rng)


@dataclass
class Levels:
    """Level curves at CONTROL_HZ, (n,) each."""

    voiced: np.ndarray
    aspiration: np.ndarray
    noise: np.ndarray
    breath: np.ndarray


def level_curves(
    syllables: Sequence[Syllable], n: int, rng: np.random.Generator, singer: Singer
) -> Levels:
    """How loud pulses, throat noise and mouth noise are, from the syllables' sounds."""
    levels = Levels(*(np.zeros(n) for _ in range(4)))
    for k, s in enumerate(syllables):
        _lay_vowel(levels.voiced, s, singer, syllables[k + 1] if k + 1 < len(syllables) else None)
        if s.consonant is not None:
            _lay_consonant(
                levels,
                CONSONANTS[s.consonant],
                s.start_s - s.consonant_s,
                s.consonant_s,
                s.level,
                singer,
            )
        if s.coda is not None:
            coda = CONSONANTS[s.coda]
            _lay_consonant(
                levels,
                coda,
                s.end_s - 0.8 * coda.length_s,
                0.8 * coda.length_s,
                0.6 * s.level,
                singer,
            )
        rest_s = s.start_s - s.consonant_s - (syllables[k - 1].end_s if k else 0.0)
        if rest_s > 0.35 and rng.random() < 0.7:
            breath_s = min(0.35, 0.6 * rest_s) * rng.uniform(0.6, 1.0)
            part = _span(levels.breath, s.start_s - s.consonant_s - breath_s - 0.05, breath_s)
            part += singer.breath_level * np.hanning(len(part) + 2)[1:-1] * rng.uniform(0.4, 1.2)
    levels.voiced = _smooth(levels.voiced, 4) * (1 + singer.shimmer * _wander(n, 20.0, rng))
    levels.aspiration += levels.voiced * singer.breathiness
    return levels


def _span(curve: np.ndarray, start_s: float, length_s: float) -> np.ndarray:
    first = max(0, round(start_s * CONTROL_HZ))
    return curve[first : max(first + 1, round((start_s + length_s) * CONTROL_HZ))]


def _lay_vowel(voiced: np.ndarray, s: Syllable, singer: Singer, following: Syllable | None) -> None:
    """Rise, slow fall, release; a note sung on without consonant keeps its end up."""
    length_s = s.end_s - s.start_s
    sings_on = (
        following is not None and following.consonant is None and following.start_s - s.end_s < 0.05
    )
    part = _span(
        voiced, s.start_s, length_s + (0.0 if not sings_on else following.start_s - s.end_s)
    )
    time_s = np.arange(len(part)) / CONTROL_HZ
    soft = s.consonant is None and not s.after_rest
    shape = np.clip(time_s / min(singer.attack_s, 0.3 * length_s) + (0.75 if soft else 0.15), 0, 1)
    shape *= 1 - 0.25 * np.clip(time_s / max(length_s, 1.0), 0, 1)
    if not sings_on:
        shape *= np.clip((length_s - time_s) / min(singer.release_s, 0.4 * length_s), 0, 1)
    np.maximum(part, s.level * shape, out=part)


def _lay_consonant(
    levels: Levels, sound: Consonant, start_s: float, length_s: float, level: float, singer: Singer
) -> None:
    gain = level * singer.consonant_level
    voiced = _span(levels.voiced, start_s, length_s)
    voiced[:] = sound.voiced * level
    burst_s = length_s * (1 - sound.closure)
    burst = _span(levels.noise, start_s + length_s - burst_s, burst_s)
    fade = (
        np.linspace(1, 0.2, len(burst))
        if sound.closure
        else np.sin(np.linspace(0.25, 1, len(burst)) * np.pi) ** 0.5
    )
    burst[:] = np.maximum(burst, gain * sound.noise * np.nan_to_num(fade))
    if sound.aspiration:
        part = _span(levels.aspiration, start_s + length_s - burst_s, burst_s + 0.02)
        part[:] = np.maximum(part, gain * sound.aspiration * np.linspace(1, 0.5, len(part)))


def _smooth(curve: np.ndarray, n: int) -> np.ndarray:
    """(n,) moved by a Hann window of n points, ends held."""
    window = np.hanning(n + 2)[1:-1]
    padded = np.pad(curve, (n // 2, n - 1 - n // 2), mode="edge")
    return np.convolve(padded, window / window.sum(), mode="valid")


def _wander(n: int, rate_hz: float, rng: np.random.Generator) -> np.ndarray:
    """(n,) at CONTROL_HZ of noise of unit deviation that changes about `rate_hz` times a second."""
    n_knots = int(n / CONTROL_HZ * rate_hz) + 3
    return np.interp(
        np.arange(n) * rate_hz / CONTROL_HZ, np.arange(n_knots), rng.normal(0, 1.2, n_knots)
    )


# --- source
# --------------------------------------------------------------------------------------------------


def _pulse_tables(sample_rate: int) -> np.ndarray:
    """(K, TABLE_SIZE) periods of the glottal flow's derivative, harmonics falling by 6 dB per
    octave.

    Table k serves pitches up to LOWEST_HZ * 2**((k + 1) / TABLES_PER_OCTAVE) and holds what is
    below Nyquist there.
    """
    n_tables = int(np.ceil(np.log2(HIGHEST_HZ / LOWEST_HZ) * TABLES_PER_OCTAVE))
    spectra = np.zeros((n_tables, TABLE_SIZE // 2 + 1), np.complex64)
    for k, spectrum in enumerate(spectra):
        top_hz = LOWEST_HZ * 2 ** ((k + 1) / TABLES_PER_OCTAVE)
        harmonics = np.arange(1, max(2, int(0.98 * sample_rate / 2 / top_hz) + 1))
        spectrum[harmonics] = -0.5j * TABLE_SIZE / harmonics
    return fft.irfft(spectra, axis=1)


_tables: dict[int, np.ndarray] = {}  # by sample rate, filled on first use


def pulse_train(
    f0_hz: np.ndarray, sample_rate: int, start: float = 0.0
) -> tuple[np.ndarray, np.ndarray]:
    """Band-limited pulses (T,) of a pitch given per sample (T,) in Hz, and their phase (T,) in
    periods.
    """
    if sample_rate not in _tables:
        _tables[sample_rate] = _pulse_tables(sample_rate)
    tables = _tables[sample_rate]
    phase = start + np.cumsum(f0_hz, dtype=np.float64) / sample_rate
    phase -= np.floor(phase)
    octave = np.log2(np.maximum(f0_hz, LOWEST_HZ) / np.float32(LOWEST_HZ)) * TABLES_PER_OCTAVE
    row = np.minimum(octave.astype(np.int32), len(tables) - 1) * TABLE_SIZE
    # 2048 points a period: the nearest one is within -60 dB
    at = (phase * TABLE_SIZE).astype(np.int32)
    return tables.ravel()[row + at], phase


def _to_samples(curve: np.ndarray, n_samples: int, sample_rate: int) -> np.ndarray:
    """(n,) at CONTROL_HZ to (T,) float32."""
    step = CONTROL_HZ / sample_rate
    return np.interp(np.arange(n_samples) * step, np.arange(len(curve)), curve).astype(np.float32)


def _hz(midi: np.ndarray) -> np.ndarray:
    return np.clip(440.0 * 2 ** ((midi - 69) / 12), LOWEST_HZ, HIGHEST_HZ)


# --- tract ----------------------------------------------------------------------------------------
# -----------


def formant_tracks(syllables: Sequence[Syllable], n_frames: int, singer: Singer) -> np.ndarray:
    """Formants (5, n_frames) in Hz: from the consonant's locus over both vowels to the coda's, 50
    ms a move.
    """
    times, targets = [-1.0], [VOWELS["schwa"]]
    for s in syllables:
        first, second = (VOWELS[v] for v in s.nucleus)
        length_s = s.end_s - s.start_s
        if s.consonant is not None and CONSONANTS[s.consonant].locus_hz:
            locus = (*CONSONANTS[s.consonant].locus_hz, *first[3:])
            times += [s.start_s - 0.7 * s.consonant_s, s.start_s - 0.1 * s.consonant_s]
            targets += [locus, locus]
        times += [s.start_s + min(0.045, 0.3 * length_s), s.start_s + 0.35 * length_s]
        targets += [first, first]
        times += [
            s.start_s + min(0.35 * length_s + 0.12, 0.75 * length_s),
            s.end_s - min(0.06, 0.2 * length_s),
        ]
        targets += [second, second]
        if s.coda is not None:
            times.append(s.end_s - 0.02)
            targets.append((*CONSONANTS[s.coda].locus_hz, *second[3:]))
    times = np.maximum.accumulate(np.asarray(times) + 1e-6 * np.arange(len(times)))
    frame_s = np.arange(n_frames) / FRAMES_HZ
    return singer.tract * np.stack(
        [np.interp(frame_s, times, track) for track in np.array(targets, float).T]
    )


def tract_response(
    formants_hz: np.ndarray,
    f0_hz: np.ndarray,
    effort: np.ndarray,
    sample_rate: int,
    n_fft: int,
    singer: Singer,
) -> np.ndarray:
    """Magnitude response (n_frames, 1 + n_fft // 2): five resonances in cascade, tilt by effort,
    singer's formant.

    `formants_hz` (5, n_frames), `f0_hz` and `effort` (n_frames,). F1 never lies below the pitch, as
    singers take care. Each frame is set to the same energy for a source falling by 6 dB per octave.
    """
    bins_hz = np.maximum(fft.rfftfreq(n_fft, 1 / sample_rate), 20.0).astype(np.float32)
    squared = bins_hz**2
    tracks = formants_hz.astype(np.float32).copy()
    tracks[0] = np.maximum(tracks[0], 1.05 * f0_hz)
    tracks[1] = np.maximum(tracks[1], tracks[0] + 200)
    response = np.ones((tracks.shape[1], len(bins_hz)), np.float32)
    for track, width_hz in zip(tracks, BANDWIDTHS_HZ, strict=True):
        centre = (track**2)[:, None]
        wide = np.float32((width_hz * singer.bandwidth) ** 2) * squared
        response *= np.square(centre - squared) + wide
        response *= 1 / np.square(centre)
    octaves = np.log2(np.maximum(bins_hz / 500, 1)).astype(np.float32)
    tilt = np.float32(singer.tilt_db / 6.02) + np.clip(effort, -1, 1).astype(np.float32)
    response = np.exp2(tilt[:, None] * octaves) / np.sqrt(response)
    response *= _fixed_response(bins_hz.astype(float), singer).astype(np.float32)
    weight = (1 / (bins_hz + 100) ** 2).astype(np.float32)
    return response / np.sqrt(np.square(response) @ (weight / weight.sum()))[:, None]


def _fixed_response(bins_hz: np.ndarray, singer: Singer) -> np.ndarray:
    """What all frames share, one magnitude a bin: the singer's formant and the resonances above the
    fifth.
    """
    ring = singer.ring_db * np.exp(-(((bins_hz - 2900 * singer.tract) / 500) ** 2))
    gain = 10 ** (ring / 20)
    for centre_hz in np.array(UPPER_HZ) * singer.tract:
        squared = np.square(centre_hz**2 - bins_hz**2) + (UPPER_BANDWIDTH_HZ * bins_hz) ** 2
        gain *= centre_hz**2 / np.sqrt(squared)
    return gain


def _frames(
    wave: np.ndarray, n_fft: int, hop: int, n_frames: int, window: np.ndarray
) -> np.ndarray:
    padded = np.zeros((n_frames - 1) * hop + n_fft, np.float32)
    padded[n_fft // 2 : n_fft // 2 + len(wave)] = wave
    return fft.rfft(np.lib.stride_tricks.sliding_window_view(padded, n_fft)[::hop] * window, axis=1)


def _overlap_add(
    spectrum: np.ndarray, n_fft: int, hop: int, n_samples: int, window: np.ndarray
) -> np.ndarray:
    frames = fft.irfft(spectrum, n=n_fft, axis=1) * (window / np.float32(n_fft / hop / 2))
    n_parts = n_fft // hop
    out = np.zeros((len(frames) + n_parts - 1, hop), np.float32)
    for part in range(n_parts):
        out[part : part + len(frames)] += frames[:, part * hop : (part + 1) * hop]
    return out.ravel()[n_fft // 2 : n_fft // 2 + n_samples]


def _shape(sizes: int, sample_rate: int) -> tuple[int, int, int, np.ndarray]:
    """n_fft, hop, number of frames for T samples, and the square root of a Hann window."""
    hop = sample_rate // FRAMES_HZ
    n_fft = 4 * hop
    return (
        n_fft,
        hop,
        1 + sizes // hop + 1,
        np.sqrt(signal.get_window("hann", n_fft)).astype(np.float32),
    )


# --- together
# ------------------------------------------------------------------------------------------------


def _sing_line(
    line: Sequence[Stroke],
    n_samples: int,
    sample_rate: int,
    rng: np.random.Generator,
    singer: Singer,
    style: str,
) -> np.ndarray:
    syllables = plan_syllables(line, rng, singer, style)
    n = int(n_samples / sample_rate * CONTROL_HZ) + 2
    curve = (rap_curve if style == "rap" else pitch_curve)(syllables, n, rng, singer)
    levels = level_curves(syllables, n, rng, singer)
    f0_hz = _hz(curve)
    pulses, phase = pulse_train(_to_samples(f0_hz, n_samples, sample_rate), sample_rate)
    hiss = rng.standard_normal(n_samples, dtype=np.float32)
    voiced = _to_samples(levels.voiced, n_samples, sample_rate)
    # breath is strongest while the glottis closes: its level follows the phase where there is a
    # voice
    gate = (
        1 - np.abs(2 * phase.astype(np.float32) - 1) * np.minimum(voiced * 2, 0.9)
    ) * np.float32(0.6)
    source = pulses * voiced + hiss * gate * _to_samples(
        levels.aspiration + levels.breath, n_samples, sample_rate
    )

    n_fft, hop, n_frames, window = _shape(n_samples, sample_rate)
    at = np.minimum(np.arange(n_frames) * CONTROL_HZ // FRAMES_HZ, n - 1)
    effort = 1.2 * (_smooth(levels.voiced, 25)[at] - 0.8)
    tract = tract_response(
        formant_tracks(syllables, n_frames, singer), f0_hz[at], effort, sample_rate, n_fft, singer
    )
    spectrum = _frames(source, n_fft, hop, n_frames, window) * tract
    _add_mouth_noise(
        spectrum,
        hiss * _to_samples(levels.noise, n_samples, sample_rate),
        syllables,
        n_fft,
        hop,
        window,
    )
    return _overlap_add(spectrum, n_fft, hop, n_samples, window)


def _add_mouth_noise(
    spectrum: np.ndarray,
    noise: np.ndarray,
    syllables: Sequence[Syllable],
    n_fft: int,
    hop: int,
    window: np.ndarray,
) -> None:
    """Adds bursts and fricatives to (n_frames, 1 + n_fft // 2): noise about each consonant's
    centre.
    """
    bins_hz = np.arange(spectrum.shape[1], dtype=np.float32) * np.float32(hop * FRAMES_HZ / n_fft)
    padded = np.zeros((len(spectrum) - 1) * hop + n_fft, np.float32)
    padded[n_fft // 2 : n_fft // 2 + len(noise)] = noise
    frames = np.lib.stride_tricks.sliding_window_view(padded, n_fft)[::hop]
    for s in syllables:
        sounds = [
            (s.consonant, s.start_s - s.consonant_s, s.start_s),
            (s.coda, s.end_s - 0.12, s.end_s),
        ]
        for name, from_s, to_s in sounds:
            if name is None or CONSONANTS[name].noise == 0:
                continue
            sound = CONSONANTS[name]
            mouth = np.exp(-np.square((bins_hz - sound.centre_hz) / sound.width_hz)) + 0.02
            span = slice(max(0, int(from_s * FRAMES_HZ) - 1), max(0, int(to_s * FRAMES_HZ) + 3))
            spectrum[span] += fft.rfft(frames[span] * window, axis=1) * mouth.astype(np.float32)


def _choir(
    lines: Sequence[Sequence[Stroke]],
    n_samples: int,
    sample_rate: int,
    rng: np.random.Generator,
    singer: Singer,
) -> np.ndarray:
    """All lines on one vowel ("aah", "ooh", "mm"-like or moving), two or three singers a line,
    through one tract.
    """
    n = int(n_samples / sample_rate * CONTROL_HZ) + 2
    source, n_singers = np.zeros(n_samples, np.float32), int(rng.integers(2, 4))
    hiss = rng.standard_normal(n_samples, dtype=np.float32)
    calm = replace(
        singer, melisma=0.0, coda_chance=0.0, scoop_chance=0.1, attack_s=0.08, release_s=0.15
    )
    f0_hz = np.zeros(n)
    for line in lines[:6]:
        plain = [
            Syllable(
                s.start_s,
                s.start_s + s.length_s,
                s.pitch,
                (s.velocity / 100) ** 1.3,
                None,
                0.0,
                ("a", "a"),
                None,
                True,
            )
            for s in line
        ]
        for _ in range(n_singers):
            off = replace(
                calm, vibrato_hz=calm.vibrato_hz * rng.uniform(0.9, 1.1), intonation_cents=10.0
            )
            late_s = rng.normal(0, 0.015)
            moved = [
                replace(s, start_s=max(0, s.start_s + late_s), end_s=s.end_s + late_s)
                for s in plain
            ]
            hz = _hz(pitch_curve(moved, n, rng, off) + rng.normal(0, 0.06))
            levels = level_curves(moved, n, rng, replace(off, breath_level=0.0))
            pulses, _ = pulse_train(
                _to_samples(hz, n_samples, sample_rate), sample_rate, start=rng.random()
            )
            source += (pulses + singer.breathiness * hiss) * _to_samples(
                levels.voiced, n_samples, sample_rate
            )
        f0_hz = np.maximum(f0_hz, hz * (levels.voiced > 0.01))
    n_fft, hop, n_frames, window = _shape(n_samples, sample_rate)
    vowel = str(rng.choice(["a", "u", "o", "a", "eo"]))
    held = [
        Syllable(0.1, n_samples / sample_rate, 60.0, 1.0, None, 0.0, (vowel, vowel), None, True)
    ]
    at = np.minimum(np.arange(n_frames) * CONTROL_HZ // FRAMES_HZ, n - 1)
    tract = tract_response(
        formant_tracks(held, n_frames, singer),
        f0_hz[at],
        np.full(n_frames, -0.4),
        sample_rate,
        n_fft,
        singer,
    )
    return _overlap_add(
        _frames(source, n_fft, hop, n_frames, window) * tract, n_fft, hop, n_samples, window
    )
