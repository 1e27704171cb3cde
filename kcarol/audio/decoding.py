"""Sound files in and out: decode, mix to mono, resample, save, and the level of what is heard.

Short spans of compressed files are decoded by pydub and resampled in one piece (by soxr, as librosa
does). Whatever is long, or holds more than pydub can (WAV and FLAC of 24 bits or floats), comes
through a pipe of the same ffmpeg and the same resampler chunk by chunk, so that memory does not
grow with the file.
"""

from __future__ import annotations

import math
import os
import re
import shutil
import stat
import subprocess
import tempfile
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import soundfile
import soxr

from kcarol.audio.disk_buffer import DiskBuffer
from kcarol.audio.features import Features, LogMel, chunk_spans, loudness_curve, overlap_add
from kcarol.audio.files import printable, write_atomic
from kcarol.audio.loudness import limit, loudness_db, loudness_lufs, match_loudness
from kcarol.config import AudioConfig

__all__ = [
    "AUDIO_SUFFIXES",
    "AudioError",
    "Features",
    "LogMel",
    "chunk_spans",
    "limit",
    "load_audio",
    "loudness_curve",
    "loudness_db",
    "loudness_lufs",
    "match_loudness",
    "overlap_add",
    "record_audio",
    "save_audio",
    "stream_audio",
]

AUDIO_SUFFIXES = (".wav", ".mp3", ".flac", ".ogg", ".opus", ".m4a", ".aac", ".wma")
SAVE_FORMATS = {
    ".wav": ("WAV", "PCM_16"),
    ".flac": ("FLAC", "PCM_16"),
    ".ogg": ("OGG", "VORBIS"),
    ".mp3": ("MP3", "MPEG_LAYER_III"),
}
PYDUB_S = 60.0  # longest span decoded in one piece: 16-bit stereo, some 40 MB with pydub's copies
PYDUB_CODECS = {
    "mp3": "mp3float",
    "vorbis": "vorbis",
    "opus": "opus",
    "aac": "aac",
    "wmav1": "wmav1",
    "wmav2": "wmav2",
}
# what ffmpeg may take a file for: containers of sound and film. Play lists (hls, concat, dash,
# sdp), which make it open other
# files or the network, and scripts that it would play as music (sbg, midi-like trackers) are left
# out.
CONTAINERS = (
    "wav",
    "mp3",
    "flac",
    "ogg",
    "mov,mp4,m4a,3gp,3g2,mj2",
    "matroska,webm",
    "aac",
    "asf",
    "aiff",
    "caf",
    "au",
    "w64",
    "ac3",
    "eac3",
    "amr",
    "ape",
    "wv",
    "tta",
    "tak",
    "mpc",
    "mpc8",
    "dsf",
    "iff",
    "dts",
    "voc",
    "avi",
    "flv",
    "mpeg",
    "mpegts",
    "oma",
    "rm",
    "shn",
    "sox",
    "spdif",
    "loas",
    "gsm",
    "nistsphere",
    "ircam",
    "avr",
)
# lines with which ffmpeg ends whatever went wrong before, and what some that tell more mean
SAYS_NOTHING = re.compile(
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
}
INPUT_OPTIONS = ("-protocol_whitelist", "file", "-format_whitelist", ",".join(CONTAINERS))
STALLED_S = 60.0  # without a byte from ffmpeg: it hangs
MOST_CHUNK_BYTES = 1 << 25  # read at a time, of sounds with hundreds of channels or huge rates
LONGEST_S = 8 * 3600.0  # of a sound held in memory: 1.8 GB; a small file can expand to years
# of one on disk: 5.5 GB, and converting it holds 140 MB of memory an hour for what is heard
LONGEST_TAPED_S = 24 * 3600.0
LOUDEST = 1e4  # +80 dB re full scale: beyond, a float file holds something else than sound
# a header that says more lies, and the resampler's filter would fill the memory
HIGHEST_RATE_HZ = 10_000_000
SIDE_OVER_MID = 100.0  # energy: above this the channels cancel out in a mono mix


class AudioError(ValueError):
    """A sound that cannot be read or written, in one line: file, what was expected, what was found."""

    def __init__(self, message: str):
        super().__init__(printable(message))


def load_audio(
    path: str | Path,
    cfg: AudioConfig | None = None,
    start_s: float = 0.0,
    duration_s: float | None = None,
) -> np.ndarray:
    """Decode a file, or the span of `duration_s` from `start_s`, to (T,) float32 mono at
    cfg.sample_rate.

    AudioError if there is no such file, no sound in it (or in the span), samples that are not
    finite, or more than LONGEST_S.
    """
    return np.concatenate(
        list(_decoded(Path(path), cfg or AudioConfig(), LONGEST_S, start_s, duration_s))
    )


def record_audio(path: str | Path, buffer: DiskBuffer, cfg: AudioConfig | None = None) -> None:
    """The sound of `load_audio`, added to a tape (T,) as it is decoded. Raises the same, but for
    more than LONGEST_TAPED_S.
    """
    for chunk in _decoded(Path(path), cfg or AudioConfig(), LONGEST_TAPED_S):
        buffer.append(chunk)


def _decoded(
    path: Path,
    cfg: AudioConfig,
    longest_s: float,
    start_s: float = 0.0,
    duration_s: float | None = None,
) -> Iterator[np.ndarray]:
    """Chunks (t,), at least one."""
    found = probe(path)
    span_s = min(s for s in (duration_s, found.duration_s, math.inf) if s is not None)
    if span_s <= PYDUB_S and found.codec in PYDUB_CODECS:
        rate, sound = _decode_with_pydub(path, found.codec, start_s, duration_s or PYDUB_S + 1)
        # else the header lied: there is more
        if len(sound) and (duration_s or len(sound) <= PYDUB_S * rate):
            yield _resample(MonoMix()(sound), rate, cfg.sample_rate)
            return
    n_samples = 0
    for chunk in stream_audio(path, cfg, start_s=start_s, duration_s=duration_s):
        n_samples += len(chunk)
        if n_samples > longest_s * cfg.sample_rate:
            raise AudioError(
                f"{path}: expected at most {longest_s / 3600:g} h of sound, found more: cut it into parts"
            )
        yield chunk


def stream_audio(
    path: str | Path,
    cfg: AudioConfig | None = None,
    chunk_s: float = 10.0,
    start_s: float = 0.0,
    duration_s: float | None = None,
) -> Iterator[np.ndarray]:
    """The sound of `load_audio` in chunks (t,) of about `chunk_s`, decoded as they are asked for.
    Raises the same.
    """
    target = (cfg or AudioConfig()).sample_rate
    mix, resampler, n_in, n_out, rate = MonoMix(), None, 0, 0, target
    for rate, sound in stream_native(Path(path), chunk_s, start_s, duration_s):
        chunk = mix(sound)
        n_in += len(chunk)
        if rate != target:
            resampler = resampler or soxr.ResampleStream(
                rate, target, 1, dtype="float32", quality="HQ"
            )
            chunk = resampler.resample_chunk(chunk)
        n_out += len(chunk)
        if len(chunk):
            yield chunk
    if resampler is not None:
        rest = resampler.resample_chunk(np.zeros(0, np.float32), last=True)
        # librosa rounds lengths up, soxr to the nearest
        n_rest = max(0, math.ceil(n_in * target / rate) - n_out)
        yield np.pad(rest[:n_rest], (0, n_rest - len(rest[:n_rest])))


class MonoMix:
    """(n, channels) -> (n,), chunk after chunk: the mean of the channels.

    Where they cancel out (vocals thrown out of phase, a cable soldered the wrong way), the first
    channel alone, and from then on for all further chunks.
    """

    def __init__(self):
        self.first_only = False

    def __call__(self, sound: np.ndarray) -> np.ndarray:
        mid = sound.mean(axis=1)
        side = sound - mid[:, None]
        self.first_only |= bool(
            np.vdot(side, side) > SIDE_OVER_MID * sound.shape[1] * np.vdot(mid, mid)
        )
        return np.ascontiguousarray(sound[:, 0] if self.first_only else mid)


@dataclass(frozen=True)
class Probe:
    codec: str
    duration_s: float | None  # None: the file does not say


def probe(path: Path) -> Probe:
    """What ffmpeg says about the first audio stream of a file. AudioError if there is no file or no
    such stream.
    """
    _check_file(path)
    command = [find_ffmpeg(), "-hide_banner", "-nostdin", *INPUT_OPTIONS, "-i", _ffmpeg_name(path)]
    try:
        said = subprocess.run(
            command,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
            timeout=STALLED_S,
        ).stderr
    except subprocess.TimeoutExpired:
        raise AudioError(
            f"{path}: expected a sound file, ffmpeg found nothing in it for {STALLED_S:g} s"
        ) from None
    # two blanks and no more: titles and comments, which may say anything, stand further in
    stream = re.search(r"^  Stream #\d+:\d+.*?: Audio: (\w+)", said, re.MULTILINE)
    if stream is None:
        said = said.replace("At least one output file must be specified", "no audio stream")
        raise AudioError(
            f"{path}: expected a sound file such as wav, mp3 or flac, ffmpeg says: {_reason(said)}"
        )
    length = re.search(r"^  Duration: (\d+):(\d+):([\d.]+)", said, re.MULTILINE)
    hours, minutes, seconds = map(float, length.groups()) if length else (0, 0, 0)
    return Probe(stream[1], 3600 * hours + 60 * minutes + seconds if length else None)


def stream_native(
    path: Path, chunk_s: float, start_s: float = 0.0, duration_s: float | None = None
) -> Iterator[tuple[int, np.ndarray]]:
    """(sample rate, (n, channels) float32) chunks as the file has them, through a pipe of ffmpeg.
    Raises AudioError.
    """
    _check_file(path)
    # -ss behind -i decodes up to the start: slower than seeking, but exact to the sample in every
    # format
    span = ["-ss", str(start_s)] * (start_s > 0) + ["-t", str(duration_s)] * (
        duration_s is not None
    )
    command = [
        find_ffmpeg(),
        "-nostdin",
        "-v",
        "error",
        *INPUT_OPTIONS,
        "-i",
        _ffmpeg_name(path),
        "-vn",
        *span,
        "-c:a",
        "pcm_f32be",
        "-f",
        "au",
        "-",
    ]
    n_read = 0
    with tempfile.TemporaryFile() as said:  # a pipe nobody reads would fill up and stop ffmpeg
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=said)
        try:
            # AU, the simplest header: magic, offset of the data, its size, encoding, sample rate,
            # channels
            header = np.frombuffer(_read(process, 24, path), ">u4")
            if len(header) == 6:
                rate, channels = _checked_rate(int(header[4]), path), max(1, int(header[5]))
                process.stdout.read(int(header[1]) - 24)
                most_frames = MOST_CHUNK_BYTES // (4 * channels)
                chunk_bytes = min(max(1, round(chunk_s * rate)), most_frames) * channels * 4
                while data := _read(process, chunk_bytes, path):
                    sound = np.frombuffer(
                        data, ">f4", len(data) // 4 // channels * channels
                    ).astype(np.float32)
                    n_read += len(sound)
                    yield rate, _checked_samples(sound, path).reshape(-1, channels)
            status = process.wait()
        finally:
            process.kill()  # an iterator left early leaves no ffmpeg behind
            process.stdout.close()
            process.wait()
        if status or not n_read:
            said.seek(0)
            reason = _reason(said.read().decode(errors="replace")) or "no samples"
            raise AudioError(f"{path}: expected sound from {start_s:g} s on, ffmpeg says: {reason}")


def save_audio(
    path: str | Path, wave: np.ndarray | DiskBuffer, sample_rate: int = AudioConfig.sample_rate
) -> Path:
    """Write (T,) or (T, channels) to .wav or .flac (16 bits), .ogg or .mp3; samples beyond ±1 are
    clipped.

    The file appears whole or not at all. AudioError for other names, no samples, or samples that
    are not finite.
    """
    path, wave = (
        Path(path),
        wave if isinstance(wave, DiskBuffer) else np.asarray(wave, dtype=np.float32),
    )
    if path.suffix.lower() not in SAVE_FORMATS:
        raise AudioError(
            f"{path}: expected a name in {', '.join(SAVE_FORMATS)}, found '{path.suffix}'"
        )
    if len(wave.shape) not in (1, 2) or not len(wave):
        raise AudioError(
            f"{path}: expected samples (T,) or (T, channels), found shape {wave.shape}"
        )
    container, subtype = SAVE_FORMATS[path.suffix.lower()]
    channels = (*wave.shape, 1)[1]

    def write(temporary: Path) -> None:
        with open(temporary, "r+b", buffering=0) as target, _whole(target) as sink:
            with soundfile.SoundFile(
                sink, "w", sample_rate, channels, subtype, format=container
            ) as file:
                # libvorbis overflows its stack on long single writes
                for start in range(0, len(wave), 1 << 16):
                    file.write(np.clip(_finite(wave[start : start + (1 << 16)], path), -1, 1))

    try:
        write_atomic(path, write)
    except soundfile.LibsndfileError as error:
        raise AudioError(
            f"{path}: expected {container} at {sample_rate} Hz to be written, found: {error}"
        ) from error
    return path


class _Sink:
    """A file for libsndfile to write into. It keeps the error that libsndfile, on a full disk, may
    pass over in silence.
    """

    def __init__(self, file):
        self.file, self.error = file, None
        self.seek, self.tell, self.read, self.readinto = (
            file.seek,
            file.tell,
            file.read,
            file.readinto,
        )

    def write(self, data: bytes) -> int:
        try:
            done = 0
            while done < len(data):
                done += self.file.write(data[done:])
        except OSError as error:
            self.error = self.error or error
            return 0
        return len(data)


@contextmanager
def _whole(file) -> Iterator[_Sink]:
    """A `_Sink` on `file`; OSError behind it if anything was not written."""
    sink = _Sink(file)
    try:
        yield sink
    finally:
        if sink.error:
            raise sink.error


@cache
def find_ffmpeg() -> str:
    """Path of the ffmpeg that the imageio-ffmpeg wheel brings, else of the system's. AudioError if
    there is none.
    """
    try:
        import imageio_ffmpeg

        return imageio_ffmpeg.get_ffmpeg_exe()
    # RuntimeError: a wheel without a binary, on platforms it does not know
    except (ImportError, RuntimeError):
        if found := shutil.which("ffmpeg"):
            return found
    raise AudioError("expected ffmpeg, found none: pip install imageio-ffmpeg")


@cache
def _segment_class() -> type:
    """pydub's AudioSegment with our ffmpeg, as a subclass: pydub's own settings stay untouched."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pydub warns on import that there is no system ffmpeg
        from pydub import AudioSegment

    class Segment(AudioSegment):
        converter = find_ffmpeg()

        def __getitem__(self, span):
            """As pydub has it, but all of the sound is all of it: pydub cuts at whole milliseconds."""
            whole = (
                isinstance(span, slice)
                and not span.start
                and span.stop is not None
                and span.stop >= len(self)
            )
            return self if whole else super().__getitem__(span)

    return Segment


def _decode_with_pydub(
    path: Path, codec: str, start_s: float, duration_s: float
) -> tuple[int, np.ndarray]:
    """Sample rate and (n, channels) float32 of a span; no samples where pydub cannot cope."""
    nothing = 0, np.zeros((0, 1), np.float32)
    try:
        segment_class = _segment_class()
        from pydub.exceptions import CouldntDecodeError
    except KeyError:  # it does not import where the environment has no PATH
        return nothing
    try:
        # without a codec named, pydub would ask ffprobe, which the wheel does not bring; `probe`
        # has seen the container
        segment = segment_class.from_file(
            _ffmpeg_name(path),
            codec=PYDUB_CODECS[codec],
            start_second=start_s or None,
            duration=duration_s,
        )
    # long titles hide the data from it; it takes .raw and .pcm for headerless samples
    except (CouldntDecodeError, KeyError):
        return nothing
    sound = np.array(segment.get_array_of_samples(), dtype=np.float32).reshape(-1, segment.channels)
    return _checked_rate(segment.frame_rate, path), sound / 2 ** (8 * segment.sample_width - 1)


def _resample(wave: np.ndarray, rate: int, target: int) -> np.ndarray:
    """(T,) as librosa.resample has it ("soxr_hq", lengths rounded up), without the second that
    librosa takes to load.
    """
    if rate == target:
        return wave
    n_samples = math.ceil(len(wave) * (target / rate))
    out = soxr.resample(wave, rate, target, quality="HQ")[:n_samples]
    return np.pad(out, (0, n_samples - len(out)))


def _read(process: subprocess.Popen, n_bytes: int, path: Path) -> bytes:
    """The next `n_bytes`, fewer at the end. AudioError where ffmpeg gives nothing for STALLED_S."""
    stalled = threading.Event()
    watch = threading.Timer(STALLED_S, lambda: (stalled.set(), process.kill()))
    watch.daemon = True
    watch.start()
    data = process.stdout.read(n_bytes)
    watch.cancel()
    if stalled.is_set():
        raise AudioError(
            f"{path}: expected sound, ffmpeg gave none for {STALLED_S:g} s and was stopped"
        )
    return data


def _checked_rate(rate: int, path: Path) -> int:
    if not 1 <= rate <= HIGHEST_RATE_HZ:
        raise AudioError(
            f"{path}: expected a sample rate of 1 to {HIGHEST_RATE_HZ} Hz, found {rate}: its header is damaged"
        )
    return rate


def _check_file(path: Path) -> None:
    """AudioError unless it is a regular file or a link to one: a pipe or a device may never end."""
    try:
        mode = path.stat().st_mode
    except (OSError, ValueError) as error:  # ValueError: a zero byte in the name
        found = (
            "nothing"
            if isinstance(error, FileNotFoundError)
            else getattr(error, "strerror", None) or str(error)
        )
        raise AudioError(f"{path}: expected a sound file, found {found} there") from error
    if not stat.S_ISREG(mode):
        found = (
            "a folder"
            if stat.S_ISDIR(mode)
            else "a pipe"
            if stat.S_ISFIFO(mode)
            else "a device or socket"
        )
        raise AudioError(f"{path}: expected a sound file, found {found} there")
    if not os.access(path, os.R_OK):
        raise AudioError(
            f"{path}: expected a sound file, found one that may not be read: allow it (chmod +r)"
        )


def _finite(sound: np.ndarray, path: Path) -> np.ndarray:
    if not np.isfinite(sound).all():
        raise AudioError(
            f"{path}: expected finite samples, found NaN or infinity: export it again as 16-bit PCM"
        )
    return sound


def _checked_samples(sound: np.ndarray, path: Path) -> np.ndarray:
    """Finite, and of a size that sound has. AudioError for others."""
    if len(sound) and max(float(_finite(sound, path).max()), -float(sound.min())) > LOUDEST:
        raise AudioError(
            f"{path}: expected samples of about -1 to 1, found some above {LOUDEST:g}: export it as 16-bit PCM"
        )
    return sound


def _ffmpeg_name(path: Path) -> str:
    """Absolute, so that a name such as `-x.mp3` or `a:b.mp3` is neither an option nor a protocol."""
    return str(path.absolute())


def _reason(said: str) -> str:
    """The last line of what ffmpeg said that tells why, without the names of its parts."""
    lines = [
        re.sub(r"^(\[[^\]]*\]\s*)+", "", line.strip()) for line in said.splitlines() if line.strip()
    ]
    telling = [line for line in lines if not SAYS_NOTHING.match(line)]
    reason = re.sub(r"^Error opening (in|out)put files?: ", "", (telling or lines or [""])[-1])
    return next((words for start, words in MEANINGS.items() if reason.startswith(start)), reason)
