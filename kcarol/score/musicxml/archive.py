"""MusicXML files, plain (.musicxml, .xml) or packed (.mxl), read with care."""

from __future__ import annotations

import io
import zipfile
import zlib
from pathlib import Path
from xml.etree.ElementTree import Element

from kcarol.audio.files import atomic_write
from kcarol.score.errors import ScoreError, check_packages

LARGEST_BYTES = 32 * 2**20  # of a file's text: hours of music
MOST_TAGS = 2_000_000  # that many are parsed in seconds; a symphony has fewer
CONTAINER = "META-INF/container.xml"
INSIDE = "score.musicxml"  # name of the text in the files that we pack
# what zipfile raises of archives that are damaged, encrypted or packed in ways that it lacks
UNREADABLE = (zipfile.BadZipFile, zlib.error, LookupError, RuntimeError, EOFError)
MIMETYPE = "application/vnd.recordare.musicxml"


def read_root(path: Path | str) -> Element:
    """The `score-partwise` of a file. ScoreError for anything else; OSError."""
    data = read_bytes(path)
    if (n_tags := data.count(b"<")) > MOST_TAGS:
        raise ScoreError.of(path, "a score", f"{n_tags:,} tags of XML", "give a shorter one")
    root = parse(path, data)
    if root.tag != "score-partwise":
        way_out = "export it as MusicXML (score-partwise)"
        raise ScoreError.of(path, "MusicXML", f"XML of {root.tag!r}", way_out)
    return root


def read_bytes(path: Path | str) -> bytes:
    """The XML of a file, unpacked. ScoreError if it is too large or no archive; OSError."""
    path = Path(path)
    with path.open("rb") as file:
        data = file.read(LARGEST_BYTES + 1)
    if len(data) > LARGEST_BYTES:
        raise _too_large(path)
    return _unpacked(path, data) if data[:2] == b"PK" else data


def write_packed(path: Path | str, text: str) -> None:
    """A text as .mxl, atomically."""
    container = (
        '<?xml version="1.0" encoding="UTF-8"?>\n<container><rootfiles>'
        f'<rootfile full-path="{INSIDE}" media-type="{MIMETYPE}+xml"/></rootfiles></container>\n'
    )
    with atomic_write(Path(path)) as temporary, zipfile.ZipFile(temporary, "w") as archive:
        for name, content in {"mimetype": MIMETYPE, CONTAINER: container, INSIDE: text}.items():
            # of no date, so that equal scores are equal files
            info = zipfile.ZipInfo(name)
            info.compress_type = zipfile.ZIP_STORED if name == "mimetype" else zipfile.ZIP_DEFLATED
            archive.writestr(info, content)


def parse(path: Path | str, data: bytes) -> Element:
    """The root of XML. Entities are neither resolved nor expanded: ScoreError."""
    check_packages(path, "defusedxml")
    from defusedxml import ElementTree
    from defusedxml.common import DefusedXmlException

    try:
        root = ElementTree.fromstring(data)
    except DefusedXmlException:
        raise ScoreError.of(path, "MusicXML", "entities", "save it without them") from None
    except (ElementTree.ParseError, LookupError, ValueError) as error:
        found = f"a file that is cut off or no XML ({error})"
        raise ScoreError.of(path, "MusicXML", found, "export it again") from None
    return root


def _unpacked(path: Path, data: bytes) -> bytes:
    """The score in an archive, which its container names."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            container = parse(path, _member(path, archive, CONTAINER))
            names = [file.get("full-path") for file in container.iter() if file.get("full-path")]
            return _member(path, archive, names[0])
    except UNREADABLE:
        found = "an archive that is cut off or holds no score"
        raise ScoreError.of(path, "packed MusicXML", found, "export it again") from None


def _member(path: Path, archive: zipfile.ZipFile, name: str) -> bytes:
    """A file of an archive; its size is not taken on trust."""
    if archive.getinfo(name).file_size > LARGEST_BYTES:
        raise _too_large(path)
    with archive.open(name) as file:
        data = file.read(LARGEST_BYTES + 1)
    if len(data) > LARGEST_BYTES:
        raise _too_large(path)
    return data


def _too_large(path: Path) -> ScoreError:
    found = f"more than {LARGEST_BYTES // 2**20} MB"
    return ScoreError.of(path, "a score", found, "give a shorter one")
