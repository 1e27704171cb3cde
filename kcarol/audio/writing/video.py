"""Still pictures with sound as MPEG-4 video: a line moves over the picture as the sound plays.

H.264 in yuv420p and AAC, the index in front, so that every browser plays it while it loads.
"""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from kcarol.audio.files import AudioError, atomic_write
from kcarol.audio.reading.ffmpeg import absolute_name, find_ffmpeg

FRAMES_PER_S = 12  # the line moves by a few pixels each
LINE_WIDTH = 2  # pixels
AUDIO_BITS_PER_S = 160_000


@dataclass(frozen=True)
class Sweep:
    """The way of the line over a part of the picture, from left to right, in pixels."""

    start_s: float
    stop_s: float
    left: float
    right: float
    top: int
    height: int


def save_video(
    path: Path, picture: Path, sound: Path, length_s: float, sweeps: Sequence[Sweep]
) -> Path:
    """Write an .mp4 of a picture's file and a sound's file of that length.

    The file appears whole or not at all. AudioError for another ending, or what ffmpeg says.
    """
    if path.suffix.lower() != ".mp4":
        raise AudioError(f"{path}: expected a video's name (.mp4), found '{path.suffix}'")
    with atomic_write(path) as unfinished, tempfile.TemporaryFile() as said:
        command = [find_ffmpeg(), "-v", "error", "-nostdin", "-y"]
        command += ["-loop", "1", "-framerate", str(FRAMES_PER_S), "-i", absolute_name(picture)]
        command += ["-i", absolute_name(sound), "-filter_complex", _lines(sweeps)]
        command += ["-map", "[out]", "-map", "1:a", "-t", f"{length_s:.3f}", "-map_metadata", "-1"]
        command += ["-c:v", "libx264", "-tune", "stillimage", "-crf", "26", "-pix_fmt", "yuv420p"]
        command += ["-c:a", "aac", "-b:a", str(AUDIO_BITS_PER_S), "-fflags", "+bitexact"]
        command += ["-movflags", "+faststart", "-f", "mp4", absolute_name(unfinished)]
        if subprocess.run(command, stdout=subprocess.DEVNULL, stderr=said).returncode:
            said.seek(0)
            reason = said.read().decode(errors="replace").strip().splitlines()[-1:]
            raise AudioError(f"{path}: expected a video to be written, found: {''.join(reason)}")
    return path


def _lines(sweeps: Sequence[Sweep]) -> str:
    """A filter that draws each sweep's line over the picture while its time lasts."""
    chain = ["[0]crop=trunc(iw/2)*2:trunc(ih/2)*2[p0]"]  # yuv420p has even sides
    for number, sweep in enumerate(sweeps):
        line = f"color=white:s={LINE_WIDTH}x{sweep.height}:r={FRAMES_PER_S}"
        progress = f"(t-{sweep.start_s:.3f})/{sweep.stop_s - sweep.start_s:.3f}"
        x = f"{sweep.left:.1f}+{sweep.right - sweep.left:.1f}*{progress}"
        when = f"between(t,{sweep.start_s:.3f},{sweep.stop_s:.3f})"
        chain.append(f"{line}[l{number}]")
        chain.append(
            f"[p{number}][l{number}]overlay=x='{x}':y={sweep.top}:enable='{when}'[p{number + 1}]"
        )
    return ";".join([*chain, f"[p{len(sweeps)}]null[out]"])
