"""Title, artist, album and cover of sound files, by mutagen; all else in their tags is left alone.

mutagen is under the GPL: it is used as it is installed, and without it sound is read and written
all the same.
"""

from __future__ import annotations

import base64
import struct
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kcarol.audio.writing.formats import SoundFormat

MOST_COVER_BYTES = 5_000_000
COVER_KINDS = {b"\xff\xd8\xff": "image/jpeg", b"\x89PNG": "image/png"}  # by their first bytes
FRONT_COVER = 3  # kind of picture, in ID3 and FLAC alike
ID3_VERSION = 3  # 2.3, which Windows reads, too
FIELDS = {  # the keys of title, artist and album in the tags of each class of mutagen's
    "ID3Tags": ("TIT2", "TPE1", "TALB"),
    "VComment": ("title", "artist", "album"),
    "MP4Tags": ("\xa9nam", "\xa9ART", "\xa9alb"),
    "APEv2": ("Title", "Artist", "Album"),
    "ASFTags": ("Title", "Author", "WM/AlbumTitle"),
}


class TagsWarning(UserWarning):
    """Tags that could not be read or written; the text is one line."""


@dataclass(frozen=True)
class Cover:
    """A picture file."""

    data: bytes
    mime: str


@dataclass(frozen=True)
class Tags:
    """What players show of a piece; empty where nothing is known."""

    title: str = ""
    artist: str = ""
    album: str = ""
    cover: Cover | None = None

    @property
    def texts(self) -> tuple[str, str, str]:
        return self.title, self.artist, self.album


def read_tags(path: Path) -> Tags:
    """Of a sound file; a cover of more than MOST_COVER_BYTES is left out. ImportError without
    mutagen; of damaged files nearly any error.
    """
    import mutagen

    file = mutagen.File(path)
    if file is None or file.tags is None:
        return Tags()
    keys = next((FIELDS[kind] for kind in _kinds(file.tags) if kind in FIELDS), ("",) * 3)
    title, artist, album = (_text(file.tags[key]) if key in file.tags else "" for key in keys)
    return Tags(title, artist, album, next(filter(None, map(_cover, _pictures(file))), None))


def _kinds(tags: object) -> list[str]:
    return [kind.__name__ for kind in type(tags).__mro__]


def _text(value: Any) -> str:
    """Of several, as two artists, the first ones joined."""
    values = [value] if isinstance(value, str) else list(getattr(value, "text", value))
    return _korean(", ".join(filter(None, map(str, values))))


def _korean(text: str) -> str:
    """Old Korean files say Latin-1 of what is in EUC-KR."""
    try:
        read = text.encode("latin-1").decode("euc_kr")
    except UnicodeError:
        return text
    letters = [letter for letter in read if not letter.isascii()]
    return read if all("가" <= letter <= "힣" for letter in letters) else text


def _pictures(file: Any) -> list[bytes]:
    """The front cover first."""
    from mutagen.flac import Picture

    tags, kinds = file.tags, _kinds(file.tags)
    if "MP4Tags" in kinds:
        return [bytes(data) for data in tags.get("covr", [])]
    if "ID3Tags" in kinds:
        pictures = tags.getall("APIC")
    elif "ASFTags" in kinds:
        pictures = [_picture_of_wma(picture.value) for picture in tags.get("WM/Picture", [])]
    elif "APEv2" in kinds:
        front = tags.get("Cover Art (Front)")  # the name of a file, zero, the file
        return [] if front is None else [front.value.partition(b"\0")[2]]
    elif "VComment" in kinds:
        blocks = tags.get("metadata_block_picture", [])
        pictures = [Picture(base64.b64decode(block)) for block in blocks]
        pictures += getattr(file, "pictures", [])  # of FLAC
    else:
        pictures = []
    return [picture.data for picture in sorted(pictures, key=lambda it: it.type != FRONT_COVER)]


def _picture_of_wma(value: bytes) -> Any:
    """Of a WM/Picture: kind, length of the data, two texts in UTF-16 that end with zero, data."""
    from mutagen.flac import Picture

    picture = Picture()
    picture.type, n_bytes = struct.unpack_from("<BI", value)
    picture.data = value[len(value) - n_bytes :]
    return picture


def _cover(data: bytes) -> Cover | None:
    """None if it is of another kind than those that every player shows, or too large."""
    mime = next((mime for magic, mime in COVER_KINDS.items() if data.startswith(magic)), None)
    return Cover(data, mime) if mime and len(data) <= MOST_COVER_BYTES else None


def write_tags(path: Path, tags: Tags, form: SoundFormat) -> None:
    """Into a sound file of that format, beside what is in it. TagsWarning if it takes none."""
    if form.container in ("WAV", "MP3"):
        _write_id3(path, tags, form)
    elif form.container == "MPEG-4":
        _write_mp4(path, tags)
    elif form.container == "RF64":
        warnings.warn(TagsWarning("a WAV above 4 GB has no tags: write FLAC"), stacklevel=2)
    else:
        _write_vorbis(path, tags, form)


def _write_id3(path: Path, tags: Tags, form: SoundFormat) -> None:
    from mutagen import id3
    from mutagen.mp3 import MP3
    from mutagen.wave import WAVE

    file: Any = (WAVE if form.container == "WAV" else MP3)(path)
    if file.tags is None:
        file.add_tags()
    for key, text in zip(FIELDS["ID3Tags"], tags.texts, strict=True):
        if text:
            file.tags.add(getattr(id3, key)(encoding=id3.Encoding.UTF16, text=text))
    if cover := tags.cover:
        front = {"mime": cover.mime, "type": FRONT_COVER, "data": cover.data}
        file.tags.add(id3.APIC(encoding=id3.Encoding.LATIN1, **front))
    file.save(v2_version=ID3_VERSION)


def _write_mp4(path: Path, tags: Tags) -> None:
    from mutagen.mp4 import MP4, MP4Cover

    file = MP4(path)
    for key, text in zip(FIELDS["MP4Tags"], tags.texts, strict=True):
        if text:
            file[key] = text
    if cover := tags.cover:
        form = MP4Cover.FORMAT_PNG if cover.mime == "image/png" else MP4Cover.FORMAT_JPEG
        file["covr"] = [MP4Cover(cover.data, form)]
    file.save()


def _write_vorbis(path: Path, tags: Tags, form: SoundFormat) -> None:
    """FLAC, Vorbis and Opus."""
    from mutagen.flac import FLAC, Picture
    from mutagen.oggopus import OggOpus
    from mutagen.oggvorbis import OggVorbis

    file = {"VORBIS": OggVorbis, "OPUS": OggOpus}.get(form.codec, FLAC)(path)
    for key, text in zip(FIELDS["VComment"], tags.texts, strict=True):
        if text:
            file[key] = text
    if cover := tags.cover:
        picture = Picture()
        picture.type, picture.mime, picture.data = FRONT_COVER, cover.mime, cover.data
        if isinstance(file, FLAC):
            file.add_picture(picture)
        else:
            file["metadata_block_picture"] = base64.b64encode(picture.write()).decode("ascii")
    file.save()
