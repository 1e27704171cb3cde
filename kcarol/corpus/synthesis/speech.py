"""Spoken syllables to sing with: Korean, English and Japanese, said by espeak-ng and taken apart by
WORLD.

WORLD (M. Morise, F. Yokomori, K. Ozawa, "WORLD: a vocoder-based high-quality speech synthesis
system", IEICE Trans. E99-D, 2016; `pyworld`, BSD licence) gives a pitch, a spectral envelope and an
aperiodicity every 5 ms; pitch and timing can then be set anew. espeak-ng (GPL-3) runs as a program
of its own, see `espeak.py`; nothing of either is shipped.
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

from kcarol.corpus.synthesis.render import RenderError

SAMPLE_RATE = 16_000  # Hz, of analysis and of synthesis
FRAME_S = 0.005
# samples: WORLD then wants pitches above 94 Hz, and synthesises twice as fast as with 1024
N_FFT = 512
SPEED_WPM, PITCH = 135, 74  # of espeak-ng: vowels some .25 s long, men near 115 Hz
LOWEST_HZ, HIGHEST_HZ = 75.0, 500.0  # where a speaker's pitch is looked for
# power envelopes reach this far down from their highest point: 39 dB under the vowel is as good as
# silent
RANGE_LOG = 9.0
LEAK, LEAK_BINS = 0.03, 14.0  # -15 dB over some 440 Hz
INSTALL = "pip install 'kcarol[corpus]'"


@dataclass(frozen=True)
class Speaker:
    """A voice of espeak-ng, "language+variant". `tract`: its formants over a man's, about."""

    voice: str
    tract: float

    @property
    def language(self) -> str:
        return self.voice.split("-")[0].split("+")[0]


MEN = (
    "ko 1.0",
    "ko+m2 1.02",
    "ko+m3 .96",
    "ko+m4 1.06",
    "ko+Gene .9",
    "ko+Alex 1.02",
    "ko+max 1.0",
    "ko+pablo 1.08",
    "ko+klatt4 .96",
    "ko+Diogo .92",
    "en-us+m1 1.02",
    "en-gb-x-rp+m5 1.04",
    "en-us+Mike .98",
    "ja+m7 .95",
)
WOMEN = (
    "ko+f1 1.12",
    "ko+f2 1.14",
    "ko+f3 1.24",
    "ko+aunty 1.24",
    "ko+Annie 1.3",
    "ko+belinda 1.26",
    "ko+shelby 1.3",
    "ko+steph 1.1",
    "en-us+f2 1.14",
    "en-gb-x-rp+f4 1.24",
    "en-us+linda 1.24",
    "en-gb-scotland+f1 1.12",
    "ja+f3 1.24",
)
HELD_OUT = ("ko+john 1.0", "en-us+Michael .92", "ko+f5 1.14", "en-us+Alicia 1.3")


def _speakers(lines: Sequence[str]) -> tuple[Speaker, ...]:
    return tuple(Speaker(voice, float(tract)) for voice, tract in map(str.split, lines))


TRAINING_SPEAKERS = _speakers(MEN + WOMEN)
VALIDATION_SPEAKERS = _speakers(HELD_OUT)

# --- texts ----------------------------------------------------------------------------------------
# -----------

INITIALS, VOWELS = (
    "ㄱㄲㄴㄷㄸㄹㅁㅂㅃㅅㅆㅇㅈㅉㅊㅋㅌㅍㅎ",
    "ㅏㅐㅑㅒㅓㅔㅕㅖㅗㅘㅙㅚㅛㅜㅝㅞㅟㅠㅡㅢㅣ",
)
FINALS = {"": 0, "ㄱ": 1, "ㄴ": 4, "ㄹ": 8, "ㅁ": 16, "ㅇ": 21}
ENGLISH = (
    "la da na oh ah ooh way say stay play you me be free know go show low sky fly now true new here far more her boy yeah "
    "hey who love heart time night light name home rain gone dream sing run soon girl cold song long hands dance"
)
JAPANESE = (
    "あ い う え お か き く け こ さ し す せ そ た ち つ て と な に の は ひ ふ へ ま み め も や ゆ よ "
    "ら り る わ が ど ば きゃ しゅ ちょ かん あん しん ほん"
)


def hangul(initial: str, vowel: str, final: str = "") -> str:
    """One syllable as Unicode composes it (The Unicode Standard, section 3.12)."""
    return chr(
        0xAC00 + (INITIALS.index(initial) * len(VOWELS) + VOWELS.index(vowel)) * 28 + FINALS[final]
    )


def texts(language: str, n_korean: int = 46) -> tuple[str, ...]:
    """Syllables of "ko", "en" or "ja", the same ones each time: every initial and every vowel often
    enough.
    """
    if language != "ko":
        return tuple((ENGLISH if language == "en" else JAPANESE).split())
    rng = np.random.default_rng(11)
    initials = "ㅇㄴㅁㄹㅅㄱㄷㅂㅎㅈㅊㅋㅌㅍㄲㄸㅃㅆㅉㅇㄴㄱㅅㅎ"
    vowels = "ㅏㅓㅗㅜㅣㅡㅔㅐㅏㅓㅗㅜㅣㅏㅕㅑㅛㅠㅘㅝㅏㅓㅗㅣㅢㅟ"
    finals = ["", "", "", "ㄴ", "", "ㅇ", "", "ㄹ", "", "ㅁ", "", "ㄱ"]
    drawn = [
        (initials[k % len(initials)], vowels[rng.integers(len(vowels))], finals[k % len(finals)])
        for k in range(n_korean)
    ]
    plain = [("ㅇ", vowel, "") for vowel in "ㅏㅓㅗㅜㅣㅔ"]  # what a choir holds
    return tuple(dict.fromkeys(hangul(*parts) for parts in plain + drawn))


# --- bank -----------------------------------------------------------------------------------------
# -----------


@dataclass(frozen=True)
class Unit:
    """One syllable's frames in its bank: consonants [first, vowel), vowel [vowel, coda), coda
    [coda, last).
    """

    text: str
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


@dataclass(frozen=True)
class Bank:
    """A speaker's syllables, frames every 5 ms: log power envelope (N, K), aperiodicity (N, K) from
    0 to 1, voicing (N,).

    K = 1 + N_FFT // 2. Each vowel's mean power is 1 from its middle on; what lies before and after
    keeps its ratio to it.
    """

    log_power: np.ndarray
    aperiodicity: np.ndarray
    voiced: np.ndarray
    units: tuple[Unit, ...]


def available() -> str | None:
    """None if spoken syllables can be made here, else one line that says what to install."""
    try:
        world()
    except RenderError as error:
        return str(error)
    if importlib.util.find_spec("espeakng_loader") is None:
        return f"expected espeak-ng (espeakng-loader) for sung syllables, found none; install: {INSTALL}"
    return None


def world():
    """The module `pyworld`. Raises RenderError, one line, where it cannot be loaded."""
    try:
        import pyworld
    except ImportError as error:  # it needs setuptools, too
        raise RenderError(
            f"expected WORLD (pyworld) for sung syllables, found none ({error}); install: {INSTALL}"
        ) from None
    return pyworld


@functools.lru_cache(maxsize=len(TRAINING_SPEAKERS) + len(VALIDATION_SPEAKERS))
def bank(speaker: Speaker) -> Bank:
    """The syllables of a speaker, made on first use in one or two seconds and kept (5 MB). The same
    ones each time.

    Raises RenderError, one line, where espeak-ng or WORLD is missing or does not speak.
    """
    if missing := available():
        raise RenderError(missing)
    wave, spans = _joined(*speak(speaker.voice, texts(speaker.language)))
    f0_hz, log_power, aperiodicity = analyse(wave)
    units = tuple(unit for unit in (_unit(*span, f0_hz > 0, log_power) for span in spans) if unit)
    if len(units) < 20:
        raise RenderError(
            f"expected 20 syllables or more from voice {speaker.voice!r}, found {len(units)}; install: {INSTALL}"
        )
    # espeak-ng's resonances are sharper and its valleys deeper than a throat's: some of each peak
    # goes to its surroundings
    spread = ndimage.gaussian_filter1d(np.exp(log_power), LEAK_BINS, axis=1, mode="nearest")
    log_power = np.logaddexp(log_power, np.log(LEAK * spread))
    for unit in units:
        _level(log_power, unit)
    return Bank(log_power.astype(np.float16), aperiodicity.astype(np.float16), f0_hz > 0, units)


def speak(
    voice: str, words: Sequence[str]
) -> tuple[list[np.ndarray], list[list[tuple[str, float]]]]:
    """Each word's wave (T,) at SAMPLE_RATE and its phonemes with the second at which each begins;
    no melody.
    """
    order = json.dumps(
        {"voice": voice, "speed_wpm": SPEED_WPM, "pitch": PITCH, "texts": list(words)}
    )
    program = [sys.executable, str(Path(__file__).with_name("espeak.py"))]
    done = subprocess.run(program, input=order.encode() + b"\n", capture_output=True, timeout=120)
    if done.returncode:
        reason = (done.stderr.decode(errors="replace").strip().splitlines() or ["no reason given"])[
            -1
        ]
        raise RenderError(
            f"espeak-ng failed for voice {voice!r} ({reason}); install it anew: {INSTALL}"
        )
    head, _, data = done.stdout.partition(b"\n")
    head = json.loads(head)
    rate, wave, at = (
        head["sample_rate"],
        np.frombuffer(data, np.int16).astype(np.float64) / 32768,
        0,
    )
    waves, phonemes = [], []
    for n_samples, events in head["spoken"]:
        waves.append(
            signal.resample_poly(wave[at : at + n_samples], SAMPLE_RATE, rate)
            if n_samples
            else np.zeros(1)
        )
        phonemes.append([(name, sample / rate) for name, sample in events])
        at += n_samples
    return waves, phonemes


def analyse(wave: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """WORLD: f0 (N,) in Hz with 0 where unvoiced, log power envelope (N, K), aperiodicity (N, K) of
    a wave (T,).
    """
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
) -> tuple[np.ndarray, list[tuple[str, list, int, int]]]:
    """All words as one wave with 50 ms between, and of each (name, phonemes, first frame, last
    frame).
    """
    gap = round(0.05 * SAMPLE_RATE)
    frame = round(FRAME_S * SAMPLE_RATE)
    pieces, spans, at = [np.zeros(gap)], [], gap
    for wave, events in zip(waves, phonemes, strict=True):
        whole = -(-len(wave) // frame) * frame
        spans.append(
            ("".join(name for name, _ in events), events, at // frame, (at + whole) // frame)
        )
        pieces.append(np.pad(wave, (0, whole - len(wave) + gap)))
        at += whole + gap
    return np.concatenate(pieces), spans


def _unit(
    text: str,
    events: list[tuple[str, float]],
    first: int,
    last: int,
    voiced: np.ndarray,
    log_power: np.ndarray,
):
    """Borders of a syllable from its phonemes, or None where it is none: two vowels, or too little
    voice.
    """
    names = [name for name, _ in events]
    stressed = [k for k, name in enumerate(names) if name.startswith("'")]
    if len(stressed) != 1:
        return None
    at = [first + round(time_s / FRAME_S) for _, time_s in events]
    vowel = at[stressed[0]]
    following = [frame for frame in at[stressed[0] + 1 :] if frame > vowel]
    coda = following[0] if following else last
    sounds = np.flatnonzero(_power_db(log_power[first:last]) > -45) + first
    sung = np.flatnonzero(voiced[vowel:coda]) + vowel
    if len(sounds) == 0 or len(sung) < 12:
        return None
    vowel, coda = max(vowel, sung[0]), min(coda, sung[-1] + 1)
    last = min(last, sounds[-1] + 1)
    if names[stressed[0] + 1 : stressed[0] + 2] in (["_:"], []):
        last = coda  # nothing but a pause follows
    return Unit(
        text, int(max(first, min(sounds[0], vowel))), int(vowel), int(min(coda, last)), int(last)
    )


def _power_db(log_power: np.ndarray) -> np.ndarray:
    """(N,) dB under the loudest of these frames (N, K)."""
    power = 10 * np.log10(np.exp(log_power).mean(axis=1))
    return power - power.max()


def _level(log_power: np.ndarray, unit: Unit) -> None:
    """Sets the vowel's power to 1 from a quarter of its length on, in place; espeak-ng lets single
    words fade away.
    """
    steady = unit.vowel + (unit.coda - unit.vowel) // 4
    power = np.log(np.exp(log_power[steady : unit.coda]).mean(axis=1))
    level = ndimage.uniform_filter1d(power, 5, mode="nearest")
    level = np.pad(level, (steady - unit.first, unit.last - unit.coda), mode="edge")
    span = log_power[unit.first : unit.last]
    span -= level[:, None]
    np.maximum(span, span.max() - 2 * RANGE_LOG, out=span)
