"""The voice of a song's file as a file."""

from __future__ import annotations

import json
from pathlib import Path

import torch

from kcarol.audio.clips import file_sha256
from kcarol.audio.decoding import stream_stereo
from kcarol.audio.disk_buffer import DiskWave
from kcarol.audio.encoding import read_comment, save_blocks
from kcarol.audio.reading.ffmpeg import check_file
from kcarol.model.device import best_device
from kcarol.voice.separation.download import Progress
from kcarol.voice.separation.separator import RATE, Separator
from kcarol.voice.separation.weights import find_weights


def separated_voice(
    song: Path | str,
    out: Path | str,
    *,
    weights: Path | str | None = None,
    yes: bool = False,
    device: torch.device | str | None = None,
    progress: Progress | None = None,
    force: bool = False,
) -> Path:
    """Separate the voice of a song from its band, and return its file.

    The voice is stereo at 44.1 kHz and as long as the song; a file that has been made of this song
    by these weights is kept as it is. Memory does not grow with the song.

    Args:
        out: in a format of `save_audio`.
        weights: file of torchaudio's HDEMUCS_HIGH_MUSDB_PLUS; None: the user's own.
        yes: whether these may be fetched where they are missing, see `notice`.
        progress: told how many samples are done, and of how many.
        force: replace an existing file.

    Raises AudioError, WeightsError, DownloadError, FileExistsError.
    """
    song, out = Path(song), Path(out)
    check_file(song)
    weights = find_weights(weights, fetch=yes)
    record = json.dumps({"voice of": file_sha256(song), "by": file_sha256(weights)})
    if out.exists() and not force:
        if read_comment(out) == record:
            return out
        raise FileExistsError(
            f"{out} exists, and is not the voice of {song}: move it, or --force to replace it"
        )
    separator = Separator.load(weights, device or best_device())
    with DiskWave(2, beside=out) as wave:
        for chunk in stream_stereo(song, RATE):
            wave.append(chunk.T)
        blocks = separator.voice(wave, progress)
        return save_blocks(out, blocks, wave.shape[-1], 2, RATE, record)


def default_voice(carol: Path) -> Path:
    """Where the separated voice of a carol's song is kept: NAME.voice.flac beside the carol."""
    return carol.with_name(carol.stem.removesuffix(".carol") + ".voice.flac")
