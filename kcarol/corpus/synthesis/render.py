"""Parts to sound through FluidSynth: the only module that knows the synthesiser."""

from __future__ import annotations

import functools
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from scipy.signal import resample_poly

from kcarol.transcription.lead_sheet import Part

OVERSAMPLING = 2  # the synthesiser aliases when it plays samples upwards; it runs an octave higher
FADE_S = 1.5  # sound after the last stroke ends
GAIN = 0.35  # of the synthesiser, low enough that its 16-bit output does not clip
BLOCK = 64  # samples: FluidSynth acts on events at these borders
DRUM_BANK = 128
INSTALL = "pip install 'kcarol[corpus]' and the FluidSynth library (Debian: apt install libfluidsynth3 {package})"

# file name -> Debian package; TRAINING and VALIDATION share no samples
SOUNDFONTS = {
    "FluidR3Mono_GM.sf3": "fluidr3mono-gm-soundfont",
    "sf_GMbank.sf2": "csound-soundfont",
    "MuseScore_General.sf3": "musescore-general-soundfont-small",
    "TimGM6mb.sf2": "timgm6mb-soundfont",
}
CAROL_SOUNDFONT = "MuseScore_General.sf3"
TRAINING_SOUNDFONTS = ("FluidR3Mono_GM.sf3", "sf_GMbank.sf2", "MuseScore_General.sf3")
VALIDATION_SOUNDFONT = "TimGM6mb.sf2"
FOLDERS = ("/usr/share/sounds/sf3", "/usr/share/sounds/sf2", "/usr/share/soundfonts")


class RenderError(RuntimeError):
    """The synthesiser or a soundfont is missing."""


def find_soundfont(name: str) -> Path:
    """Path of a soundfont, looked up in $KCAROL_SOUNDFONTS and where distributions put them."""
    for folder in (*os.environ.get("KCAROL_SOUNDFONTS", "").split(os.pathsep), *FOLDERS):
        if folder and (Path(folder) / name).is_file():
            return Path(folder) / name
    package = SOUNDFONTS.get(name, "")
    raise RenderError(
        f"soundfont {name} not found in $KCAROL_SOUNDFONTS or {', '.join(FOLDERS)}; install it: "
        + INSTALL.format(package=package)
    )


def available(soundfonts: Sequence[str] = tuple(SOUNDFONTS)) -> str | None:
    """None if everything needed for rendering is here, else one line that says what to install."""
    try:
        for name in soundfonts:
            find_soundfont(name)
        _fluidsynth()
    except RenderError as error:
        return str(error)
    return None


def _fluidsynth():
    try:
        import fluidsynth
    except (ImportError, OSError, AttributeError) as error:
        raise RenderError(
            f"FluidSynth could not be loaded ({error}); install " + INSTALL.format(package="")
        ) from None
    return fluidsynth


# one synthesiser per soundfont and rate: loading takes longer than playing
_playing: dict[tuple[str, int], tuple] = {}


def renew() -> None:
    """Ends this process's synthesisers; the next render begins with new ones.

    The filter of a voice remembers the note it played last, so a sequence of renders is the same
    only from here on.
    """
    while _playing:
        _playing.popitem()[1][0].delete()


def _synth(soundfont: str, sample_rate: int) -> tuple:
    key = (soundfont, sample_rate)
    if key not in _playing:
        _keep_samples(*key)
        _playing[key] = _load(*key)
    return _playing[key]


@functools.lru_cache(maxsize=8)
def _keep_samples(soundfont: str, sample_rate: int) -> tuple:
    """A synthesiser that is never played: while it lives, others share its samples, and load in a
    tenth of a second.
    """
    return _load(soundfont, sample_rate)


def _load(soundfont: str, sample_rate: int) -> tuple:
    synth = _fluidsynth().Synth(gain=GAIN, samplerate=float(sample_rate), channels=16)
    synth.setting("synth.reverb.active", 0)
    synth.setting("synth.chorus.active", 0)
    synth.setting("synth.polyphony", 256)
    number = synth.sfload(str(find_soundfont(soundfont)))
    if number < 0:
        raise RenderError(f"soundfont {soundfont} could not be read; install it anew")
    return synth, number


def _events(part: Part, channel: int, rate: int) -> list[tuple[int, int, int, int, int]]:
    """(sample, order, channel, key, velocity); velocity 0 ends a note, ends come before beginnings."""
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


def _prepare(synth, number: int, parts: Sequence[Part], tuning_cents: float) -> None:
    synth.system_reset()
    for channel in range(16):
        # after the reset, which lets the last song's notes ring on into this one
        synth.all_sounds_off(channel)
    for channel, part in enumerate(parts):
        bank, program = (DRUM_BANK, part.program) if part.is_drums else (0, part.program)
        if synth.program_select(channel, number, bank, program) != 0:
            # the kit or program is not in this soundfont
            synth.program_select(channel, number, bank, 0)
        # the wheel spans ±2 semitones
        synth.pitch_bend(channel, int(round(tuning_cents * 8192 / 200)))
        synth.cc(channel, 10, int(np.clip(64 + 63 * part.pan, 0, 127)))


def render_parts(
    parts: Sequence[Part],
    length_s: float,
    sample_rate: int,
    soundfont: str,
    tuning_cents: float = 0.0,
) -> np.ndarray:
    """Play at most 16 parts together -> (2, T) float32, T = length_s * sample_rate; gains are
    applied by velocity-free scaling in `render_stems`, here each part sounds at its own level
    (`gain_db` through expression).

    Raises RenderError when the synthesiser or the soundfont is missing.
    """
    if len(parts) > 16:
        raise ValueError(
            f"expected at most 16 parts (one MIDI channel each), found {len(parts)}; render them in groups"
        )
    rate = sample_rate * OVERSAMPLING
    synth, number = _synth(soundfont, rate)
    _prepare(synth, number, parts, tuning_cents)
    for channel, part in enumerate(parts):
        # volume is squared
        synth.cc(channel, 7, int(np.clip(round(100 * 10 ** (part.gain_db / 40)), 0, 127)))
    events = sorted(
        event for channel, part in enumerate(parts) for event in _events(part, channel, rate)
    )
    total, position, pieces = round(length_s * rate), 0, []
    # whole blocks: what is left of one would sound at the beginning of the next render
    end = -(-total // BLOCK) * BLOCK
    for sample, _, channel, key, velocity in events:
        sample = min(sample // BLOCK * BLOCK, end)
        if sample > position:
            pieces.append(synth.get_samples(sample - position))
            position = sample
        if velocity:
            synth.noteon(channel, key, velocity)
        else:
            synth.noteoff(channel, key)
    pieces.append(synth.get_samples(end - position))
    stereo = np.concatenate(pieces).reshape(-1, 2).T[:, :total].astype(np.float32) / 32768
    return resample_poly(stereo, 1, OVERSAMPLING, axis=1).astype(np.float32)[
        :, : round(length_s * sample_rate)
    ]
