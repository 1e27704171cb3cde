"""Spoken syllables to sing with: Korean, English and Japanese by espeak-ng, analysed by WORLD.

WORLD (see `kcarol.synthesis.world`) gives pitch, spectral envelope and aperiodicity every 5 ms, so
that pitch and timing can be changed. espeak-ng (GPL-3) runs as a separate program, see `espeak.py`;
no part of either is shipped.
"""

from __future__ import annotations

import functools
import importlib.util
import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy import ndimage, signal

from kcarol.config import install_command
from kcarol.corpus.draws import pick
from kcarol.corpus.tables import read_table
from kcarol.synthesis.render import RenderError
from kcarol.synthesis.world import world

SAMPLE_RATE = 16_000  # Hz, of analysis and synthesis
FRAME_S = 0.005
N_FFT = 512  # for pitches above 94 Hz; synthesis is twice as fast as with 1024
SPEED_WPM, PITCH = 135, 74  # of espeak-ng: vowels of some .25 s, men near 115 Hz
LOWEST_HZ, HIGHEST_HZ = 75.0, 500.0  # of a speaker's pitch
RANGE_LOG = 18.0  # of log power: 78 dB below a syllable's highest value is as good as silent
# espeak-ng's resonances are sharper and its valleys deeper than a real tract's: some of each peak
# leaks to its surroundings, -15 dB over some 440 Hz
LEAK, LEAK_BINS = 0.03, 14.0
FEWEST_UNITS = 20


@dataclass(frozen=True)
class Speaker:
    """A voice of espeak-ng, "language+variant"; `tract`: its formants relative to a man's."""

    voice: str
    tract: float

    @property
    def language(self) -> str:
        return self.voice.split("-")[0].split("+")[0]


def _speakers(text: str) -> tuple[Speaker, ...]:
    rows = (row.split() for row in text.split(","))
    return tuple(Speaker(voice, float(tract)) for voice, tract in rows)


TRAINING_SPEAKERS = _speakers(
    "ko 1, ko+m2 1.02, ko+m3 .96, ko+m4 1.06, ko+Gene .9, ko+Alex 1.02, ko+max 1, ko+pablo 1.08,"
    "ko+klatt4 .96, ko+Diogo .92, en-us+m1 1.02, en-gb-x-rp+m5 1.04, en-us+Mike .98, ja+m7 .95,"
    "ko+f1 1.12, ko+f2 1.14, ko+f3 1.24, ko+aunty 1.24, ko+Annie 1.3, ko+belinda 1.26,"
    "ko+shelby 1.3, ko+steph 1.1, en-us+f2 1.14, en-gb-x-rp+f4 1.24, en-us+linda 1.24,"
    "en-gb-scotland+f1 1.12, ja+f3 1.24"
)
VALIDATION_SPEAKERS = _speakers("ko+john 1, en-us+Michael .92, ko+f5 1.14, en-us+Alicia 1.3")

INITIALS = "ㄱㄲㄴㄷㄸㄹㅁㅂㅃㅅㅆㅇㅈㅉㅊㅋㅌㅍㅎ"
VOWELS = "ㅏㅐㅑㅒㅓㅔㅕㅖㅗㅘㅙㅚㅛㅜㅝㅞㅟㅠㅡㅢㅣ"
FINALS = {"": 0, "ㄱ": 1, "ㄴ": 4, "ㄹ": 8, "ㅁ": 16, "ㅇ": 21}
N_KOREAN = 46


def hangul(initial: str, vowel: str, final: str = "") -> str:
    """One syllable as Unicode composes it (The Unicode Standard, section 3.12)."""
    vowel_index = INITIALS.index(initial) * len(VOWELS) + VOWELS.index(vowel)
    return chr(0xAC00 + vowel_index * 28 + FINALS[final])


def texts(language: str) -> tuple[str, ...]:
    """Different syllables of "ko", "en" or "ja", always the same ones."""
    table = read_table("synthesis", "spoken.ini")
    if language != "ko":
        return tuple(table["syllables"][language].split())
    rng = np.random.default_rng(11)
    korean = table["korean"]
    syllables = [hangul("ㅇ", vowel) for vowel in korean["open"]]
    initials, finals = korean["initials"], korean["finals"].split()
    for k in range(N_KOREAN):
        final = finals[k % len(finals)].strip("-")
        vowel = pick(rng, korean["vowels"])
        syllables.append(hangul(initials[k % len(initials)], vowel, final))
    return tuple(dict.fromkeys(syllables))


@dataclass(frozen=True)
class Unit:
    """One syllable's frames in its bank: consonants from `first`, vowel from `vowel`, final
    consonants from `coda` up to `last` (not included).
    """

    text: str
    nucleus: str  # espeak-ng's name of the vowel
    first: int
    vowel: int
    coda: int
    last: int

    @property
    def is_closed(self) -> bool:
        return self.last - self.coda >= 6  # 30 ms

    @property
    def onset_s(self) -> float:
        return (self.vowel - self.first) * FRAME_S

    @property
    def coda_s(self) -> float:
        return (self.last - self.coda) * FRAME_S


@dataclass(frozen=True)
class Bank:
    """A speaker's syllables in frames of FRAME_S, K = 1 + N_FFT // 2.

    Each vowel has a mean power of 1 from its first quarter on; its consonants are relative to it.
    """

    log_power: np.ndarray  # (N, K) spectral envelope
    aperiodicity: np.ndarray  # (N, K), 0 to 1
    voiced: np.ndarray  # (N,) bool
    units: tuple[Unit, ...]


def available() -> str | None:
    """None if spoken syllables can be made, else one line on what to install."""
    try:
        world()
    except RenderError as error:
        return str(error)
    if importlib.util.find_spec("espeakng_loader") is None:
        return (
            "expected espeak-ng (espeakng-loader) for sung syllables, found none; "
            f"install: {install_command('corpus')}"
        )
    return None


@functools.lru_cache(maxsize=len(TRAINING_SPEAKERS) + len(VALIDATION_SPEAKERS))
def bank(speaker: Speaker) -> Bank:
    """A speaker's syllables, always the same; made in one or two seconds and kept (5 MB).

    Raises RenderError, one line, where espeak-ng or WORLD is missing or does not speak.
    """
    if missing := available():
        raise RenderError(missing)
    wave, spans = _joined(*speak(speaker.voice, texts(speaker.language)))
    f0_hz, log_power, aperiodicity = analyse(wave)
    units = tuple(unit for unit in (_unit(*span, f0_hz > 0, log_power) for span in spans) if unit)
    if len(units) < FEWEST_UNITS:
        raise RenderError(
            f"expected {FEWEST_UNITS} syllables or more from voice {speaker.voice!r}, "
            f"found {len(units)}; install: {install_command('corpus')}"
        )
    spread = ndimage.gaussian_filter1d(np.exp(log_power), LEAK_BINS, axis=1, mode="nearest")
    log_power = np.logaddexp(log_power, np.log(LEAK * spread))
    for unit in units:
        _normalise_(log_power, unit)
    return Bank(log_power.astype(np.float16), aperiodicity.astype(np.float16), f0_hz > 0, units)


def speak(
    voice: str, words: Sequence[str]
) -> tuple[list[np.ndarray], list[list[tuple[str, float]]]]:
    """Each word's wave (T,) at SAMPLE_RATE, and its phonemes with the second of their beginning."""
    order = {"voice": voice, "speed_wpm": SPEED_WPM, "pitch": PITCH, "texts": list(words)}
    program = [sys.executable, str(Path(__file__).with_name("espeak.py"))]
    done = subprocess.run(
        program, input=json.dumps(order).encode() + b"\n", capture_output=True, timeout=120
    )
    if done.returncode:
        errors = done.stderr.decode(errors="replace").strip().splitlines()
        reason = errors[-1] if errors else "no reason given"
        raise RenderError(
            f"espeak-ng failed for voice {voice!r} ({reason}); reinstall it: "
            f"{install_command('corpus')}"
        )
    head, _, data = done.stdout.partition(b"\n")
    head = json.loads(head)
    rate = head["sample_rate"]
    samples = np.frombuffer(data, np.int16).astype(np.float64) / 32768
    ends = np.cumsum([n_samples for n_samples, _ in head["spoken"]])
    waves = [
        signal.resample_poly(wave, SAMPLE_RATE, rate) if len(wave) else np.zeros(1)
        for wave in np.split(samples, ends[:-1])
    ]
    phonemes = [[(name, at / rate) for name, at in events] for _, events in head["spoken"]]
    return waves, phonemes


def analyse(wave: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """WORLD's f0 (N,) in Hz (0: unvoiced), log power envelope and aperiodicity, both (N, K)."""
    pyworld = world()
    # digital silence has no envelope
    wave = wave + 1e-5 * np.random.default_rng(0).standard_normal(len(wave))
    f0_hz, times_s = pyworld.dio(
        wave, SAMPLE_RATE, LOWEST_HZ, HIGHEST_HZ, frame_period=1000 * FRAME_S
    )
    f0_hz = pyworld.stonemask(wave, f0_hz, times_s, SAMPLE_RATE)
    power = pyworld.cheaptrick(wave, f0_hz, times_s, SAMPLE_RATE, fft_size=N_FFT)
    aperiodicity = pyworld.d4c(wave, f0_hz, times_s, SAMPLE_RATE, fft_size=N_FFT)
    return f0_hz, np.log(power), aperiodicity


def _joined(
    waves: list[np.ndarray], phonemes: list
) -> tuple[np.ndarray, list[tuple[list[tuple[str, float]], int, int]]]:
    """All words as one wave, 50 ms apart, and of each the phonemes and first and last frame."""
    frame = round(FRAME_S * SAMPLE_RATE)
    gap = 10 * frame
    pieces = [np.zeros(gap)]
    spans, at = [], gap
    for wave, events in zip(waves, phonemes, strict=True):
        whole = -(-len(wave) // frame) * frame
        spans.append((events, at // frame, (at + whole) // frame))
        pieces.append(np.pad(wave, (0, whole - len(wave) + gap)))
        at += whole + gap
    return np.concatenate(pieces), spans


def _unit(
    events: list[tuple[str, float]],
    first: int,
    last: int,
    voiced: np.ndarray,
    log_power: np.ndarray,
) -> Unit | None:
    """Borders of a syllable from its phonemes; None if it has two vowels or too little voice."""
    names = [name for name, _ in events]
    stressed = [k for k, name in enumerate(names) if name.startswith("'")]
    if len(stressed) != 1:
        return None
    at = [first + round(time_s / FRAME_S) for _, time_s in events]
    vowel = at[stressed[0]]
    coda = next((frame for frame in at[stressed[0] + 1 :] if frame > vowel), last)
    level_db = 10 * np.log10(np.exp(log_power[first:last]).mean(axis=1))
    audible = np.flatnonzero(level_db > level_db.max() - 45) + first
    sung = np.flatnonzero(voiced[vowel:coda]) + vowel
    if len(audible) == 0 or len(sung) < 12:
        return None
    vowel, coda = max(vowel, sung[0]), min(coda, sung[-1] + 1)
    last = min(last, audible[-1] + 1)
    if names[stressed[0] + 1 : stressed[0] + 2] in (["_:"], []):
        last = coda  # only a pause follows
    first = max(first, min(audible[0], vowel))
    nucleus = names[stressed[0]].removeprefix("'")
    borders = (int(first), int(vowel), int(min(coda, last)), int(last))
    return Unit("".join(names), nucleus, *borders)


def _normalise_(log_power: np.ndarray, unit: Unit) -> None:
    """Sets the vowel's power to 1 from its first quarter on; espeak-ng lets single words fade."""
    steady = unit.vowel + (unit.coda - unit.vowel) // 4
    power = np.log(np.exp(log_power[steady : unit.coda]).mean(axis=1))
    level = ndimage.uniform_filter1d(power, 5, mode="nearest")
    level = np.pad(level, (steady - unit.first, unit.last - unit.coda), mode="edge")
    span = log_power[unit.first : unit.last]
    span -= level[:, None]
    np.maximum(span, span.max() - RANGE_LOG, out=span)
