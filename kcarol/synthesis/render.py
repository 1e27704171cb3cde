"""Renders parts through FluidSynth, piece by piece; the only module that uses it."""

from __future__ import annotations

import contextlib
import ctypes
import functools
import itertools
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import ModuleType

import numpy as np
from scipy.signal import resample_poly

from kcarol.config import install_command
from kcarol.transcription.lead_sheet import Part

OVERSAMPLING = 2  # FluidSynth aliases when it transposes samples upwards
GAIN = 0.35  # of the sum of the voices; the peak may exceed 1
POLYPHONY = 1024  # of bells that ring in 14 parts
BLOCK = 64  # samples: FluidSynth acts on events at these borders
PIECE_SAMPLES = 1 << 20  # rendered at once at least, so that an hour needs no more memory
CONTEXT_SAMPLES = 32  # even: that the resampler's filter sees on both sides, of its 20
N_CHANNELS = 16
DRUM_BANK = 128
VOLUME, PAN = 7, 10  # MIDI controllers
BEND_CENTS = 200  # range of the pitch wheel, each way

# file name: Debian package; training and validation share no samples
SOUNDFONTS = {
    "FluidR3Mono_GM.sf3": "fluidr3mono-gm-soundfont",
    "sf_GMbank.sf2": "csound-soundfont",
    "MuseScore_General.sf3": "musescore-general-soundfont-small",
    "TimGM6mb.sf2": "timgm6mb-soundfont",
}
TRAINING_SOUNDFONTS = ("FluidR3Mono_GM.sf3", "sf_GMbank.sf2", "MuseScore_General.sf3")
VALIDATION_SOUNDFONT = "TimGM6mb.sf2"
CAROL_SOUNDFONT = "MuseScore_General.sf3"
# that carols may be played by, the best first
CAROL_SOUNDFONTS = (
    CAROL_SOUNDFONT,
    "FluidR3_GM.sf2",
    *SOUNDFONTS,
    "default-GM.sf3",
    "default-GM.sf2",
)
FOLDERS = ("/usr/share/sounds/sf3", "/usr/share/sounds/sf2", "/usr/share/soundfonts")


class RenderError(RuntimeError):
    """The synthesiser or a soundfont is missing."""


def _installation(package: str = "") -> str:
    """`package`: Debian's of a soundfont, behind a space."""
    return (
        f"{install_command('corpus')}, and the FluidSynth library itself "
        f"(Debian: apt install libfluidsynth3{package})"
    )


def find_soundfont(name: str) -> Path:
    """Path of a soundfont, looked up in $KCAROL_SOUNDFONTS and where distributions put them."""
    found = _look_up(name)
    if found is None:
        package = " " + SOUNDFONTS[name] if name in SOUNDFONTS else ""
        raise RenderError(
            f"soundfont {name} not found in $KCAROL_SOUNDFONTS or {', '.join(FOLDERS)}: "
            f"{_installation(package)}"
        )
    return found


def _look_up(name: str) -> Path | None:
    for folder in (*os.environ.get("KCAROL_SOUNDFONTS", "").split(os.pathsep), *FOLDERS):
        if folder and (Path(folder) / name).is_file():
            return Path(folder) / name
    return None


def best_soundfont() -> str:
    """The first of CAROL_SOUNDFONTS that there is, else the first."""
    return next(filter(_look_up, CAROL_SOUNDFONTS), CAROL_SOUNDFONT)


def available(soundfonts: Sequence[str] = tuple(SOUNDFONTS)) -> str | None:
    """None if everything needed for rendering is installed, else one line on what to install."""
    try:
        for name in soundfonts:
            find_soundfont(name)
        _fluidsynth()
    except RenderError as error:
        return str(error)
    return None


def _fluidsynth() -> ModuleType:
    """pyfluidsynth. RenderError without it, or if another `fluidsynth` is imported."""
    # FluidSynth decodes .sf3 by the libsndfile that is loaded first, and the system's rounds in
    # another way than soundfile's: a render must not depend on who imported soundfile before
    import soundfile  # noqa: F401

    try:
        import fluidsynth
    # whatever a missing library or another package of this name raises
    except Exception as error:
        reason = " ".join(str(error).split())
        raise RenderError(f"FluidSynth could not be loaded ({reason}): {_installation()}") from None
    if not hasattr(getattr(fluidsynth, "Synth", None), "get_samples"):
        place = getattr(fluidsynth, "__file__", None)
        raise RenderError(
            f"expected pyfluidsynth, found another package called fluidsynth ({place}): "
            f"pip uninstall fluidsynth, then {_installation()}"
        )
    return fluidsynth


class _Sampler:
    """FluidSynth with one soundfont at one sample rate, for one render.

    A second render would differ by up to 60 steps of 16 bits: a voice's filter remembers the note
    that it played last.
    """

    def __init__(self, soundfont: str, sample_rate: int):
        library = _fluidsynth()
        self._write = _float_writer(library)
        self.synth = library.Synth(gain=GAIN, samplerate=float(sample_rate), channels=N_CHANNELS)
        self.synth.setting("synth.reverb.active", 0)
        self.synth.setting("synth.chorus.active", 0)
        self.synth.setting("synth.polyphony", POLYPHONY)
        self.number = self.synth.sfload(str(find_soundfont(soundfont)))
        if self.number < 0:
            raise RenderError(f"soundfont {soundfont} could not be read; reinstall it")

    def set_parts(self, parts: Sequence[Part]) -> None:
        """A channel for each part: program, pan and volume."""
        for channel, part in enumerate(parts):
            bank = DRUM_BANK if part.is_drums else 0
            if self.synth.program_select(channel, self.number, bank, part.program) != 0:
                self.synth.program_select(channel, self.number, bank, 0)  # not in this soundfont
            self.synth.pitch_bend(channel, 0)
            self.synth.cc(channel, PAN, int(np.clip(64 + 63 * part.pan, 0, 127)))
            volume = round(100 * 10 ** (part.gain_db / 40))  # FluidSynth squares it
            self.synth.cc(channel, VOLUME, int(np.clip(volume, 0, 127)))

    def play(
        self,
        events: Sequence[tuple[int, int, int, int, int]],
        n_samples: int,
        tuning_cents: Callable[[int], float] | None = None,
    ) -> Iterator[np.ndarray]:
        """Pieces (2, n) float32, of n_samples and less than a block more together, of sorted
        `_events`, each note and what rings with it in the tuning at its first sample.
        """
        position, blocks = 0, []
        end = -(-n_samples // BLOCK) * BLOCK
        for sample, _, channel, key, velocity in events:
            sample = sample // BLOCK * BLOCK
            if sample >= end:
                break
            if sample > position:
                blocks.append(self._samples(sample - position))
                position = sample
            if PIECE_SAMPLES <= sum(block.shape[1] for block in blocks):
                yield np.concatenate(blocks, axis=1)
                blocks = []
            if velocity:
                if tuning_cents:
                    bend = round(tuning_cents(sample) * 8192 / BEND_CENTS)
                    self.synth.pitch_bend(channel, bend)
                self.synth.noteon(channel, key, velocity)
            else:
                self.synth.noteoff(channel, key)
        while position < end:
            n_more = min(PIECE_SAMPLES, end - position)
            blocks.append(self._samples(n_more))
            position += n_more
            yield np.concatenate(blocks, axis=1)
            blocks = []

    def _samples(self, n: int) -> np.ndarray:
        """The next (2, n) float32."""
        stereo = np.empty((2, n), np.float32)
        left, right = (channel.ctypes.data for channel in stereo)
        self._write(self.synth.synth, n, left, 0, 1, right, 0, 1)
        return stereo

    def close(self) -> None:
        self.synth.delete()


def _float_writer(library: ModuleType) -> Callable[..., int]:
    """FluidSynth's `fluid_synth_write_float`, which pyfluidsynth has not.

    Its 16 bits are dithered with the C library's random numbers, of which other code in the process
    may have drawn before.
    """
    pointer, integer = ctypes.c_void_p, ctypes.c_int
    channel = (pointer, integer, integer)  # buffer, offset, increment
    arguments = enumerate((pointer, integer, *channel, *channel))
    named = [(f"argument_{number}", kind, 1) for number, kind in arguments]
    return library.cfunc("fluid_synth_write_float", integer, *named)


# never played: while it exists, others share its samples and load in a twentieth of a second
_load_samples = functools.lru_cache(maxsize=8)(_Sampler)


def _sampler(soundfont: str, sample_rate: int) -> contextlib.closing[_Sampler]:
    _load_samples(soundfont, sample_rate)
    return contextlib.closing(_Sampler(soundfont, sample_rate))


def _events(part: Part, channel: int, rate: int) -> list[tuple[int, int, int, int, int]]:
    """(sample, order, channel, key, velocity) of a part's notes; velocity 0 ends a note.

    At the same sample notes end (order 0) before others begin (1).
    """
    events = []
    for stroke in part.strokes:
        key = int(round(stroke.pitch))
        if not 0 <= key <= 127:
            continue
        start = max(0, round(stroke.start_s * rate))
        stop = max(start + BLOCK, round((stroke.start_s + stroke.length_s) * rate))
        events.append((start, 1, channel, key, int(np.clip(stroke.velocity, 1, 127))))
        events.append((stop, 0, channel, key, 0))
    return events


def render_parts(
    parts: Sequence[Part],
    length_s: float,
    sample_rate: int,
    soundfont: str,
    tuning_cents: Callable[[float], float] | None = None,
) -> np.ndarray:
    """`stream_parts` as a whole: (2, T) float32, T = length_s * sample_rate."""
    n_samples = round(length_s * sample_rate)
    pieces = stream_parts(parts, n_samples, sample_rate, soundfont, tuning_cents)
    return np.concatenate([np.zeros((2, 0), np.float32), *pieces], axis=1)


def stream_parts(
    parts: Sequence[Part],
    n_samples: int,
    sample_rate: int,
    soundfont: str,
    tuning_cents: Callable[[float], float] | None = None,
) -> Iterator[np.ndarray]:
    """At most 16 parts played together, each at its `gain_db`, in pieces (2, n) float32 of
    n_samples together.

    `tuning_cents`: of the seconds, None for A440. Raises RenderError when the synthesiser or the
    soundfont is missing.
    """
    if len(parts) > N_CHANNELS:
        raise ValueError(
            f"expected at most {N_CHANNELS} parts (one MIDI channel each), found {len(parts)}; "
            "render them in groups"
        )
    rate = sample_rate * OVERSAMPLING
    events = sorted(
        event for channel, part in enumerate(parts) for event in _events(part, channel, rate)
    )
    tuning = tuning_cents and (lambda sample: tuning_cents(sample / rate))
    missing = n_samples
    with _sampler(soundfont, rate) as sampler:
        sampler.set_parts(parts)
        for piece in _decimated(sampler.play(events, n_samples * OVERSAMPLING, tuning)):
            yield piece[:, :missing]
            missing -= min(missing, piece.shape[1])


def _decimated(pieces: Iterator[np.ndarray]) -> Iterator[np.ndarray]:
    """Pieces (2, n) at OVERSAMPLING times the rate, n even -> the same sound at the rate."""
    silence = np.zeros((2, CONTEXT_SAMPLES), np.float32)
    context = silence
    for piece in itertools.chain(pieces, [silence]):
        around = np.concatenate([context, piece], axis=1)
        low = resample_poly(around, 1, OVERSAMPLING, axis=1)
        n_around = CONTEXT_SAMPLES // OVERSAMPLING
        yield low[:, n_around:-n_around].astype(np.float32)
        context = around[:, -2 * CONTEXT_SAMPLES :]
