"""`kcarol figures`: sounds, curves and tables as pictures."""

from __future__ import annotations

import json
from argparse import ArgumentParser, Namespace
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from kcarol.cli.arguments.checks import FAILED, UsageError, check_absent, complain, one_line
from kcarol.cli.arguments.options import FORCE, add_shared
from kcarol.cli.shown.written import tell_written
from kcarol.config import AudioConfig

if TYPE_CHECKING:
    import numpy as np

HELP = "pictures of sounds, clips, training logs and tables"
USAGE = "[FILE ...] [options]"
LONGEST_S = 120.0  # of a sound in a video


def add_options(parser: ArgumentParser) -> None:
    parser.add_argument(
        "files",
        nargs="*",
        type=Path,
        metavar="FILE",
        help="sound file or .pt clip: spectrogram; log.csv, validation.csv: curves; table.json: "
        "table; none: the pictures of README and notebooks",
    )
    parser.add_argument(
        "-o",
        "--out",
        metavar="DIR",
        type=Path,
        help="folder (default: beside each file; figures without files)",
    )
    parser.add_argument(
        "--video",
        type=Path,
        metavar="FILE",
        help="the sound files as one .mp4 instead: one after the other, with a moving line",
    )
    parser.add_argument(
        "--start",
        type=float,
        default=0.0,
        metavar="S",
        help="where its span begins, seconds (default: 0)",
    )
    parser.add_argument(
        "--length",
        type=float,
        default=12.0,
        metavar="S",
        help="of each sound, seconds (default: 12)",
    )
    add_shared(parser, FORCE)


def run(arguments: Namespace) -> int:
    if arguments.video:
        return _write_video(arguments)
    if not arguments.files:
        return _draw_project_figures(arguments.out or Path("figures"))
    status = 0
    for file in arguments.files:
        target = (arguments.out or file.parent) / f"{file.stem}.png"
        try:
            check_absent(target, arguments.force)
            tell_written([_draw(file, target)])
        except (ValueError, OSError) as error:
            status = complain(one_line(error), FAILED)
    return status


def _write_video(arguments: Namespace) -> int:
    from kcarol.audio.decoding import load_stereo
    from kcarol.notebook.figures.video import write_video

    if not arguments.files:
        raise UsageError("--video: expected sound files to draw, found none")
    if not 0 < arguments.length <= LONGEST_S:
        raise UsageError(
            f"--length: expected at most {LONGEST_S:g} s of each sound, found {arguments.length:g}"
        )
    check_absent(arguments.video, arguments.force)
    span = (AudioConfig.full_rate, arguments.start, arguments.length)
    waves = {file.stem: load_stereo(file, *span) for file in arguments.files}
    tell_written([write_video(waves, arguments.video, length_s=arguments.length)])
    return 0


def _draw_project_figures(folder: Path) -> int:
    from kcarol.notebook.project_figures import write_all

    tell_written(write_all(folder))
    return 0


def _draw(file: Path, target: Path) -> Path:
    """One file as a picture of the kind that its ending implies."""
    from kcarol.notebook import figures

    if file.suffix == ".csv":
        figure = figures.losses(figures.read_losses(file), file.stem)
    elif file.suffix == ".json":
        table = json.loads(file.read_text(encoding="utf-8"))
        if not isinstance(table, dict) or "rows" not in table:
            raise UsageError(f"{file}: expected a table.json of kcarol eval, found other JSON")
        figure = figures.table(table["rows"], title=table.get("title", ""))
    else:
        figure = figures.spectrograms({file.name: _log_mel(file)})
    return figures.save(figure, target)


def draw_pair(song: Path, carol: Path, target: Path) -> Path:
    """Spectrograms of a song and its carol, one above the other."""
    with ThreadPoolExecutor(1) as meanwhile:
        drawing = meanwhile.submit(import_module, "kcarol.notebook.figures")  # .4 s
        log_mels = {file.name: _log_mel(file) for file in (song, carol)}
    figures = drawing.result()
    return figures.save(figures.spectrograms(log_mels), target)


def _log_mel(path: Path) -> np.ndarray:
    """Natural-log mel (F, M), numpy, of a sound file or a clip."""
    import torch

    from kcarol.audio.clips import load_clip
    from kcarol.audio.decoding import load_audio
    from kcarol.audio.log_mel import LogMel

    wave = load_clip(path)["wave"] if path.suffix == ".pt" else torch.from_numpy(load_audio(path))
    with torch.inference_mode():
        return LogMel(AudioConfig())(wave).numpy()
