"""Sung notes with a wide vibrato are told at its middle.

A voice that swings by a semitone to both sides dwells at the extremes, and is heard there. Over the
length of a note each of its partials is a hump of the spectrum, from one extreme to the other, and
the note is the centre of that hump. Only notes of one voice alone are moved.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np

from kcarol.audio.disk_buffer import DiskBuffer
from kcarol.audio.parallel import parallel_map
from kcarol.config import AudioConfig
from kcarol.transcription.transcription import Transcription
from kcarol.transcription.tuning import RATE_HZ, find_partials, partial_spectra

HOP_LENGTH = 128  # samples at RATE_HZ: 32 ms
PIECE_FRAMES = 3_750  # of the song, searched at once: a minute
EDGE_FRAMES = 4  # at both ends of a note, whose spectra hold its neighbours, too
SUNG_AGAIN = 0.85  # probability from which on an onset in the middle of a swing is one
WIDEST_SWING = 3  # semitones between two pitches that may be the extremes of one note
REACH_CENTS = 160  # of partials around those of the pitch
N_HARMONICS = 5
MIN_SHARE = 0.8  # of the partials that are the note's, else somebody else plays, too
MIN_WIDTH_CENTS = 150.0  # of partials: less is not heard at its extremes
MAX_SPREAD_CENTS = 45.0  # standard deviation among them, else they are not of one note
MIN_DISTANCE_CENTS = 60.0  # from the pitch that was heard, for it to be moved
STEADY_FRAMES = 12  # after which a pitch that is near its partials is a note for certain

Span = tuple[int, int]  # first frame, and the one after the last


def centre_vibrato(
    transcription: Transcription, song: np.ndarray | DiskBuffer, audio: AudioConfig
) -> Transcription:
    """A transcription of a song (T,) -> the same, each swinging note at its middle."""
    notes = note_spans(transcription)
    pitches = transcription.tune[[start for start, _ in notes]].astype(float)
    cents, is_wide = cents_off(notes, pitches, transcription.tuning_cents, song, audio)
    tune = transcription.tune.copy()
    is_right, is_mended = np.zeros((2, len(tune)), bool)  # long notes, as heard and moved
    for (start, stop), pitch, off, wide in zip(notes, pitches, cents, is_wide, strict=True):
        is_moved = wide and abs(off) >= MIN_DISTANCE_CENTS
        if is_moved:
            tune[start:stop] = round(pitch + off / 100)
        is_long = stop - start >= STEADY_FRAMES
        is_mended[start:stop] = is_long and is_moved
        is_right[start:stop] = is_long and abs(off) < MIN_DISTANCE_CENTS

    # a note that was heard right is no extreme, but may slide to the next
    swings = [
        (start, stop)
        for start, stop in swing_spans(notes, transcription)
        if not is_right[start:stop].any() and not is_mended[start:stop].all()
    ]
    middles = np.array([tune[a:b].min() + tune[a:b].max() for a, b in swings]) / 2
    cents, is_wide = cents_off(swings, middles, transcription.tuning_cents, song, audio)
    onset = transcription.onset.copy()
    for (start, stop), middle, off, wide in zip(swings, middles, cents, is_wide, strict=True):
        if wide and np.isfinite(off):
            tune[start:stop] = round(middle + off / 100)
            inside = onset[start + 1 : stop]
            inside[inside < SUNG_AGAIN] = 0
    return replace(transcription, tune=tune, onset=onset)


def note_spans(transcription: Transcription) -> list[Span]:
    """Of one pitch and one beginning each."""
    tune = transcription.tune
    begins = (np.diff(tune, prepend=-1) != 0) | (transcription.onset > 0)
    edges = [*np.flatnonzero(begins | (np.arange(len(tune)) == 0)).tolist(), len(tune)]
    return [(start, stop) for start, stop in pairwise(edges) if tune[start] >= 0]


def swing_spans(notes: list[Span], transcription: Transcription) -> list[Span]:
    """Of two notes that follow each other, by at most WIDEST_SWING."""
    tune = transcription.tune
    return [
        (start, stop)
        for (start, end), (begin, stop) in pairwise(notes)
        if end == begin and 0 < abs(tune[begin] - tune[start]) <= WIDEST_SWING
    ]


def cents_off(
    spans: list[Span],
    pitches: np.ndarray,
    tuning_cents: np.ndarray,
    song: np.ndarray | DiskBuffer,
    audio: AudioConfig,
) -> tuple[np.ndarray, np.ndarray]:
    """How far the centres of a note's partials lie above its MIDI pitch, (n,), NaN if it is not
    alone; and whether these partials are wide, (n,).
    """
    pieces: dict[int, list[int]] = {}
    for i, (start, _) in enumerate(spans):
        pieces.setdefault(start // PIECE_FRAMES, []).append(i)

    def of_piece(members: list[int]) -> tuple[np.ndarray, np.ndarray]:
        here = [spans[i] for i in members]
        tuned = pitches[members] + tuning_cents[[start for start, _ in here]] / 100
        f0_hz = 440 * 2 ** ((tuned - 69) / 12)
        return _cents_of(mean_spectra(song, here, audio), f0_hz)

    cents, is_wide = [np.zeros(0)], [np.zeros(0, bool)]
    for found in parallel_map(of_piece, list(pieces.values())):
        cents.append(found[0])
        is_wide.append(found[1])
    return np.concatenate(cents), np.concatenate(is_wide)


def mean_spectra(
    song: np.ndarray | DiskBuffer, spans: list[Span], audio: AudioConfig
) -> np.ndarray:
    """The mean power (n, bins) of each span, as `find_partials` takes it."""
    first = spans[0][0]
    wave = song[first * audio.hop_length : max(stop for _, stop in spans) * audio.hop_length]
    frames = partial_spectra(wave, audio, HOP_LENGTH)
    step = HOP_LENGTH / RATE_HZ * audio.frame_rate  # song frames a spectrum
    means = []
    for start, stop in spans:
        edge = min(EDGE_FRAMES, (stop - start) // 2)
        begin = min(round((start + edge - first) / step), len(frames) - 1)
        end = max(begin + 1, round((stop - edge - first) / step))
        means.append(frames[begin:end].mean(0))
    return np.stack(means)


def _cents_of(spectra: np.ndarray, f0_hz: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Spectra (n, bins) of notes heard at f0 (n,) -> as `cents_off`."""
    note, hz, weight, width_hz = find_partials(spectra)
    harmonic = np.round(hz / f0_hz[note]).clip(1)
    cents = 1200 * np.log2(hz / (harmonic * f0_hz[note]))
    own = weight * ((np.abs(cents) < REACH_CENTS) & (harmonic <= N_HARMONICS))
    width_cents = 1200 * np.log2(1 + width_hz / hz)

    def total(values: np.ndarray) -> np.ndarray:
        return np.bincount(note, values, len(f0_hz))

    n_own = total(own).clip(1e-9)
    mean = total(own * cents) / n_own
    spread = np.sqrt((total(own * cents**2) / n_own - mean**2).clip(0))
    is_alone = (n_own > MIN_SHARE * total(weight)) & (spread < MAX_SPREAD_CENTS)
    is_wide = total(own * width_cents) / n_own > MIN_WIDTH_CENTS
    return np.where(is_alone, mean, np.nan), is_wide
