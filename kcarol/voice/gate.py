"""The gate that takes leaked drums out of a separated voice where nobody sings.

It follows the tune that was heard in the song: it is open around each note for which the recording
is periodic, too, early enough for a consonant before it and long enough for a release. Where the
voice rests, hearing may take an instrument for the tune, but what leaked of the drums is not
periodic. Hearing misses some notes, so the gate is open as well where the recording is nearly as
loud as where it sings, and periodic or for long. Elsewhere it lowers the sound, since a gate that
shuts is heard.
"""

from __future__ import annotations

import numpy as np

VOICED = 0.85  # voicing from which on a frame counts as sung: vowels have .95 to 1, drums .3 to .8
SHORTEST_NOTE_S = 0.13  # for which a drum's tone hardly lasts
SHORTEST_LOUD_S = 0.08  # of a note as loud as no leaked drum's tone
LOUD_S = 0.25  # for which not even noise of drums is as loud
SINGING_PERCENTILE = 75  # of the recording's level where it sings
# below that level: by how much a note may lie that was heard, and one that was not
SOFT_DB, NEARLY_DB = 28.0, 14.0
BEFORE_S = 0.2  # a note, for consonants
AFTER_S = 0.3  # a note, for its release
LONGEST_GAP_S = 0.25  # that stays open after all: no breath is taken apart
CLOSED_DB = -24.0  # what is left of leaked sound
OPENING_S, CLOSING_S = 0.03, 0.12


def sung_frames(
    tune: np.ndarray, level_db: np.ndarray, voicing: np.ndarray, frame_rate: float
) -> np.ndarray:
    """Frames (F,) bool in which the voice sings, with some time before and after.

    tune: (F,) MIDI pitch of the song's tune, -1 between notes.
    level_db, voicing: (F,) of the recorded voice, see `voicing`.
    """
    heard, voiced = tune >= 0, voicing > VOICED
    known = (heard & voiced, voiced, level_db > level_db.max() - SOFT_DB)  # the last of whispers
    where = next(frames for frames in known if frames.any())
    relative_db = level_db - np.percentile(level_db[where], SINGING_PERCENTILE)
    loud = relative_db > -NEARLY_DB
    sings = heard & _lasting(voiced & (relative_db > -SOFT_DB), SHORTEST_NOTE_S * frame_rate)
    sings |= _lasting(voiced & loud, SHORTEST_LOUD_S * frame_rate)
    sings |= _lasting(loud, LOUD_S * frame_rate)
    before, after = round(BEFORE_S * frame_rate), round(AFTER_S * frame_rate)
    return _without_gaps(_widened(sings, before, after), round(LONGEST_GAP_S * frame_rate))


def gate_db(sung: np.ndarray, frame_rate: float) -> np.ndarray:
    """(F,) bool -> gain (F,) in dB: 0 where the voice sings, CLOSED_DB elsewhere, and slopes to and
    from that outside of what is sung.
    """
    closing = _frames_since(sung) / (CLOSING_S * frame_rate)
    opening = _frames_until(sung) / (OPENING_S * frame_rate)
    return CLOSED_DB * np.minimum(closing, opening).clip(0, 1)


def _lasting(frames: np.ndarray, n: float) -> np.ndarray:
    """(F,) bool -> its runs of True that are at least `n` long."""
    edges = np.flatnonzero(np.diff(frames, prepend=False, append=False))
    lasting = np.zeros(len(frames), bool)
    for start, stop in edges.reshape(-1, 2):
        lasting[start:stop] = stop - start >= n
    return lasting


def _without_gaps(frames: np.ndarray, n: int) -> np.ndarray:
    """(F,) bool whose runs of False that are at most `n` long, between two of True, are True."""
    return _frames_since(frames) + _frames_until(frames) <= n + 1


def _widened(frames: np.ndarray, before: int, after: int) -> np.ndarray:
    """(F,) bool, each True `before` frames earlier and `after` later, too."""
    return (_frames_since(frames) <= after) | (_frames_until(frames) <= before)


def _frames_since(frames: np.ndarray) -> np.ndarray:
    """(F,) how many frames ago the last True was, infinite before the first."""
    places = np.arange(len(frames), dtype=float)
    return places - np.maximum.accumulate(np.where(frames, places, -np.inf))


def _frames_until(frames: np.ndarray) -> np.ndarray:
    """(F,) in how many frames the next True is, infinite after the last."""
    return _frames_since(frames[::-1])[::-1]
