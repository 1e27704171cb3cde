"""Sounds that are compared: files at one loudness, with their spectrograms on one colour scale."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np

from kcarol.audio.encoding import save_audio
from kcarol.audio.loudness import PEAK_DB, Wave, in_pieces, loudness_db, loudness_lufs, peak
from kcarol.audio.parallel import parallel_map
from kcarol.page.spectrogram import SILENT_DB, levels_db, save_picture

LOUDEST_LUFS = -18.0  # of sounds that are compared, unless a peak would clip
# MP3: every browser plays it, two megabytes a minute. FLAC: without loss, and quick to write
SENT, EXACT = ".mp3", ".flac"


@dataclass(frozen=True, eq=False)
class Sound:
    """What is to be heard. `wave` is (C, T) of one or two channels, in memory or on disk."""

    label: str
    wave: Wave
    rate: int  # Hz
    caption: str = ""


@dataclass(frozen=True)
class Track:
    """A sound on a page; addresses are relative to the page, and quoted."""

    label: str
    caption: str
    seconds: float
    url: str
    picture_url: str
    picture_size: tuple[int, int]  # width and height, pixels


def write_tracks(
    sounds: Sequence[Sound], folder: Path, page_folder: Path, ending: str = SENT
) -> tuple[Track, ...]:
    """Write the sounds, which become equally loud in place, and their pictures into `folder`."""
    equally_loud_(sounds)
    stems = [f"{number}-{slug(sound.label)}" for number, sound in enumerate(sounds, start=1)]

    def write(job: tuple[str, Sound]) -> np.ndarray:
        stem, sound = job
        save_audio(folder / f"{stem}{ending}", sound.wave, sound.rate)
        return levels_db(sound.wave, sound.rate)

    pictures = list(parallel_map(write, list(zip(stems, sounds, strict=True))))
    top_db = max([SILENT_DB, *(levels.max() for levels in pictures)])
    # a name's address, without a library of the network's
    quoted = PurePosixPath("/", folder.relative_to(page_folder).as_posix()).as_uri()
    address = quoted.removeprefix("file:///")
    return tuple(
        Track(
            sound.label,
            sound.caption,
            sound.wave.shape[-1] / sound.rate,
            f"{address}/{stem}{ending}",
            f"{address}/{stem}.png",
            save_picture(folder / f"{stem}.png", levels, top_db),
        )
        for stem, sound, levels in zip(stems, sounds, pictures, strict=True)
    )


def slug(text: str) -> str:
    """A part of a file's name that every system and address can hold."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:40] or "sound"


def equally_loud_(sounds: Sequence[Sound]) -> None:
    """Bring all to one loudness, at most LOUDEST_LUFS and no peak above PEAK_DB; silence stays.

    By LUFS (ITU-R BS.1770); by rms if one is shorter than 0.4 s or too soft for that. One channel
    counts as two, as browsers play it.
    """
    audible = [sound for sound in sounds if peak(sound.wave) > 0]
    one_db = [3.01 if sound.wave.shape[0] == 1 else 0.0 for sound in audible]
    levels = [loudness_lufs(s.wave, s.rate) + more for s, more in zip(audible, one_db, strict=True)]
    if not np.isfinite(levels).all():
        levels = [loudness_db(sound.wave) for sound in audible]
    most = [
        level + PEAK_DB - 20 * np.log10(peak(sound.wave))
        for sound, level in zip(audible, levels, strict=True)
    ]
    target = min([LOUDEST_LUFS, *most])
    for sound, level in zip(audible, levels, strict=True):
        gain = np.float32(10 ** ((target - level) / 20))
        for span, piece in in_pieces(sound.wave):
            sound.wave[..., span] = gain * piece
