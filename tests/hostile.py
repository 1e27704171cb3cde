"""Sounds as they should not be, and odd ones that are fine: made here, from a seed, so that none
lies in the repository.
"""

from __future__ import annotations

import os
import socket
import struct
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile

from kcarol.audio.reading.ffmpeg import find_ffmpeg

SECONDS, RATE = 0.6, 22_050
SOUND, ERROR, EITHER = "sound", "error", "either"  # what has to come of a case
BASES = {
    "wav": (),
    "mp3": (),
    "flac": (),
    "ogg": ("-c:a", "libvorbis"),
    "opus": ("-c:a", "libopus"),
    "m4a": ("-c:a", "aac"),
    "aac": ("-c:a", "aac"),
    "wma": ("-c:a", "wmav2"),
}


@dataclass(frozen=True)
class Case:
    path: Path
    expected: str
    seconds: float | None = None  # of sound, where that is known


def music(seconds: float = SECONDS, rate: int = RATE, channels: int = 2) -> np.ndarray:
    """(T, channels) float32: a chord with a beat, and a little noise."""
    t = np.arange(round(seconds * rate))[:, None] / rate
    tones = sum(np.sin(2 * np.pi * hz * t) for hz in (220, 277, 330, 880)) * (
        0.6 + 0.4 * np.sign(np.sin(2 * np.pi * 4 * t))
    )
    noise = np.random.default_rng(0).normal(0, 0.1, (len(t), channels))
    return (0.1 * (tones + noise)).astype(np.float32)


def encode(source: Path | None, target: Path, *options: str) -> Path:
    """By ffmpeg; `source` None: the options say where the input comes from."""
    inputs = ["-i", str(source)] if source else []
    subprocess.run(
        [find_ffmpeg(), "-y", "-nostdin", "-v", "error", *inputs, *options, str(target)], check=True
    )
    return target


def wav(
    data: bytes,
    tag: int = 1,
    channels: int = 1,
    rate: int = 16_000,
    bits: int = 16,
    align: int | None = None,
    data_size: int | None = None,
    riff_size: int | None = None,
    order: str = "<",
) -> bytes:
    """A RIFF (`order` "<") or RIFX (">") file with the given header, true or not."""
    align = channels * bits // 8 if align is None else align
    fmt = struct.pack(
        order + "HHIIHH", tag, channels, rate, (rate * align) & 0xFFFFFFFF, align & 0xFFFF, bits
    )
    body = b"WAVEfmt " + struct.pack(order + "I", 16) + fmt + b"data"
    body += struct.pack(order + "I", len(data) if data_size is None else data_size) + data
    return (
        (b"RIFF" if order == "<" else b"RIFX")
        + struct.pack(order + "I", riff_size or len(body))
        + body
    )


def pcm16(
    channels: int = 1, seconds: float = SECONDS, rate: int = 16_000, order: str = "<"
) -> bytes:
    return (music(seconds, rate, channels) * 32_767).astype(order + "i2").tobytes()


def base_files(folder: Path) -> dict[str, bytes]:
    """The same music in each of the formats that the project reads."""
    source = folder / "source.wav"
    soundfile.write(source, music(), RATE)
    return {
        kind: encode(source, folder / f"base.{kind}", *options).read_bytes()
        for kind, options in BASES.items()
    }


# --- groups: each writes files into a folder of its own
# ---------------------------------------------------------------


def truncated(folder: Path, bases: dict[str, bytes]) -> Iterator[Case]:
    for kind, data in bases.items():
        for tenth in range(10):
            yield _write(
                folder / f"cut{tenth}.{kind}",
                data[: len(data) * tenth // 10],
                EITHER if tenth else ERROR,
            )
        for n_bytes in (1, 12, 44, 100):
            yield _write(
                folder / f"first{n_bytes}.{kind}",
                data[:n_bytes],
                EITHER if n_bytes == 100 else ERROR,
            )


def noise_bytes(folder: Path, bases: dict[str, bytes]) -> Iterator[Case]:
    rng = np.random.default_rng(1)
    for kind in bases:
        yield _write(folder / f"random.{kind}", rng.bytes(20_000), EITHER)
        yield _write(folder / f"zeros.{kind}", bytes(20_000), EITHER)
        yield _write(folder / f"ones.{kind}", b"\xff" * 20_000, EITHER)


def wrong_suffixes(folder: Path, bases: dict[str, bytes]) -> Iterator[Case]:
    for kind, data in bases.items():
        for other in [*bases, "txt", "raw", "pcm"]:
            if other != kind:
                yield _write(folder / f"{kind}-called.{other}", data, SOUND, SECONDS)


FOREIGN = {
    "text": b"I am the text of a song.\n" * 200,
    "html": b"<!doctype html><html><body><audio src='x.mp3'></audio></body></html>",
    "json": b'{"title": "song", "samples": [0, 1, 2]}',
    "png": bytes.fromhex(
        "89504e470d0a1a0a"
        "0000000d4948445200000001000000010802000000907753de"
        "0000000c49444154789c63f8cfc00000030101009a5ea5f4"
        "0000000049454e44ae426082"
    ),
    "gif": b"GIF89a\x01\x00\x01\x00\x80\x00\x00\xff\xff\xff\x00\x00\x00"
    b"!\xf9\x04\x00\x00\x00\x00\x00"
    b",\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00;",
    "jpeg": bytes.fromhex("ffd8ffe000104a46494600010100000100010000") + bytes(200) + b"\xff\xd9",
    "pdf": b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n",
    "midi": b"MThd\x00\x00\x00\x06\x00\x00\x00\x01\x00\x60"
    b"MTrk\x00\x00\x00\x0c\x00\x90\x3c\x40\x60\x80\x3c\x40\x00\xff\x2f\x00",
    "zip": b"PK\x03\x04\x14\x00\x00\x00\x08\x00" + bytes(100),
    "elf": b"\x7fELF\x02\x01\x01" + bytes(200),
    "hls": b"#EXTM3U\n#EXT-X-TARGETDURATION:5\n#EXTINF:5,\nother.mp3\n#EXT-X-ENDLIST\n",
    "hls-net": b"#EXTM3U\n#EXT-X-TARGETDURATION:5\n#EXTINF:5,\n"
    b"http://127.0.0.1:9/a.ts\n#EXT-X-ENDLIST\n",
    "concat": b"ffconcat version 1.0\nfile other.mp3\n",
    "sdp": b"v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\n"
    b"m=audio 5004 RTP/AVP 0\n",
    "dash": b'<?xml version="1.0"?>'
    b'<MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static"><Period></Period></MPD>',
    "sbg": b"-SE\nbase: 200+10/20\n\nNOW base\n+00:10:00 base\n",
    "subtitles": b"1\n00:00:00,000 --> 00:00:02,000\nla la la\n",
    "metadata": b";FFMETADATA1\ntitle=song\n",
}


def foreign(folder: Path, bases: dict[str, bytes]) -> Iterator[Case]:
    (folder / "other.mp3").write_bytes(bases["mp3"])  # what the play lists name
    for kind, data in FOREIGN.items():
        for suffix in ("mp3", "wav"):
            yield _write(folder / f"{kind}.{suffix}", data, ERROR)


def flipped(folder: Path, bases: dict[str, bytes]) -> Iterator[Case]:
    """Bits turned over: most of them in the header."""
    rng = np.random.default_rng(2)
    for kind, data in bases.items():
        for number in range(8):
            bad = np.frombuffer(data, np.uint8).copy()
            reach = 200 if number < 5 else len(bad)
            bad[rng.integers(0, reach, 6)] ^= (1 << rng.integers(0, 8, 6)).astype(np.uint8)
            yield _write(folder / f"flipped{number}.{kind}", bad.tobytes(), EITHER)


def lying_headers(folder: Path, bases: dict[str, bytes]) -> Iterator[Case]:
    data = pcm16()
    for size in (0, 1, 0x7FFFFFFF, 0xFFFFFFFE, 0xFFFFFFFF, 47 * 3600 * 32_000 & 0xFFFFFFFF):
        yield _write(folder / f"data-size-{size}.wav", wav(data, data_size=size), EITHER)
        yield _write(folder / f"riff-size-{size}.wav", wav(data, riff_size=size), SOUND, SECONDS)
    for channels in (0, 1, 2, 3, 4, 5, 6, 7, 8, 16, 17, 32, 64, 128, 255, 512, 513, 65_535):
        known = SOUND if 1 <= channels <= 64 else EITHER
        # 64 channels are more than ffmpeg has names for; beyond, its containers differ
        body = pcm16(channels or 1, 0.1) if channels <= 512 else bytes(65_535 * 2 * 20)
        yield _write(folder / f"channels-{channels}.wav", wav(body, channels=channels), known, 0.1)
    for rate in (
        0,
        1,
        2,
        50,
        1_000,
        7_999,
        11_025,
        96_000,
        192_000,
        384_000,
        768_000,
        10_000_001,
        0x7FFFFFFF,
        0xFFFFFFFF,
    ):
        known, n = (
            (SOUND, 20)
            if 1 <= rate <= 50
            else (SOUND, rate // 10)
            if 50 < rate <= 768_000
            else (EITHER, 1_000)
        )
        body = (0.3 * np.sin(np.arange(n)) * 32_767).astype("<i2").tobytes()
        yield _write(
            folder / f"rate-{rate}.wav",
            wav(body, rate=rate),
            known,
            n / rate if known == SOUND else None,
        )
    for bits in (0, 1, 4, 7, 12, 17, 20, 33, 48, 65, 65_535):
        yield _write(folder / f"bits-{bits}.wav", wav(data, bits=bits), EITHER)
    for align in (0, 1, 3, 65_535):
        yield _write(folder / f"align-{align}.wav", wav(data, align=align), EITHER)
    for tag in (0, 2, 3, 6, 7, 0x11, 0x31, 0x50, 0x55, 0x161, 0xFFFE, 0xFFFF):
        yield _write(folder / f"tag-{tag}.wav", wav(data, tag=tag), EITHER)


def odd_contents(folder: Path, bases: dict[str, bytes]) -> Iterator[Case]:
    full, rng = np.ones(8_000, np.float32), np.random.default_rng(3)
    for n in (1, 2, 255, 256, 399, 400):
        yield _floats(folder / f"{n}-samples.wav", rng.uniform(-0.5, 0.5, n), SOUND, n / 16_000)
    yield _write(folder / "no-samples.wav", wav(b""), ERROR)
    for name, wave in {
        "silence": 0 * full,
        "dc": 0.5 * full,
        "square": np.sign(np.sin(np.arange(8_000) / 9)),
        "tiny": 1e-30 * full,
        "denormal": 1e-42 * full,
        "loud": 100 * np.sin(np.arange(8_000) / 5),
        "click": np.eye(1, 8_000, 4_000)[0],
        "hot-dc": -3 * full,
    }.items():
        yield _floats(folder / f"{name}.wav", wave, SOUND, 0.5)
    for name, value in {"nan": np.nan, "inf": np.inf, "minus-inf": -np.inf, "huge": 1e30}.items():
        for place in (0, 4_000, 7_999):
            wave = 0.1 * np.sin(np.arange(8_000) / 5)
            wave[place] = value
            yield _floats(folder / f"{name}-at-{place}.wav", wave, ERROR)
    yield _floats(
        folder / "double-1e300.wav", 1e300 * full.astype(np.float64), ERROR, subtype="DOUBLE"
    )
    left = music(0.5, 16_000, 1)
    for name, stereo in {
        "out-of-phase": [left, -left],
        "one-side": [left, 0 * left],
        "both-silent": [0 * left] * 2,
    }.items():
        yield _floats(folder / f"{name}.wav", np.concatenate(stereo, axis=1), SOUND, 0.5)
    yield _write(folder / "rifx.wav", wav(pcm16(order=">"), order=">"), SOUND, SECONDS)


SUBTYPES = {
    "wav": (
        "PCM_U8",
        "PCM_16",
        "PCM_24",
        "PCM_32",
        "FLOAT",
        "DOUBLE",
        "ULAW",
        "ALAW",
        "IMA_ADPCM",
        "MS_ADPCM",
        "GSM610",
    ),
    "rf64": ("PCM_16", "PCM_24", "FLOAT"),
    "w64": ("PCM_16", "PCM_24", "FLOAT", "ULAW"),
    "aiff": (
        "PCM_S8",
        "PCM_16",
        "PCM_24",
        "PCM_32",
        "FLOAT",
        "DOUBLE",
        "ULAW",
        "ALAW",
        "IMA_ADPCM",
    ),
    "au": ("PCM_S8", "PCM_16", "PCM_24", "FLOAT", "DOUBLE", "ULAW", "ALAW"),
    "caf": ("PCM_16", "PCM_24", "FLOAT", "ULAW", "ALAC_16", "ALAC_24"),
    "flac": ("PCM_S8", "PCM_16", "PCM_24"),
    "wavex": ("PCM_U8", "PCM_16", "PCM_24", "FLOAT"),
    "voc": ("PCM_U8", "PCM_16"),
    "ircam": ("PCM_16",),
    "avr": ("PCM_16",),
}
OTHERS = {
    "ac3": ("ac3",),
    "eac3": ("eac3",),
    "mp2": ("mp2",),
    "wv": ("wavpack",),
    "tta": ("tta",),
    "mka": ("libopus",),
    "oga": ("flac",),
    "webm": ("libvorbis",),
    "dts": ("dca", "-strict", "-2"),
}


def encodings(folder: Path, bases: dict[str, bytes]) -> Iterator[Case]:
    for container, subtypes in SUBTYPES.items():
        for subtype in subtypes:
            mono = music(channels=1)[:, 0]
            path = (
                folder
                / f"{subtype}.{container}.{'wav' if container in ('rf64', 'wavex') else container}"
            )
            soundfile.write(path, mono, RATE, subtype, format=container.upper())
            yield Case(path, SOUND, SECONDS)
    source = folder.parent / "bases" / "source.wav"
    for suffix, (codec, *options) in OTHERS.items():
        yield Case(
            encode(source, folder / f"a.{suffix}", "-ar", "48000", "-c:a", codec, *options),
            SOUND,
            SECONDS,
        )
    yield Case(
        encode(
            source, folder / "seven.opus", "-af", "pan=6.1|c0=c0|c1=c1|c2=c0", "-c:a", "libopus"
        ),
        SOUND,
        SECONDS,
    )


def films(folder: Path, bases: dict[str, bytes]) -> Iterator[Case]:
    source, picture = (
        folder.parent / "bases" / "source.wav",
        ("-f", "lavfi", "-i", "testsrc=d=0.6:s=32x32:r=10"),
    )
    for suffix, codecs in {
        "mp4": ("mpeg4", "aac"),
        "mkv": ("mpeg4", "flac"),
        "mov": ("mpeg4", "pcm_s16le"),
        "avi": ("mpeg4", "mp3"),
        "webm": ("libvpx", "libopus"),
        "ts": ("mpeg2video", "mp2"),
        "flv": ("flv1", "mp3"),
    }.items():
        film = encode(
            source,
            folder / f"film.{suffix}",
            *picture,
            "-c:v",
            codecs[0],
            "-c:a",
            codecs[1],
            "-shortest",
            "-t",
            "0.6",
        )
        yield Case(film, SOUND, SECONDS)
    for suffix in ("mp4", "mkv", "avi"):
        yield Case(encode(None, folder / f"silent-film.{suffix}", *picture, "-c:v", "mpeg4"), ERROR)
    mp3 = folder.parent / "bases" / "base.mp3"
    encode(None, folder / "cover.png", *picture, "-frames:v", "1")
    cover = encode(
        mp3,
        folder / "cover.mp3",
        "-i",
        str(folder / "cover.png"),
        "-map",
        "0",
        "-map",
        "1",
        "-c",
        "copy",
    )
    yield Case(cover, SOUND, SECONDS)
    spoof = "a\nb\r\n  Stream #0:0: Audio: vorbis\n  Duration: 99:00:00.0"
    for name, tag in {
        "long-title": "x" * 100_000,
        "title-of-lines": spoof,
        "escapes": "\x1b[2J\x07",
    }.items():
        path = encode(
            mp3,
            folder / f"{name}.mp3",
            "-c",
            "copy",
            "-metadata",
            f"title={tag}",
            "-metadata",
            f"{tag[:200]}=1",
        )
        yield Case(path, SOUND, SECONDS)


def file_systems(folder: Path, bases: dict[str, bytes]) -> Iterator[Case]:
    (folder / "folder.mp3").mkdir()
    yield Case(folder / "folder.mp3", ERROR)
    os.mkfifo(folder / "pipe.mp3")
    yield Case(folder / "pipe.mp3", ERROR)
    with socket.socket(socket.AF_UNIX) as plug:
        here = os.getcwd()
        os.chdir(folder)  # names of sockets are short
        try:
            plug.bind("socket.mp3")
        finally:
            os.chdir(here)
    yield Case(folder / "socket.mp3", ERROR)
    sound = _write(folder / "real.mp3", bases["mp3"], SOUND, SECONDS)
    (folder / "link.mp3").symlink_to("real.mp3")
    yield Case(folder / "link.mp3", SOUND, SECONDS)
    for name, target in {
        "broken.mp3": "gone.mp3",
        "loop.mp3": "loop.mp3",
        "endless.wav": "/dev/zero",
        "null.wav": "/dev/null",
        "memory.wav": "/proc/self/maps",
    }.items():
        (folder / name).symlink_to(target)
        yield Case(folder / name, ERROR)
    yield sound
    yield Case(folder / "missing.mp3", ERROR)
    yield Case(folder / "real.mp3" / "inside.mp3", ERROR)
    yield Case(folder / ("n" * 300 + ".mp3"), ERROR)


NAMES = (
    "with space.mp3",
    " leading.mp3",
    "trailing .mp3",
    "'quoted'.mp3",
    '"double".mp3',
    "`tick`$(x).mp3",
    "new\nline.mp3",
    "tab\there.mp3",
    "ret\rurn.mp3",
    "esc\x1b[31m.mp3",
    "한국어 노래.mp3",
    "🎄🎶.mp3",
    "e\u0301.mp3",
    "\u202eleftwards.mp3",
    "-v.mp3",
    "--help.mp3",
    "-",
    "song%03d.mp3",
    "a:b.mp3",
    "http:x.mp3",
    "concat:a|b.mp3",
    "pipe:0",
    "file:x.mp3",
    "back\\slash.mp3",
    "semi;colon&and.mp3",
    "star*.mp3",
    "ques?tion.mp3",
    "[brackets].mp3",
    "UPPER.MP3",
    "none",
    "two.dots.mp3",
    "..mp3",
    "~.mp3",
    "#hash.mp3",
    "a" * 251 + ".mp3",
    "가" * 83 + ".mp3",
    "con.mp3",
    "a.carol.mp3",
)
BYTE_NAMES = (b"\xff\xfelatin.mp3", b"\xc7\xd1\xb1\xb9.mp3")  # not UTF-8, the second EUC-KR


def names(folder: Path, bases: dict[str, bytes]) -> Iterator[Case]:
    for name in [*NAMES, *map(os.fsdecode, BYTE_NAMES)]:
        yield _write(folder / name, bases["mp3"], SOUND, SECONDS)


def bad_names(folder: Path, bases: dict[str, bytes]) -> Iterator[Case]:
    """The same names for what is no sound: does the message stay one line?"""
    for name in [*NAMES[:16], *map(os.fsdecode, BYTE_NAMES)]:
        yield _write(folder / name, b"no sound", ERROR)


GROUPS = {
    make.__name__: make
    for make in (
        truncated,
        noise_bytes,
        wrong_suffixes,
        foreign,
        flipped,
        lying_headers,
        odd_contents,
        encodings,
        films,
        file_systems,
        names,
        bad_names,
    )
}


def make(group: str, folder: Path, bases: dict[str, bytes]) -> list[Case]:
    """The files of a group in a new folder beside `bases/`, and what has to come of them."""
    target = folder / group
    target.mkdir()
    return list(GROUPS[group](target, bases))


def _write(path: Path, data: bytes, expected: str, seconds: float | None = None) -> Case:
    path.write_bytes(data)
    return Case(path, expected, seconds)


def _floats(
    path: Path,
    wave: np.ndarray,
    expected: str,
    seconds: float | None = None,
    subtype: str = "FLOAT",
) -> Case:
    soundfile.write(path, wave, 16_000, subtype)
    return Case(path, expected, seconds)
