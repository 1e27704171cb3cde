"""`kcarol score`: songs on paper."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path

from kcarol.cli.arguments.checks import check_writable, checked_device
from kcarol.cli.arguments.imports import import_pytorch
from kcarol.cli.arguments.options import DEVICE, FORCE, WEIGHTS, add_shared
from kcarol.cli.convert import STYLE_NAMES
from kcarol.cli.shown.progress import song_progress
from kcarol.cli.shown.written import tell_written

HELP = "a song's lead sheet, or the parts of its carol"
USAGE = "SONG [options]"


def add_options(parser: ArgumentParser) -> None:
    parser.add_argument(
        "song",
        type=Path,
        metavar="SONG",
        help="sound file, or a score (.musicxml .mxl .mid .json) to be written anew",
    )
    parser.add_argument(
        "-o",
        "--out",
        metavar="FILE",
        type=Path,
        help="in the format of its ending: notes (.musicxml .mxl .mid), engraved (.pdf .svg), "
        "chords and their times (.lab .txt), or all that was heard (.json) (default: "
        "SONG.musicxml beside the song, of an arrangement SONG.STYLE.musicxml)",
    )
    parser.add_argument(
        "--arrangement",
        choices=STYLE_NAMES,
        metavar="STYLE",
        help=f"write the parts of the carol instead: {', '.join(STYLE_NAMES)} (default: the lead "
        "sheet)",
    )
    add_shared(parser, FORCE, WEIGHTS, DEVICE)


def run(arguments: Namespace) -> int:
    import_pytorch()
    from kcarol.conversion.converter import Converter
    from kcarol.conversion.scores import default_score, is_score, notate

    song = arguments.song
    out = arguments.out or default_score(song, arguments.arrangement)
    check_writable(out.parent)
    converter = None
    if not is_score(song):
        converter = Converter.load(arguments.weights, checked_device(arguments.device))
    with song_progress(song) as progress:
        written = notate(
            song,
            out,
            arguments.arrangement,
            converter=converter,
            progress=progress,
            force=arguments.force,
        )
    tell_written([written])
    return 0
