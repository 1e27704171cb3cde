"""Choirs from samples on the vowels of a song: "ah" through the formants of each vowel."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from kcarol.arrangement.played_notes import instrument_of, text_of
from kcarol.audio.disk_buffer import DiskWave
from kcarol.audio.loudness import k_weighting, with_context
from kcarol.audio.parallel import parallel_map
from kcarol.model.instruments import INSTRUMENTS, NUMBERS
from kcarol.model.note_bank import AH_CHOIR
from kcarol.model.singing.formants import DARK_VOWEL, KEPT_HZ, darkening_db, gains_db
from kcarol.model.singing.text import Text
from kcarol.model.vowels import NO_VOWEL, VOWELS
from kcarol.synthesis.render import stream_parts
from kcarol.transcription.lead_sheet import Part, Stroke

N_FFT = 2048  # 43 ms at 48 kHz: formants are wider than its bins
HOP = N_FFT // 4
PIECE_SAMPLES = 512 * HOP  # at once
LEAST_POWER = 1e-8  # of a spectrum: what is softer is not made louder
AH_PROGRAM = INSTRUMENTS[NUMBERS[AH_CHOIR]].program or 0
RINGS_S = 0.3  # a choir after the end of a note
N_PITCHES = 128  # of MIDI

Wave = np.ndarray | DiskWave


def add_choir_(carol: Wave, part: Part, gain: float, sample_rate: int, soundfont: str) -> None:
    """Add what a part with a text sounds like, `gain` times, to `carol` (2, T), as loud in every
    frame as it is without the text.
    """
    own_part = replace(part, text=())
    with _rendered(own_part, carol.shape[-1], sample_rate, soundfont) as own:
        if part.program == AH_PROGRAM:
            return _add_sung_(carol, own, own, part, gain, sample_rate)
        ah_part = replace(own_part, program=AH_PROGRAM)
        with _rendered(ah_part, carol.shape[-1], sample_rate, soundfont) as ah:
            _add_sung_(carol, own, ah, part, gain, sample_rate)


def _rendered(part: Part, n_samples: int, sample_rate: int, soundfont: str) -> DiskWave:
    wave, start = DiskWave(2, n_samples), 0
    for piece in stream_parts([part], n_samples, sample_rate, soundfont):
        wave[..., start : start + piece.shape[1]] = piece
        start += piece.shape[1]
    return wave


def _add_sung_(carol: Wave, own: Wave, ah: Wave, part: Part, gain: float, sample_rate: int) -> None:
    n_samples, frame_rate = carol.shape[-1], sample_rate / HOP
    darkening = _darkening(sample_rate) if instrument_of(part).vowel == DARK_VOWEL else None
    text = text_of([part], 1 + n_samples // HOP, frame_rate)
    assert text is not None  # since the part has one
    starts = range(0, n_samples, PIECE_SAMPLES)
    loudness = k_weighting(sample_rate, N_FFT).abs().square()

    def sung(piece: tuple) -> np.ndarray:
        start, (own_around, inner), (ah_around, _) = piece
        if not own_around.any():
            return own_around[:, inner]
        first = (start - inner.start) // HOP
        last = first + 1 + own_around.shape[1] // HOP
        gains = chord_gains(part.strokes, first, last, sample_rate)
        waves = torch.from_numpy(own_around), torch.from_numpy(ah_around)
        some = text.window(first, last)
        return on_vowels(*waves, some, gains, loudness, darkening)[:, inner].numpy()

    around = (with_context(wave, starts, N_FFT) for wave in (own, ah))
    for start, sound in zip(
        starts, parallel_map(sung, zip(starts, *around, strict=True)), strict=True
    ):
        carol[..., start : start + sound.shape[1]] += gain * sound


def chord_gains(strokes: Sequence[Stroke], first: int, last: int, sample_rate: int) -> Tensor:
    """Gains of vowels (len(VOWELS), F, bins) of amplitude in frames from `first` to `last`, in
    which strokes sound: at every frequency that of the note that is raised most, so that no note of
    a chord loses its own pitch to the formants of a lower one.
    """
    roll = np.zeros((last - first, N_PITCHES), bool)
    for start, end, pitch in _frames(strokes, sample_rate / HOP):
        roll[max(0, start - first) : max(0, end - first), pitch] = True
    chords, index = np.unique(roll, axis=0, return_inverse=True)
    table = vowel_gains(sample_rate)
    silent = torch.ones(len(VOWELS), 1, table.shape[2])
    rows = [table[:, chord].amax(1, keepdim=True) if chord.any() else silent for chord in chords]
    return torch.cat(rows, dim=1)[:, torch.from_numpy(index.ravel())]


def _frames(strokes: Sequence[Stroke], frame_rate: float) -> Iterator[tuple[int, int, int]]:
    """First frame, the one after the last, and MIDI pitch."""
    for stroke in strokes:
        end_s = stroke.start_s + stroke.length_s + RINGS_S
        yield round(stroke.start_s * frame_rate), round(end_s * frame_rate), round(stroke.pitch)


@functools.lru_cache(maxsize=2)
def vowel_gains(sample_rate: int) -> Tensor:
    """(len(VOWELS), N_PITCHES, bins below KEPT_HZ) float32 of amplitude."""
    f0_hz = 440 * 2 ** ((np.arange(N_PITCHES) - 69) / 12)
    bins_hz = np.fft.rfftfreq(N_FFT, 1 / sample_rate)
    gain_db = gains_db(f0_hz, bins_hz[bins_hz < KEPT_HZ[1]])
    return torch.from_numpy(10 ** (gain_db / 20)).float()


@functools.lru_cache(maxsize=2)
def _darkening(sample_rate: int) -> Tensor:
    """(bins,) of amplitude."""
    bins_hz = np.fft.rfftfreq(N_FFT, 1 / sample_rate)
    return torch.from_numpy(10 ** (darkening_db(bins_hz) / 20)).float()


def on_vowels(
    own: Tensor,
    ah: Tensor,
    text: Text,
    gains: Tensor,
    loudness: Tensor,
    darkening: Tensor | None = None,
) -> Tensor:
    """A choir's own sound (2, t), the same on "ah", and gains (len(VOWELS), F, n) of vowels in the
    lowest bins -> what it sings of a text (2, t), in each frame as loud as its own sound.

    `loudness`: weights of powers (bins,); `darkening`: of amplitudes (bins,), None: none.
    """
    own_spectrum, ah_spectrum = _stft(own), _stft(ah)  # (2, F, bins)
    if darkening is not None:
        ah_spectrum = ah_spectrum * darkening
    own_power, ah_power = (
        spectrum.abs().square().sum(0) * loudness for spectrum in (own_spectrum, ah_spectrum)
    )
    n = gains.shape[2]
    powers = (ah_power[:, :n] * gains.square()).sum(2) + ah_power[:, n:].sum(1)
    as_loud = ((own_power.sum(1) + LEAST_POWER) / (powers + LEAST_POWER)).sqrt()
    shares = text.shares.T * 10 ** (text.level_db / 20)
    of_vowels = shares[:NO_VOWEL] * as_loud  # (len(VOWELS), F)
    ah_spectrum[..., :n] *= (of_vowels[..., None] * gains).sum(0)
    ah_spectrum[..., n:] *= of_vowels.sum(0)[:, None]
    return _istft(shares[NO_VOWEL, :, None] * own_spectrum + ah_spectrum, own.shape[1])


def _stft(wave: Tensor) -> Tensor:
    """(2, t) -> complex (2, F, bins)."""
    window = torch.hann_window(N_FFT)
    spectrum = torch.stft(wave, N_FFT, HOP, window=window, pad_mode="constant", return_complex=True)
    return spectrum.transpose(1, 2)


def _istft(spectrum: Tensor, n_samples: int) -> Tensor:
    """Inverse of `_stft`."""
    window = torch.hann_window(N_FFT)
    return torch.istft(spectrum.transpose(1, 2), N_FFT, HOP, window=window, length=n_samples)
