"""`kcarol play`: scores to carols."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path

from kcarol.cli.arguments.checks import check_writable
from kcarol.cli.arguments.imports import import_pytorch
from kcarol.cli.convert import (
    add_form_options,
    add_run_options,
    add_sound_options,
    check_choir,
    open_converter,
    written_stems,
)
from kcarol.cli.shown.progress import song_progress
from kcarol.cli.shown.written import tell_written

HELP = "a score, also one that you have mended, as a carol"
USAGE = "SCORE [options]"


def add_options(parser: ArgumentParser) -> None:
    add = parser.add_argument_group("what goes in").add_argument
    add(
        "score",
        type=Path,
        metavar="SCORE",
        help="MusicXML (.musicxml .mxl .xml), MIDI (.mid .midi), or what `kcarol score` heard "
        "(.json)",
    )
    add(
        "--like",
        type=Path,
        metavar="SONG",
        help="sound file whose beats, loudness and tuning the carol gets (default: those that the "
        "score records, else its written tempo)",
    )
    add_sound_options(parser)
    written = parser.add_argument_group("what is written")
    written.add_argument(
        "-o",
        "--out",
        metavar="FILE",
        type=Path,
        help="the carol, in the format of its ending (.wav .flac .mp3 .ogg .opus .m4a) (default: "
        "SCORE.carol.wav beside the score)",
    )
    add_form_options(written)
    add_run_options(parser)


def run(arguments: Namespace) -> int:
    import_pytorch()
    from kcarol.conversion.api import default_output
    from kcarol.conversion.scores import play

    out = arguments.out or default_output(arguments.score)
    check_writable(out.parent)
    if arguments.stems:
        check_writable(arguments.stems)
    check_choir(arguments.choir, voice=None)
    converter = open_converter(arguments)
    with song_progress(arguments.score) as progress:
        carol = play(
            arguments.score,
            out,
            arguments.style,
            like=arguments.like,
            rate=arguments.rate,
            mono=arguments.mono,
            hall=arguments.hall,
            engine=arguments.engine,
            choir=arguments.choir,
            stems=arguments.stems,
            converter=converter,
            progress=progress,
            force=arguments.force,
        )
    tell_written([carol, *written_stems(arguments.stems, carol)])
    return 0
