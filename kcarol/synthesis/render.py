"""Renders parts through FluidSynth, piece by piece; the only module that uses it."""

from __future__ import annotations

import functools
import itertools
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
from scipy.signal import resample_poly

from kcarol.config import install_command
from kcarol.transcription.lead_sheet import Part

OVERSAMPLING = 2  # FluidSynth aliases when it transposes samples upwards
GAIN = 0.35  # low enough that the 16-bit output does not clip
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
        f"{install_command('corpus')} and the FluidSynth library "
        f"(Debian: apt install libfluidsynth3{package})"
    )


def find_soundfont(name: str) -> Path:
    """Path of a soundfont, looked up in $KCAROL_SOUNDFONTS and where distributions put them."""
    found = _look_up(name)
    if found is None:
        package = " " + SOUNDFONTS[name] if name in SOUNDFONTS else ""
        raise RenderError(
            f"soundfont {name} not found in $KCAROL_SOUNDFONTS or {', '.join(FOLDERS)}; "
            f"install it: {_installation(package)}"
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


def _fluidsynth() -> type:
    """pyfluidsynth's class. RenderError without it, or if another `fluidsynth` is imported."""
    try:
        import fluidsynth
    # whatever a missing library or another package of this name raises
    except Exception as error:
        reason = " ".join(str(error).split())
        raise RenderError(
            f"FluidSynth could not be loaded ({reason}); install {_installation()}"
        ) from None
    synth = getattr(fluidsynth, "Synth", None)
    if not hasattr(synth, "get_samples"):
        place = getattr(fluidsynth, "__file__", None)
        raise RenderError(
            f"expected pyfluidsynth, found another package called fluidsynth ({place}): remove it "
            f"(pip uninstall fluidsynth) and install {_installation()}"
        )
    return synth


class _Sampler:
    """FluidSynth with one soundfont at one sample rate."""

    def __init__(self, soundfont: str, sample_rate: int):
        synth = _fluidsynth()
        self.synth = synth(gain=GAIN, samplerate=float(sample_rate), channels=N_CHANNELS)
        self.synth.setting("synth.reverb.active", 0)
        self.synth.setting("synth.chorus.active", 0)
        self.synth.setting("synth.polyphony", POLYPHONY)
        self.number = self.synth.sfload(str(find_soundfont(soundfont)))
        if self.number < 0:
            raise RenderError(f"soundfont {soundfont} could not be read; reinstall it")

    def set_parts(self, parts: Sequence[Part]) -> None:
        """Silence, then a channel for each part: program, pan and volume."""
        self.synth.system_reset()
        for channel in range(N_CHANNELS):
            self.synth.all_sounds_off(channel)  # the reset does not stop ringing notes
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
        # whole blocks: the rest of one would sound at the beginning of the next render
        end = -(-n_samples // BLOCK) * BLOCK
        for sample, _, channel, key, velocity in events:
            sample = sample // BLOCK * BLOCK
            if sample >= end:  # struck there, they would all sound at the beginning of the next
                break
            if sample > position:
                blocks.append(self.synth.get_samples(sample - position))
                position = sample
            if 2 * PIECE_SAMPLES <= sum(map(len, blocks)):
                yield _stereo(blocks)
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
            blocks.append(self.synth.get_samples(n_more))
            position += n_more
            yield _stereo(blocks)
            blocks = []


def _stereo(blocks: Sequence[np.ndarray]) -> np.ndarray:
    """FluidSynth's 16-bit samples, left and right in turn -> (2, n) float32."""
    return np.concatenate(blocks).reshape(-1, 2).T.astype(np.float32) / 32768


# one per soundfont and rate: loading takes longer than playing
_samplers: dict[tuple[str, int], _Sampler] = {}
# never played: while it exists, others share its samples and load in a tenth of a second
_load_samples = functools.lru_cache(maxsize=8)(_Sampler)


def renew() -> None:
    """Ends this process's synthesisers; the next render starts new ones.

    A voice's filter remembers the note that it played last, so renders repeat only from here on.
    """
    while _samplers:
        _samplers.popitem()[1].synth.delete()


def _sampler(soundfont: str, sample_rate: int) -> _Sampler:
    key = (soundfont, sample_rate)
    if key not in _samplers:
        _load_samples(*key)
        _samplers[key] = _Sampler(*key)
    return _samplers[key]


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
    sampler = _sampler(soundfont, rate)
    sampler.set_parts(parts)
    events = sorted(
        event for channel, part in enumerate(parts) for event in _events(part, channel, rate)
    )
    tuning = tuning_cents and (lambda sample: tuning_cents(sample / rate))
    missing = n_samples
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
