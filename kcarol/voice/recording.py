"""A recorded voice: found, checked against its song, and read in time with it."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

from kcarol.audio.decoding import load_audio_into, stream_stereo
from kcarol.audio.disk_buffer import DiskBuffer, DiskWave
from kcarol.audio.files import AudioError, DoubtfulFileWarning, printable
from kcarol.audio.loudness import SILENT_DB
from kcarol.audio.reading.endings import AUDIO_SUFFIXES
from kcarol.audio.reading.native_sound import NativeSound
from kcarol.audio.reading.resampling import of_length
from kcarol.config import AudioConfig
from kcarol.progress import Progress, untold
from kcarol.voice.alignment import align

MOST_DIFFERENCE_S = 1.0  # in length
VOICE_SUFFIX = ".voice"  # of the stem of a voice beside its song


def voice_of(song: Path, voice: Path) -> Path:
    """The file of a song's voice: `voice`, or in a folder that of the song's name (NAME.* or
    NAME.voice.*). AudioError if there is none, or more than one.
    """
    if not voice.is_dir():
        return voice
    names = (song.stem, song.stem + VOICE_SUFFIX)
    found = sorted(
        path
        for path in voice.iterdir()
        if path.stem in names and path.suffix.lower() in AUDIO_SUFFIXES and not same(path, song)
    )
    if len(found) != 1:
        names_found = ", ".join(path.name for path in found) or "none"
        raise AudioError(
            f"{voice}: expected one voice of {song.name}, as {song.stem}.wav or "
            f"{song.stem}.voice.wav, found {names_found}"
        )
    return found[0]


def same(path: Path, other: Path) -> bool:
    return other.exists() and path.samefile(other)


def find_lag(
    path: Path,
    song: DiskBuffer,
    sound: NativeSound,
    audio: AudioConfig,
    progress: Progress = untold,
) -> float:
    """Seconds by which a voice's file is late against its song (T,), negative if it is early.

    sound: of the song's file. AudioError for a file that cannot be read, silence, another length,
    or the voice of another song; DoubtfulFileWarning if it is all of the song.
    """
    with DiskBuffer(beside=song.beside) as voice:
        recorded = load_audio_into(voice, path, audio, progress)
        if recorded.loudness.rms_db <= SILENT_DB:
            raise AudioError(f"{path}: expected a voice, found silence: give another file")
        _check_length(path, sound, recorded)
        found = align(song, voice, audio.sample_rate)
    if not found.is_sure:
        raise AudioError(
            f"{path}: expected the voice of this song, found nothing in it that fits the song "
            "within a second: give the voice that was taken out of this recording"
        )
    if found.is_whole_song:
        text = (
            f"{path}: expected the voice alone, found the whole song, which is laid over the carol "
            "as it is: give a recording of the voice alone, or --voice separate"
        )
        warnings.warn(DoubtfulFileWarning(printable(text)), stacklevel=2)
    return found.lag_samples / audio.sample_rate


def _check_length(path: Path, song: NativeSound, voice: NativeSound) -> None:
    song_s, voice_s = (sound.n_samples / sound.sample_rate for sound in (song, voice))
    if abs(song_s - voice_s) > MOST_DIFFERENCE_S:
        raise AudioError(
            f"{path}: expected the voice of a song of {_clock(song_s)}, found {_clock(voice_s)}: "
            "give a voice as long as the song within a second"
        )


def _clock(seconds: float) -> str:
    """As 3:12.4."""
    minutes, tenths = divmod(round(10 * seconds), 600)
    return f"{minutes}:{tenths // 10:02d}.{tenths % 10}"


def read_voice_onto(
    wave: DiskWave, path: Path, lag_s: float, rate: int, progress: Progress = untold
) -> None:
    """Write a voice's file at a rate in Hz into `wave` (2, T), in time with its song."""
    start = 0
    chunks = _moved(stream_stereo(path, rate), round(lag_s * rate))
    for chunk in of_length(chunks, wave.shape[-1]):
        wave[..., start : start + len(chunk)] = chunk.T
        start += len(chunk)
        progress(start / wave.shape[-1])


def _moved(chunks: Iterable[np.ndarray], n_late: int) -> Iterator[np.ndarray]:
    """Chunks (t, 2) without the first `n_late` samples, or with silence before them if negative."""
    if n_late < 0:
        yield np.zeros((-n_late, 2), np.float32)
    for chunk in chunks:
        yield chunk[max(0, n_late) :]
        n_late -= min(max(0, n_late), len(chunk))
