"""`kcarol convert`: songs to carols."""

from __future__ import annotations

import os
import sys
from argparse import ArgumentParser, Namespace, _ArgumentGroup
from dataclasses import fields, replace
from pathlib import Path
from typing import TYPE_CHECKING

from kcarol.audio.files import printable
from kcarol.cli.arguments.checks import (
    FAILED,
    UsageError,
    check_absent,
    check_writable,
    checked_device,
    checked_style,
    complain,
    one_line,
)
from kcarol.cli.arguments.completion import complete_style
from kcarol.cli.arguments.cores import available_cores
from kcarol.cli.arguments.imports import import_pytorch
from kcarol.cli.arguments.options import (
    DEVICE,
    FORCE,
    JOBS,
    VOCODER,
    WEIGHTS,
    SharedOption,
    add_shared,
    number,
)
from kcarol.cli.arguments.outputs import FolderPath, means_folder, out_path, plan_outputs
from kcarol.cli.arguments.separator import add_separator_options, checked_separator, separate
from kcarol.cli.page import card_of, carol_page
from kcarol.cli.shown.progress import song_progress
from kcarol.cli.shown.written import tell_written
from kcarol.config import CHOIRS, DUCK, ENGINES, NETWORK, OF_VOICE, SAMPLES, SYLLABLES, VOICE_TUNES

if TYPE_CHECKING:
    from tqdm import tqdm

    from kcarol.conversion.catalogue import Outcome, Settings
    from kcarol.conversion.converter import Converter
    from kcarol.conversion.settings import CarolSettings

HELP = "songs to carols"
USAGE = "SONG ... [options]"
# repeated from kcarol.conversion and kcarol.training, which take seconds to import
STYLE_NAMES = tuple("bells choir strings organ brass piano a_cappella orchestra".split())
OWN_STYLE = "own"
SCORE_FORMATS = ("musicxml", "mxl", "mid", "pdf", "svg", "json", "lab", "txt")
SEPARATE = Path("separate")  # in the place of a voice's file
LOWEST_RATE_HZ, HIGHEST_RATE_HZ = 8_000, 192_000


def add_options(parser: ArgumentParser) -> None:
    _add_inputs(parser)
    sound = add_sound_options(parser)
    sound.add_argument(
        "--strength",
        metavar="SHARE",
        type=number(float, 0, most=1),
        default=1.0,
        help="share of the carol: 0 the song, 1 all carol, no unit",
    )
    _add_outputs(parser)
    add_voice_options(parser)
    runs = add_run_options(parser, JOBS)
    runs.add_argument(
        "--scheduler",
        metavar="ADDRESS",
        help="of Dask, whose workers convert the --manifest, as tcp://host:8786 (default: "
        "processes here)",
    )


def _add_inputs(parser: ArgumentParser) -> None:
    add = parser.add_argument_group("what goes in").add_argument
    add(
        "files",
        nargs="*",
        type=Path,
        metavar="SONG",
        help="sound file of up to 24 hours (wav mp3 flac ogg m4a wma aiff mp4 webm ...: all that "
        "ffmpeg reads), or folder of such; `convert` may be left out before it (of a folder named "
        "train: `kcarol ./train`)",
    )
    add(
        "--manifest",
        metavar="FILE",
        type=Path,
        help='list of songs, a path a line (or .m3u, .m3u8, or a .jsonl with "song"), relative '
        "to the list, converted by --jobs processes; call again to go on; "
        "FILE.journal.jsonl lists what failed",
    )


def add_sound_options(parser: ArgumentParser) -> _ArgumentGroup:
    """What decides how a carol sounds."""
    group = parser.add_argument_group("how it sounds")
    style = group.add_argument(
        "--style",
        metavar="STYLE",
        help=f"{', '.join(STYLE_NAMES)}, own (of weights that you trained), or a carol's sound "
        f"file, to sound like it (default: own where there is one, else {STYLE_NAMES[0]})",
    )
    style.completer = complete_style
    add = group.add_argument
    add(
        "--hall",
        metavar="SHARE",
        type=number(float, 0, most=1),
        help="share of a hall in the sound: 0 none, 1 all, no unit (default: the style's)",
    )
    add(
        "--choir",
        choices=CHOIRS,
        default=SYLLABLES,
        help="what choirs sing: the song's own vowels in its syllables, where they are heard "
        "surely, or ah; or --voice sings in their place, eight times (needs [voice])",
    )
    add(
        "--engine",
        choices=ENGINES,
        default=NETWORK,
        help="what plays the notes: the network, or samples, by FluidSynth and a soundfont, if "
        "they are installed",
    )
    return group


def _add_outputs(parser: ArgumentParser) -> None:
    group = parser.add_argument_group("what is written")
    add = group.add_argument
    add(
        "-o",
        "--out",
        metavar="PATH",
        type=out_path,
        help="file for one song, in the format of its ending (.wav .flac .mp3 .ogg .opus .m4a); "
        "folder for several, or with / at its end (default: SONG.carol.wav beside the song)",
    )
    add(
        "--format",
        choices=("wav", "flac", "mp3", "ogg", "opus", "m4a"),
        default="wav",
        help="of the carols where --out is no file",
    )
    add("--picture", action="store_true", help="spectrograms of song and carol beside the carol")
    add(
        "--page",
        action="store_true",
        help="page for a browser, to hear song and carol side by side: NAME.carol.html beside the "
        "carol; of several songs one, listen.html",
    )
    add(
        "--score",
        action="append",
        default=[],
        choices=SCORE_FORMATS,
        metavar="FORMAT",
        help="what was heard, written down beside the carol, as `kcarol score` does: "
        f"{', '.join(SCORE_FORMATS)}; may be repeated (default: not written)",
    )
    add_form_options(group)


def add_form_options(group: _ArgumentGroup) -> None:
    """In which form a carol is written."""
    add = group.add_argument
    add(
        "--stems",
        type=Path,
        metavar="DIR",
        help="folder for what each group of parts (tune, harmony, bass, bells ...) plays, as "
        "DIR/NAME.GROUP.wav, which add up to the carol (default: not written)",
    )
    add(
        "--rate",
        metavar="HZ",
        type=number(int, LOWEST_RATE_HZ, most=HIGHEST_RATE_HZ),
        help="sample rate (default: that of the song's file if it is 44100 or 48000, else 48000)",
    )
    add("--mono", action="store_true", help="one channel instead of two")
    add_shared(group, FORCE)


def add_voice_options(parser: ArgumentParser) -> None:
    """The song's own singer over the carol."""
    group = parser.add_argument_group("its singer")
    group.add_argument(
        "--voice",
        type=Path,
        metavar="FILE",
        help="sound file of the song's voice alone, to be laid over the carol (for several songs "
        "a folder of such, of their names); or the word separate: a network, which is fetched, "
        "takes it out of the song (default: none)",
    )
    group.add_argument(
        "--voice-tune",
        choices=VOICE_TUNES,
        default=DUCK,
        help="what becomes of the carol's own tune where the voice sings",
    )
    add_separator_options(group)


def add_run_options(parser: ArgumentParser, *others: SharedOption) -> _ArgumentGroup:
    group = parser.add_argument_group("how it runs")
    add_shared(group, WEIGHTS, VOCODER, DEVICE, *others)
    return group


def run(arguments: Namespace) -> int:
    if bool(arguments.files) == bool(arguments.manifest):
        found = "both" if arguments.files else "neither"
        raise UsageError(f"expected songs, or --manifest FILE, found {found}")
    return _convert_manifest(arguments) if arguments.manifest else _convert_songs(arguments)


def _convert_songs(arguments: Namespace) -> int:
    import_pytorch()
    from kcarol.conversion import catalogue

    plan, problems = plan_outputs(arguments.files, arguments.out, arguments.format)
    for line in problems:
        complain(line)
    check_choir(arguments.choir, arguments.voice)
    if arguments.stems:
        check_writable(arguments.stems)
    if arguments.voice != SEPARATE:
        check_voice(arguments.voice, several=len(plan) > 1)
    several = len(plan) > 1 or not _is_one_song(arguments.files)
    arguments.page = carol_page(plan, arguments, several) if arguments.page and plan else None
    outcomes = _convert_all(plan, arguments) if plan else []
    if arguments.page and arguments.page.write():
        tell_written([arguments.page.path])
    statuses = [outcome.status for outcome in outcomes]
    n_skipped = statuses.count(catalogue.SKIPPED)
    n_failed = statuses.count(catalogue.FAILED) + len(problems)
    if n_skipped or (n_failed and len(plan) > 1):
        summary = _summary(len(plan), n_skipped, n_failed)
        complain(summary + catalogue.unrecorded_note(outcomes))
    return FAILED if n_failed else 0


def _is_one_song(files: list[Path]) -> bool:
    return len(files) == 1 and not os.path.isdir(files[0])


def _summary(n_songs: int, n_skipped: int, n_failed: int) -> str:
    text = f"{n_songs} songs"
    if n_skipped:
        text += f", {n_skipped} skipped (exist already; --force to convert them again)"
    return text + (f", {n_failed} failed" if n_failed else "")


def _convert_all(plan: dict[Path, Path], arguments: Namespace) -> list[Outcome]:
    """Convert song after song, naming what fails."""
    from tqdm import tqdm

    converter = open_converter(arguments)
    if arguments.voice == SEPARATE:  # asked once, and when all else is right
        arguments.separator_weights = checked_separator(arguments)
    alone = len(plan) == 1  # its own line of progress is enough
    with tqdm(plan.items(), "convert", unit="song", disable=True if alone else None) as bar:
        return [_convert_one(song, out, converter, arguments, bar) for song, out in bar]


def _convert_one(
    song: Path, out: Path, converter: Converter, arguments: Namespace, bar: tqdm
) -> Outcome:
    from kcarol.conversion import catalogue, provenance

    found = provenance.MISSING
    voices = _voices_to_separate(out, arguments)
    try:
        # an existing carol is an error for a single song; of several songs it may be skipped
        if not (arguments.force or _is_one_song(arguments.files)):
            chosen = _of_song(song, out, arguments)
            settings = provenance.settings_sha256(converter.weights_sha256, chosen)
            found = provenance.compare(out, song, settings)
        if found == provenance.UNRECORDED:
            return catalogue.skipped(song, out, found)
        if found == provenance.CURRENT:
            written = _write_missing(song, out, converter, arguments)
        else:
            force = arguments.force or found == provenance.OUTDATED
            written = _write(song, out, converter, arguments, force)
        tell_written([*written, *voices])
    except (ValueError, OSError, RuntimeError, MemoryError) as error:
        bar.write(f"kcarol: {_naming(song, one_line(error))}", file=sys.stderr)
        return catalogue.Outcome(str(song), str(out), catalogue.FAILED)
    if not written:
        return catalogue.skipped(song, out, found)
    return catalogue.Outcome(str(song), str(out), catalogue.DONE)


def _write(
    song: Path, out: Path, converter: Converter, arguments: Namespace, force: bool
) -> list[Path]:
    """The files written for one song."""
    from kcarol.cli.figures import draw_pair
    from kcarol.conversion.api import check_output, convert

    picture = out.with_suffix(".png")
    if arguments.picture:
        check_absent(picture, force)
    check_output(out, song, force)  # before a voice is separated
    check_writable(out.parent)
    scores = _score_files(out, arguments)
    if not (force or _is_one_song(arguments.files)):  # an interrupted call may have left some
        scores = [path for path in scores if not path.exists()]
    chosen = _of_song(song, out, arguments)  # a voice is separated, with a line of its own
    with card_of(arguments.page, song, out) as heard, song_progress(song) as progress:
        carol = convert(
            song,
            out,
            **vars(chosen),
            stems=arguments.stems,
            scores=[*scores, *heard],
            converter=converter,
            progress=progress,
            force=force,
        )
    pictures = [draw_pair(song, carol, picture)] if arguments.picture else []
    return [carol, *scores, *pictures, *written_stems(arguments.stems, carol)]


def _voices_to_separate(carol: Path, arguments: Namespace) -> list[Path]:
    """The file of the song's voice that is not there yet, if one is asked for."""
    if arguments.voice != SEPARATE:
        return []
    from kcarol.voice.separation.separated import default_voice

    return [voice for voice in [default_voice(carol)] if not voice.exists()]


def _write_missing(
    song: Path, carol: Path, converter: Converter, arguments: Namespace
) -> list[Path]:
    """Write what was asked for beside a carol that is kept, and is not there yet; for stems it is
    played again.
    """
    from kcarol.cli.figures import draw_pair
    from kcarol.conversion.api import convert
    from kcarol.conversion.scores import notate

    scores = [path for path in _score_files(carol, arguments) if not path.exists()]
    written = [notate(song, path, converter=converter) for path in scores]
    if arguments.stems and not written_stems(arguments.stems, carol):
        chosen = _of_song(song, carol, arguments)
        with song_progress(song) as progress:
            convert(
                song,
                carol,
                **vars(chosen),
                stems=arguments.stems,
                converter=converter,
                progress=progress,
                force=True,
            )
        written += [carol, *written_stems(arguments.stems, carol)]
    picture = carol.with_suffix(".png")
    if arguments.picture and not picture.exists():
        written.append(draw_pair(song, carol, picture))
    if arguments.page and not arguments.page.is_current(song, carol):
        with card_of(arguments.page, song, carol) as (heard,):
            notate(song, heard, converter=converter)
    return written


def _score_files(carol: Path, arguments: Namespace) -> list[Path]:
    return [carol.with_suffix(f".{ending}") for ending in arguments.score]


def written_stems(folder: Path | None, carol: Path) -> list[Path]:
    from kcarol.conversion.api import stem_files

    return [path for path in stem_files(folder, carol).values() if path.exists()]


def _of_carol(arguments: Namespace) -> CarolSettings:
    from kcarol.conversion.settings import CarolSettings

    return CarolSettings(**{it.name: getattr(arguments, it.name) for it in fields(CarolSettings)})


def _of_song(song: Path, carol: Path, arguments: Namespace) -> CarolSettings:
    """Of one song, whose voice may be in a folder, or has to be separated."""
    settings = _of_carol(arguments)
    if settings.voice == SEPARATE:
        return replace(settings, voice=separate(song, carol, arguments))
    return settings.of_song(song)


def check_voice(voice: Path | None, several: bool) -> None:
    """UsageError for one file and several songs, or nothing there."""
    if voice is None or (voice.is_file() and not several) or voice.is_dir():
        return
    expected = "a folder of voices for several songs" if several else "a sound file of a voice"
    found = "a file" if voice.exists() else "none"
    raise UsageError(f"--voice {printable(voice)}: expected {expected}, found {found}")


def _naming(song: Path | str, text: str) -> str:
    """A message that names the song, at its front if nowhere else."""
    return text if printable(song) in text else f"{printable(song)}: {text}"


def open_converter(arguments: Namespace) -> Converter:
    """The converter; `arguments.style` becomes a style that it knows."""
    from kcarol.conversion.converter import Converter

    check_engine(arguments.engine)
    device = checked_device(arguments.device)
    converter = Converter.load(arguments.weights, device, arguments.vocoder)
    arguments.style = checked_style(arguments.style or usual_style(converter), converter)
    return converter


def check_engine(engine: str) -> None:
    """UsageError if this machine lacks what the engine needs."""
    if engine == SAMPLES:
        from kcarol.synthesis.render import available, best_soundfont

        if missing := available([best_soundfont()]):
            raise UsageError(f"--engine {engine}: {missing}")


def usual_style(converter: Converter) -> str:
    return OWN_STYLE if OWN_STYLE in converter.styles else STYLE_NAMES[0]


def check_choir(choir: str, voice: Path | None) -> None:
    """UsageError for a choir of a voice that is not given, or without WORLD."""
    if choir != OF_VOICE:
        return
    if voice is None:
        raise UsageError("--choir voice: expected a song's voice to make it of, with --voice FILE")
    from kcarol.synthesis.render import RenderError
    from kcarol.synthesis.world import world

    try:
        world()
    except RenderError as error:
        raise UsageError(f"--choir {choir}: {error}") from error


def _convert_manifest(arguments: Namespace) -> int:
    """A list of songs by several processes; see kcarol.conversion.catalogue."""
    from kcarol.conversion import catalogue
    from kcarol.conversion.manifest import read_manifest

    if arguments.picture:
        raise UsageError("--picture is for songs, not for a --manifest: use `kcarol figures` later")
    if arguments.page:
        raise UsageError("--page is for songs, not for a --manifest: name the songs")
    if arguments.score or arguments.stems:
        raise UsageError("--score and --stems are for songs, not for a --manifest: name the songs")
    if arguments.voice == SEPARATE:
        raise UsageError("--voice separate is for songs, not for a --manifest: name the songs")
    check_voice(arguments.voice, several=True)
    check_choir(arguments.choir, arguments.voice)
    songs, out = read_manifest(arguments.manifest), arguments.out
    if out is not None:
        means_folder(out, several=True)  # raises UsageError for a file's name
        out = FolderPath(out)
    plan, problems = plan_outputs(songs, out, arguments.format)
    for line in problems:
        complain(line)
    open_converter(arguments)  # reports a wrong style or broken weights once, not for every song
    settings = catalogue.Settings(
        weights=arguments.weights and str(arguments.weights),
        device=arguments.device,
        vocoder=arguments.vocoder,
        carol=_of_carol(arguments),
        force=arguments.force,
        threads=max(1, available_cores() // arguments.jobs),
    )
    journal = arguments.manifest.with_name(arguments.manifest.name + ".journal.jsonl")
    outcomes = _convert_plan(plan, settings, arguments.jobs, journal, arguments.scheduler)
    print(f"{journal}: {catalogue.summary(outcomes)}")
    failed = any(catalogue.is_wrong(outcome) for outcome in outcomes)
    return FAILED if problems or failed else 0


def _convert_plan(
    plan: dict[Path, Path], settings: Settings, jobs: int, journal: Path, scheduler: str | None
) -> list[Outcome]:
    """`catalogue.convert_all` with a progress bar, naming what fails."""
    from tqdm import tqdm

    from kcarol.conversion import catalogue

    with tqdm(total=len(plan), desc="convert", unit="song", disable=None) as bar:

        def progress(outcome: Outcome) -> None:
            if catalogue.is_wrong(outcome):
                bar.write(f"kcarol: {_naming(outcome.song, outcome.reason)}", file=sys.stderr)
            bar.update()

        return catalogue.convert_all(plan, settings, jobs, journal, scheduler, progress)
