"""ffmpeg as a child process: probing sound files, and decoding them through a pipe."""

from __future__ import annotations

import os
import re
import shutil
import stat
import subprocess
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from kcarol.audio.files import AudioError
from kcarol.audio.reading.mp4 import is_encrypted
from kcarol.audio.reading.timeline import CLOCK, NUMBER

# Formats that ffmpeg may detect: sound and film. Left out are playlists (hls, concat, dash, sdp),
# which would make it open other files or the network, and scripts that it would run (sbg, mod).
CONTAINERS = (
    "wav,mp3,flac,ogg,mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,aac,asf,aiff,caf,au,w64,ac3,eac3,amr,"
    "ape,wv,tta,tak,mpc,mpc8,dsf,iff,dts,voc,avi,flv,mpeg,mpegts,oma,rm,shn,sox,spdif,loas,gsm,"
    "nistsphere,ircam,avr"
)
INPUT_OPTIONS = ("-protocol_whitelist", "file,subfile", "-format_whitelist", CONTAINERS)
STALLED_S = 60.0  # without a byte from ffmpeg: it hangs
MOST_CHUNK_BYTES = 1 << 25  # read at once, of files with hundreds of channels or huge rates
# a header with a higher rate is damaged, and the resampler's filter would fill the memory
HIGHEST_RATE_HZ = 10_000_000
LOUDEST = 1e4  # +80 dB re full scale: beyond, a float file holds something other than sound

# indented by exactly two blanks; titles and comments, which are arbitrary, by more
STREAM = re.compile(r"^  Stream #\d+:(\d+).*?: (Audio|Video): (\w+)(.*)", re.MULTILINE)
# what ffmpeg says of sound that nobody can decode without a key
ENCRYPTED = re.compile(r"DRM protected|Encrypt|encrypted")

# closing lines of ffmpeg that do not give the reason
UNINFORMATIVE = re.compile(
    r"Error (opening|submitting|while|reinit|sending|init)|Terminating|Task finished|Nothing was|"
    r"Last message|Could not open|Format .*detected only"
)
MEANINGS = {
    "Format not on whitelist": "another kind of file",
    "Not detecting": "another kind of file",
    "Failed to configure output pad": "more channels than it can mix, 64",
    "End of file": "it ends too early",
    "Failed to find two consecutive": "no sound",
    "Decode error rate": "damaged, hardly any of it can be decoded",
    "moov atom not found": "it ends too early",
    "Decoding requested, but": "a codec that it does not know",
    "Codec not found": "a codec that it does not know",
    "At least one output file must be specified": "no audio stream",
}


@cache
def find_ffmpeg() -> str:
    """Path of imageio-ffmpeg's ffmpeg, or else of the system's. AudioError if there is none."""
    try:
        import imageio_ffmpeg

        return imageio_ffmpeg.get_ffmpeg_exe()
    # RuntimeError: a wheel without a binary, on unsupported platforms
    except (ImportError, RuntimeError):
        if found := shutil.which("ffmpeg"):
            return found
    raise AudioError("expected ffmpeg, found none: pip install imageio-ffmpeg")


def absolute_name(path: Path) -> str:
    """A name that ffmpeg takes neither for an option (`-x.mp3`) nor for a protocol (`a:b.mp3`)."""
    return str(path.absolute())


@dataclass(frozen=True)
class Probe:
    """The audio stream of a file that players choose, from its header: the default or the first."""

    codec: str
    duration_s: float | None  # of the file; None: unknown
    container: str = ""  # ffmpeg's name of the format
    stream: int = 0  # its number among the streams
    n_streams: int = 1  # of audio or pictures that move
    estimated: bool = False  # the duration, from the bit rate
    late_s: float = 0.0  # by which the sound begins after the file, with a picture perhaps


def probe(path: Path) -> Probe:
    """Read a file's header. AudioError: no file, no audio stream in it, or an encrypted one."""
    check_file(path)
    command = [find_ffmpeg(), "-hide_banner", "-nostdin", *INPUT_OPTIONS, "-i", absolute_name(path)]
    try:
        done = subprocess.run(
            command, capture_output=True, encoding="utf-8", errors="replace", timeout=STALLED_S
        )
    except subprocess.TimeoutExpired:
        raise AudioError(
            f"{path}: expected a sound file, ffmpeg found nothing in it for {STALLED_S:g} s"
        ) from None
    streams = STREAM.findall(done.stderr)
    sound = [found for found in streams if found[1] == "Audio"]
    if not sound:
        raise AudioError(
            f"{path}: expected a sound file such as wav, mp3 or flac, "
            f"ffmpeg says: {_reason(done.stderr)}"
        )
    container = re.search(r"^Input #0, (.*), from ", done.stderr, re.MULTILINE)
    if ENCRYPTED.search(done.stderr) or (
        container and "mp4" in container[1] and is_encrypted(path)
    ):
        raise AudioError(
            f"{path}: expected sound that can be heard, found it encrypted: "
            "get a copy without protection (DRM)"
        )
    number, _, codec, rest = next((found for found in sound if "(default)" in found[3]), sound[0])
    return Probe(
        codec,
        _duration_s(done.stderr),
        container[1] if container else "",
        int(number),
        sum("(attached pic)" not in found[3] for found in streams),
        "Estimating duration" in done.stderr,
        max(0.0, _start_s(rest) - _start_s(done.stderr)),
    )


def _start_s(text: str) -> float:
    """The first start that is named in a line about a file or a stream."""
    found = re.search(r"(?:^  Duration: .*|, )start:? (-?[\d.]+)", text, re.MULTILINE)
    return float(found[1]) if found else 0.0


def _duration_s(log: str) -> float | None:
    length = re.search(r"^  Duration: (\d+):(\d+):([\d.]+)", log, re.MULTILINE)
    if length is None:
        return None
    hours, minutes, seconds = map(float, length.groups())
    return 3600 * hours + 60 * minutes + seconds


def decode(
    path: Path, source: str, stream: int, chunk_s: float, log: Path
) -> Iterator[tuple[int, np.ndarray]]:
    """Yield (sample rate, (n, channels) float32) in chunks: what can be decoded, without silence.

    source: what ffmpeg opens, of the file `path`; stream: the number of one in it; log: where a
    file is made of what ffmpeg says, CLOCK's times among it. AudioError if nothing can be decoded,
    or samples are not those of sound.
    """
    # "repeat": no line stands for several equal ones, as times may be
    command = [find_ffmpeg(), "-nostdin", "-v", "repeat+error", *INPUT_OPTIONS, "-i", source]
    command += ["-map", f"0:{stream}", "-af", CLOCK, "-c:a", "pcm_f32be", "-f", "au", "-"]
    with log.open("wb") as messages:  # an unread pipe would fill up and block ffmpeg
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=messages)
    assert process.stdout
    empty = True
    try:
        for rate, sound in _read_au(process, path, chunk_s):
            empty = False
            yield rate, sound
        status = process.wait()
    finally:
        process.kill()  # end ffmpeg even if the iterator is abandoned
        process.stdout.close()
        process.wait()
    if status or empty:
        reason = _reason(log.read_text("utf-8", errors="replace")) or "no samples"
        raise AudioError(f"{path}: expected sound, ffmpeg says: {reason}")


def _read_au(
    process: subprocess.Popen, path: Path, chunk_s: float
) -> Iterator[tuple[int, np.ndarray]]:
    """Chunks of an AU stream; its header: magic, data offset, size, encoding, rate, channels."""
    header = np.frombuffer(_read(process, 24, path), ">u4")
    if len(header) < 6:
        return
    rate = check_rate(int(header[4]), path)
    channels = max(1, int(header[5]))
    _read(process, int(header[1]) - 24, path)
    frame_bytes = 4 * channels
    n_frames = min(max(1, round(chunk_s * rate)), MOST_CHUNK_BYTES // frame_bytes)
    for data in _read_ahead(process, n_frames * frame_bytes, path):
        sound = np.frombuffer(data, ">f4", len(data) // frame_bytes * channels).astype(np.float32)
        if len(sound):
            yield rate, _check_samples(sound, path).reshape(-1, channels)


def _read_ahead(process: subprocess.Popen, n_bytes: int, path: Path) -> Iterator[bytes]:
    """Pieces of `n_bytes`, the last one shorter. While one is worked on, ffmpeg, which stops where
    nobody reads, goes on with the next.
    """
    with ThreadPoolExecutor(1) as meanwhile:
        piece = meanwhile.submit(_read, process, n_bytes, path)
        while data := piece.result():
            piece = meanwhile.submit(_read, process, n_bytes, path)
            yield data


def _read(process: subprocess.Popen, n_bytes: int, path: Path) -> bytes:
    """The next `n_bytes`, fewer at the end. AudioError if ffmpeg gives nothing for STALLED_S."""
    stalled = threading.Event()

    def stop() -> None:
        stalled.set()
        process.kill()

    watch = threading.Timer(STALLED_S, stop)
    watch.daemon = True
    watch.start()
    assert process.stdout
    data = process.stdout.read(n_bytes)
    watch.cancel()
    if stalled.is_set():
        raise AudioError(
            f"{path}: expected sound, ffmpeg gave none for {STALLED_S:g} s and was stopped"
        )
    return data


def check_file(path: Path) -> None:
    """AudioError unless it is a readable regular file: a pipe or a device may never end."""
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        found = "nothing there"
    except (OSError, ValueError) as error:  # ValueError: a zero byte in the name
        found = f"{getattr(error, 'strerror', None) or error} there"
    else:
        if stat.S_ISDIR(mode):
            found = "a folder there"
        elif not stat.S_ISREG(mode):
            found = "a pipe, device or socket there"
        elif not os.access(path, os.R_OK):
            found = "one that may not be read: allow it (chmod +r)"
        else:
            return
    raise AudioError(f"{path}: expected a sound file, found {found}")


def check_rate(rate: int, path: Path) -> int:
    """The rate itself. AudioError if no sound has it."""
    if not 1 <= rate <= HIGHEST_RATE_HZ:
        raise AudioError(
            f"{path}: expected a sample rate of 1 to {HIGHEST_RATE_HZ} Hz, found {rate}: "
            "its header is damaged"
        )
    return rate


def check_finite(sound: np.ndarray, path: Path) -> np.ndarray:
    """The samples themselves. AudioError if one is NaN or infinite."""
    if not np.isfinite(sound).all():
        raise AudioError(
            f"{path}: expected finite samples, found NaN or infinity: export it again as 16-bit PCM"
        )
    return sound


def _check_samples(sound: np.ndarray, path: Path) -> np.ndarray:
    check_finite(sound, path)
    if max(float(sound.max()), -float(sound.min())) > LOUDEST:
        raise AudioError(
            f"{path}: expected samples of about -1 to 1, found some above {LOUDEST:g}: "
            "export it as 16-bit PCM"
        )
    return sound


def _reason(log: str) -> str:
    """The last line of ffmpeg's log that gives a reason, without the component names."""
    lines = [line.strip() for line in log.splitlines() if not NUMBER.fullmatch(line.encode())]
    lines = [re.sub(r"^(\[[^\]]*\]\s*)+", "", line) for line in lines if line]
    informative = [line for line in lines if not UNINFORMATIVE.match(line)]
    last = (informative or lines or [""])[-1]
    last = re.sub(r"^Error opening (in|out)put files?: ", "", last)
    return next((text for start, text in MEANINGS.items() if last.startswith(start)), last)
