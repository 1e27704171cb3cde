"""Parts of a carol as sound: dry, in stereo, every instrument on its seat."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from kcarol.arrangement.played_notes import VELOCITY_DB
from kcarol.audio.disk_buffer import DiskWave
from kcarol.synthesis.choir import add_choir_
from kcarol.synthesis.jingle import jingle
from kcarol.synthesis.render import CAROL_SOUNDFONT, N_CHANNELS, best_soundfont, stream_parts
from kcarol.transcription.lead_sheet import Part, Stroke

# full arrangements of drawn sheets come to an rms of about `AudioConfig.reference_rms`. One gain
# for all songs: each song's own would hide from the player how loud its instruments are
CAROL_GAIN = 4.0
JINGLE_PEAK = 0.25  # of the hardest stroke, each way


def render_carol(
    parts: Sequence[Part],
    length_s: float,
    sample_rate: int = 48_000,
    soundfont: str = CAROL_SOUNDFONT,
) -> np.ndarray:
    """Any number of parts -> (2, T) float32, T = length_s * sample_rate; the peak may exceed 1.

    A part's gain makes its strokes softer, as `notes_of` has it: what sounds is a function of those
    notes alone. Raises RenderError without the synthesiser or the soundfont.
    """
    carol = np.zeros((2, round(length_s * sample_rate)), np.float32)
    add_parts_(carol, parts, sample_rate, soundfont)
    return carol


def add_parts_(
    carol: np.ndarray | DiskWave, parts: Sequence[Part], sample_rate: int, soundfont: str
) -> None:
    """Add what parts sound like to `carol` (2, T), piece by piece; as `render_carol`."""
    levelled = [_levelled(part) for part in parts if not part.is_drums]
    pitched = [part for part in levelled if not part.text]
    for first in range(0, len(pitched), N_CHANNELS):
        some, start = pitched[first : first + N_CHANNELS], 0
        for piece in stream_parts(some, carol.shape[-1], sample_rate, soundfont):
            carol[..., start : start + piece.shape[1]] += CAROL_GAIN * piece
            start += piece.shape[1]
    for part in levelled:
        if part.text:
            add_choir_(carol, part, CAROL_GAIN, sample_rate, soundfont)
    for part in parts:
        if part.is_drums:
            _add_sleigh_bells_(carol, part, sample_rate)


def play_samples_onto(
    carol: np.ndarray | DiskWave, parts: Sequence[Part], sample_rate: int
) -> None:
    """Add what parts sound like to zeros (2, T), the same in every call, with the soundfont that
    there is.
    """
    add_parts_(carol, parts, sample_rate, best_soundfont())


def _levelled(part: Part) -> Part:
    """The same part without a gain of its own: its strokes are softer instead."""
    factor = 10 ** (part.gain_db / VELOCITY_DB)
    strokes = tuple(replace(s, velocity=round(s.velocity * factor)) for s in part.strokes)
    return replace(part, strokes=strokes, gain_db=0.0)


def _add_sleigh_bells_(carol: np.ndarray | DiskWave, part: Part, sample_rate: int) -> None:
    shake = np.stack([_side_gain(-part.pan), _side_gain(part.pan)])[:, None] * jingle(sample_rate)
    for stroke in part.strokes:
        start = round(stroke.start_s * sample_rate)
        place = slice(max(0, start), max(0, start + shake.shape[1]))
        before = carol[..., place]
        heard = shake[:, max(0, -start) :][:, : before.shape[1]]
        carol[..., place] = before + _amplitude(stroke, part.gain_db) * heard


def _side_gain(pan: float) -> float:
    """Constant power; 1 in the middle."""
    return float(np.sqrt(2) * np.sin(np.pi / 4 * (1 + pan)))


def _amplitude(stroke: Stroke, gain_db: float) -> float:
    level_db = VELOCITY_DB * np.log10(stroke.velocity / 127) + gain_db
    return float(JINGLE_PEAK * 10 ** (level_db / 20))
