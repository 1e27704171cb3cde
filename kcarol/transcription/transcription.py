"""`Transcription`: the content of a song, between hearing and playing."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from kcarol.audio.files import write_text
from kcarol.audio.loudness import Loudness
from kcarol.config import TUNE_LOWEST, AudioConfig
from kcarol.model.content import N_PITCHES, Content, phases
from kcarol.model.vowels import NO_VOWEL
from kcarol.transcription.bars import frame_positions
from kcarol.transcription.form.onset_rate import MOST_ONSETS_PER_S, rate_of_strokes
from kcarol.transcription.harmony.chords import ChordSpan, decide_chords, rolls_of
from kcarol.transcription.harmony.parts import Parts
from kcarol.transcription.song_level import LOUDEST_DB, SOFTEST_DB, SongLevel

STRUCK = 0.5  # probability above which a stroke is decoded
FORMAT = 4  # of saved transcriptions
# 1, with one metre a song, 2, without its loudness over time, and 3, without text, are read, too
OLDER_FORMATS = (1, 2, 3)
MAX_HOURS = 24.0  # a longer one is an attempt to exhaust memory


class TranscriptionError(ValueError):
    """A file that is not a transcription; one line with expected and found."""


@dataclass(frozen=True, eq=False)
class Transcription:
    """Everything that a carol takes from its song; playing needs nothing else.

    Arrays run over F frames of 16 ms or over N beats. Decisions (`chords`, `content`) are derived
    from the probabilities.
    """

    beats: np.ndarray  # (N,) int: the frame of each beat, rising
    positions: np.ndarray  # (N,) int: of each beat in its bar, 0 the first
    metres: np.ndarray  # (N,) int: beats of the bar that each beat is in
    divisions: (
        np.ndarray
    )  # (N,) int: parts of each beat, 3 in compound time (6/8, 9/8, 12/8), else 2
    tune: np.ndarray  # (F,) int: MIDI pitch as sung, -1 between notes
    tune_probability: np.ndarray  # (F,) float32: of the note, the same throughout it
    tune_shift: int  # semitones, whole octaves, from the sung to the carol's register
    onset: np.ndarray  # (F,) float32: probability where a note of the tune begins, elsewhere 0
    chord: np.ndarray  # (F, 12) float32: probability of each pitch class, a half beat the same
    bass: np.ndarray  # (F, 12) float32: probability of each pitch class, a half beat the same
    strokes: np.ndarray  # (F,) float32: probability that the groove strikes, 0 between eighths
    energy: np.ndarray  # (F,) float32: how full the arrangement is, 0 to 1
    onset_rate: np.ndarray  # (F,) float32: onsets a second of the whole record, see there
    tuning_cents: np.ndarray  # (F,) float32: how far the song lies above A4 = 440 Hz
    vowel: np.ndarray  # (F,) int: number of VOWELS that is sung, NO_VOWEL where none is surely
    syllable: np.ndarray  # (F,) int: 1 where a syllable begins, elsewhere 0
    level: SongLevel  # length in samples, loudness as a whole and over time, fades

    def __len__(self) -> int:
        """Frames F."""
        return len(self.tune)

    @property
    def loudness_db(self) -> np.ndarray:
        """(F,) float32 dB: momentary loudness re the song's loud passages."""
        return self.level.loudness_db

    @property
    def downbeats(self) -> np.ndarray:
        """Frames of the beats that begin a bar."""
        return self.beats[self.positions == 0]

    @cached_property
    def chords(self) -> tuple[ChordSpan, ...]:
        """The decided chords, from the first frame to the last."""
        grid = (self.beats, self.positions, self.metres, self.divisions)
        return decide_chords(self.chord, self.bass, self.tune, Parts.of(*grid, len(self)))

    @cached_property
    def content(self) -> Content:
        """Hard decisions as content (F, n) of zeros and ones (except phase and energy)."""
        chord, bass = rolls_of(self.chords)
        return Content(
            tune=self._tune_roll(),
            onset=_column(self.onset > 0),
            chord=torch.from_numpy(chord),
            bass=torch.from_numpy(bass),
            phase=self._phase(),
            accent=_column(self.strokes > STRUCK),
            energy=_column(self.energy),
        )

    def _tune_roll(self) -> Tensor:
        """(F, N_PITCHES), 1 at the pitch of the tune in the carol's register."""
        roll = torch.zeros(len(self), N_PITCHES)
        pitch = self.tune + self.tune_shift - TUNE_LOWEST
        frames = np.flatnonzero((self.tune >= 0) & (pitch >= 0) & (pitch < N_PITCHES))
        roll[frames, pitch[frames]] = 1
        return roll

    def _phase(self) -> Tensor:
        """(F, 4), see `Content`."""
        places = frame_positions(self.beats, self.positions, self.metres, len(self))
        return phases(*(torch.from_numpy(place) for place in places))

    # --- files

    def save(self, path: Path | str) -> None:
        """Write as JSON, atomically. OSError names the file."""
        write_text(Path(path), self.to_json())

    @classmethod
    def load(cls, path: Path | str) -> Transcription:
        """The same transcription, to the bit. TranscriptionError for other files; OSError."""
        try:
            return cls.from_json(Path(path).read_text("utf-8"))
        except ValueError as error:  # also text that is not UTF-8
            raise TranscriptionError(
                f"{path}: expected a transcription saved by kcarol, found {error}"
            ) from error

    def to_json(self) -> str:
        """One object; arrays as lists of values, or of [length, value] where values repeat."""
        lufs = self.level.loudness.lufs
        return json.dumps(
            {
                "format": FORMAT,
                "n_samples": self.level.n_samples,
                "loudness_lufs": lufs if math.isfinite(lufs) else None,
                "loudness_rms_db": self.level.loudness.rms_db,
                "tune_shift": self.tune_shift,
                "beats": self.beats.tolist(),
                "positions": self.positions.tolist(),
                "metres": _runs_of(self.metres),
                "divisions": _runs_of(self.divisions),
                **{name: _runs_of(getattr(self.level, name)) for name in LEVEL_ARRAYS},
                **{name: _runs_of(getattr(self, name)) for name in FRAME_ARRAYS},
            },
            separators=(",", ":"),
            allow_nan=False,
        )

    @classmethod
    def from_json(cls, text: str) -> Transcription:
        """Inverse of `to_json`. ValueError, whose message is what was found."""
        try:
            found = json.loads(text)
        except (ValueError, RecursionError):
            raise ValueError("no JSON") from None
        if not isinstance(found, dict) or found.get("format") not in (FORMAT, *OLDER_FORMATS):
            raise ValueError(f"no object of format {FORMAT}")
        try:
            return _from_values(_of_older_format(found))
        except KeyError as error:
            raise ValueError(f"no {error.args[0]}") from None
        except (TypeError, OverflowError) as error:
            raise ValueError(" ".join(str(error).split())) from None


MAX_METRE = 16
BEAT_ARRAYS = {  # array of N beats -> as in FRAME_ARRAYS
    "positions": ((), np.int64, 0, MAX_METRE - 1),
    "metres": ((), np.int64, 1, MAX_METRE),
    "divisions": ((), np.int64, 2, 3),
}
FRAME_ARRAYS = {  # array of F frames -> its columns, its type, its least and its largest value
    "tune": ((), np.int64, -1, 127),
    "tune_probability": ((), np.float32, 0, 1),
    "onset": ((), np.float32, 0, 1),
    "chord": ((12,), np.float32, 0, 1),
    "bass": ((12,), np.float32, 0, 1),
    "strokes": ((), np.float32, 0, 1),
    "energy": ((), np.float32, 0, 1),
    "onset_rate": ((), np.float32, 0, MOST_ONSETS_PER_S),
    "tuning_cents": ((), np.float32, -1200, 1200),
    "vowel": ((), np.int64, 0, NO_VOWEL),
    "syllable": ((), np.int64, 0, 1),
}
LEVEL_ARRAYS = {  # array of the level of F frames -> as in FRAME_ARRAYS
    "fade_db": ((), np.float32, -200, 0),
    "loudness_db": ((), np.float32, SOFTEST_DB, LOUDEST_DB),
}


def _of_older_format(found: Mapping) -> Mapping:
    """What a file of any format says in the words of the latest one."""
    if found["format"] == FORMAT:
        return found
    n_beats, n_frames = len(found["beats"]), AudioConfig().n_frames(_n_samples(found))
    found = dict(found) | {"vowel": [[n_frames, NO_VOWEL]], "syllable": [[n_frames, 0]]}
    if found["format"] == 3:
        return found
    if found["format"] == 1:
        found |= {
            "metres": [[n_beats, found["metre"]]],
            "divisions": [[n_beats, 2]],
            "tuning_cents": [[n_frames, 0.0]],
        }
    strokes = _array(found, "strokes", n_frames, FRAME_ARRAYS["strokes"])
    return found | {
        "loudness_db": [[n_frames, 0.0]],
        "onset_rate": rate_of_strokes(strokes, AudioConfig()).tolist(),
    }


def _n_samples(found: Mapping) -> int:
    return _whole(found, "n_samples", 0, round(MAX_HOURS * 3600 * AudioConfig.sample_rate))


def _from_values(found: Mapping) -> Transcription:
    n_samples = _n_samples(found)
    n_frames = AudioConfig().n_frames(n_samples)
    beats = _array(found, "beats", len(found["beats"]), ((), np.int64, 0, n_frames - 1))
    if not len(beats) or (np.diff(beats) <= 0).any():
        raise ValueError("beats that do not rise")
    positions, metres, divisions = (
        _array(found, name, len(beats), kind) for name, kind in BEAT_ARRAYS.items()
    )
    if (positions >= metres).any():
        raise ValueError("positions outside their bars")
    lufs = found["loudness_lufs"]
    return Transcription(
        beats=beats,
        positions=positions,
        metres=metres,
        divisions=divisions,
        tune_shift=_whole(found, "tune_shift", -120, 120),
        level=SongLevel(
            n_samples,
            Loudness(
                lufs=-math.inf if lufs is None else _number(found, "loudness_lufs", -200, 100),
                rms_db=_number(found, "loudness_rms_db", -200, 100),
            ),
            **{name: _array(found, name, n_frames, kind) for name, kind in LEVEL_ARRAYS.items()},
        ),
        **{name: _array(found, name, n_frames, kind) for name, kind in FRAME_ARRAYS.items()},
    )


def _runs_of(array: np.ndarray) -> list:
    """Values of (F, ...), floats as short as float32 allows, or [length, value] of equal rows."""
    rows = array.reshape(len(array), -1)
    starts = np.flatnonzero(np.r_[True, (rows[1:] != rows[:-1]).any(1)])
    kept = array[starts] if 2 * len(starts) < len(array) else array
    # the shortest digits that give the same float32, not the 17 of the equal float64
    values = (kept.astype(str).astype(float) if kept.dtype == np.float32 else kept).tolist()
    if kept is array:
        return values
    lengths = np.diff(starts, append=len(array)).tolist()
    return [list(run) for run in zip(lengths, values, strict=True)]


def _array(found: Mapping, name: str, length: int, kind: tuple) -> np.ndarray:
    """Inverse of `_runs_of`. ValueError for another length, shape, type or range."""
    columns, dtype, low, high = kind
    values = found[name]
    if not isinstance(values, list) or len(values) > length:
        raise ValueError(f"{name} that is no list of at most {length}")
    lengths = None
    if len(values) < length and all(isinstance(x, list) and len(x) == 2 for x in values):
        lengths = [x[0] for x in values]
        values = [x[1] for x in values]
        if not all(type(n) is int and n > 0 for n in lengths) or sum(lengths) != length:
            raise ValueError(f"{name} whose runs are not {length} long")
    array = np.array(values, np.float64).reshape(-1, *columns)
    whole = dtype is np.float32 or (array == np.round(array)).all()
    if not (whole and (array >= low).all() and (array <= high).all()):  # also NaN
        raise ValueError(f"{name} with values outside {low} to {high}")
    array = array.astype(dtype)
    array = array if lengths is None else array.repeat(lengths, axis=0)
    if len(array) != length:
        raise ValueError(f"{name} of {len(array)}, not {length}")
    return array


def _number(found: Mapping, name: str, low: float, high: float) -> float:
    value = found[name]
    if type(value) not in (int, float) or not low <= value <= high:
        raise ValueError(f"{name} that is no number from {low} to {high}")
    return float(value)


def _whole(found: Mapping, name: str, low: int, high: int) -> int:
    value = _number(found, name, low, high)
    if value != int(value):
        raise ValueError(f"{name} that is not whole")
    return int(value)


def _column(values: np.ndarray) -> Tensor:
    """(F,) -> (F, 1) float32."""
    return torch.from_numpy(np.asarray(values, np.float32))[:, None]
