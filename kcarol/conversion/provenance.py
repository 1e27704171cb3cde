"""What a carol was made from, recorded in its own file as the comment that players show.

Carol and record appear together and stay together wherever the file goes. So several processes and
machines can share a folder without a list that they would have to lock.
"""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

from kcarol import __version__
from kcarol.audio.clips import file_sha256
from kcarol.audio.encoding import read_comment
from kcarol.audio.reading.ffmpeg import check_file
from kcarol.conversion.manifest import composed
from kcarol.conversion.settings import CarolSettings

MISSING = "missing"  # there is no carol
CURRENT = "current"  # made from this song with these settings
# made from an earlier file of this song, with other settings, or without some of its sound
OUTDATED = "outdated"
FOREIGN = "foreign"  # made from another song
UNRECORDED = "unrecorded"  # made by another program, or by kcarol before it kept records
KEPT = (CURRENT, UNRECORDED)  # without --force


@dataclass(frozen=True)
class Provenance:
    """SHA-256 of all that made a carol: a carol that is given away tells no names or folders."""

    song: str  # of its file
    place: str  # of its path as seen from the carol's folder
    settings: str  # of weights, style and all else that was chosen, see `settings_sha256`
    kcarol: str = __version__  # for the reader: a new version alone is no reason to convert again
    is_whole: bool = True  # no sound of the song was missing


def provenance_of(song: Path, carol: Path, settings: str) -> Provenance:
    """Of a carol to be made; AudioError or OSError if the song cannot be read."""
    return Provenance(song_sha256(song), place_sha256(song, carol.parent), settings)


def song_sha256(song: Path) -> str:
    """Of its file. AudioError or OSError if it cannot be read."""
    check_file(song)  # reading a pipe would never end
    return file_sha256(song)


def place_sha256(song: Path, folder: Path) -> str:
    """The same wherever a disk that holds both is mounted, and in either form of Unicode."""
    try:
        place = os.path.relpath(song, folder)
    except ValueError:  # another drive of Windows
        place = os.path.abspath(song)
    return _sha256(composed(place.replace(os.sep, "/")))


def settings_sha256(weights: str, settings: CarolSettings) -> str:
    """Of all that a carol depends on besides its song. `weights`: SHA-256 of their files.

    A style's file counts by its content, and so does a voice's.
    """
    style = settings.style
    named = str(style) if isinstance(style, (str, Path)) else "given as numbers"
    if os.path.isfile(named):
        named = file_sha256(Path(named))
    chosen = [
        weights,
        named,
        float(settings.strength),
        settings.rate,
        settings.mono,
        settings.hall,
        settings.engine,
        settings.choir,
    ]
    if isinstance(settings.voice, Path):
        chosen += ["voice", file_sha256(settings.voice), settings.voice_tune]
    return _sha256(json.dumps(chosen))


def comment_of(provenance: Provenance) -> str:
    return json.dumps(asdict(provenance))


def read_provenance(carol: Path) -> Provenance | None:
    """None if there is no record, as in files of other programs."""
    try:
        return Provenance(**json.loads(read_comment(carol)))
    except (ValueError, TypeError):
        return None


def compare(carol: Path, song: Path, settings: str) -> str:
    """What a file is to the carol of a song: MISSING, CURRENT, OUTDATED, FOREIGN or UNRECORDED.

    AudioError or OSError if the song cannot be read.
    """
    if not carol.exists():
        return MISSING
    found = read_provenance(carol)
    if found is None:
        return UNRECORDED
    same_place = found.place == place_sha256(song, carol.parent)
    same_settings = found.settings == settings
    if same_place and same_settings and not song.exists():
        return CURRENT  # the song was deleted once its carol was there
    same_song = found.song == song_sha256(song)
    if same_song and same_settings and found.is_whole:
        return CURRENT
    return OUTDATED if same_song or same_place else FOREIGN


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode(errors="surrogateescape")).hexdigest()
