"""`kcarol eval`: convert songs with known answers, and measure."""

from __future__ import annotations

import hashlib
from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from kcarol.cli.arguments.checks import (
    UsageError,
    checked_device,
    checked_style,
    complain,
    wants_smoke,
)
from kcarol.cli.arguments.options import DEVICE, KPOP, SMOKE, VOCODER, WEIGHTS, add_shared, number
from kcarol.cli.language.catalogue import translated
from kcarol.cli.page import page_language
from kcarol.cli.shown.written import tell_written
from kcarol.config import NETWORK, SAMPLES

if TYPE_CHECKING:
    import numpy as np

    from kcarol.conversion.converter import Converter
    from kcarol.evaluation.table import Table
    from kcarol.transcription.transcription import Transcription

    Transcribe = Callable[[np.ndarray], Transcription]

HELP = "measure the carols of songs with known answers"
USAGE = "[options]"
SMOKE_PAIRS = 2  # synthetic pairs, and demo songs
SMOKE_S = 10.0  # measured of each song, seconds
OF_CASES = (
    "Short pieces whose beats, bars, tune, chords and tuning are known, and what is heard right."
)
SMOKE_CASES = ("step", "short")  # kinds, one piece each


def add_options(parser: ArgumentParser) -> None:
    _add_songs(parser)
    _add_measurement(parser)
    runs = parser.add_argument_group("how it runs")
    add_shared(runs, WEIGHTS, VOCODER, DEVICE, SMOKE)


def _add_songs(parser: ArgumentParser) -> None:
    group = parser.add_argument_group("what is measured")
    add = group.add_argument
    add(
        "--synthetic",
        metavar="DIR",
        type=Path,
        help="held-out pairs, of the repository or by `kcarol corpus` (default: data/pairs)",
    )
    add_shared(group, KPOP)
    add(
        "--demo",
        metavar="DIR",
        type=Path,
        help="carols of the songs in --kpop, under the same names (default: data/demo_carols)",
    )
    add(
        "--real",
        metavar="DIR",
        type=Path,
        help="folder with pop/ (songs, NAME.ultrastar.txt), carol/ and style_reference.npz",
    )
    add(
        "--cases",
        nargs="*",
        metavar="KIND",
        help="instead, 100 short drawn pieces with known beats, bars, tune, chords and tuning: one "
        "row for each kind (default: all kinds)",
    )


def _add_measurement(parser: ArgumentParser) -> None:
    add = parser.add_argument_group("how it is measured").add_argument
    add(
        "-o",
        "--out",
        metavar="DIR",
        type=Path,
        default=Path("data/eval"),
        help="folder of tables and sounds",
    )
    add(
        "--styles",
        metavar="STYLE",
        nargs="+",
        help="carol sounds in which real songs are converted (default: all, with --smoke one)",
    )
    add(
        "--most-pairs",
        metavar="N",
        type=number(int, 1),
        default=24,
        help=f"synthetic pairs at most, 20 s each; with --smoke {SMOKE_PAIRS}",
    )
    add(
        "--heard-s",
        metavar="SECONDS",
        type=number(float, 5),
        default=60.0,
        help=f"measured of each real or demo song, seconds; with --smoke {SMOKE_S:g}",
    )
    add("--no-anchors", action="store_true", help="leave the baselines out of the table")


def run(arguments: Namespace) -> int:
    return _run_pairs(arguments) if arguments.cases is None else _run_cases(arguments)


def _run_cases(arguments: Namespace) -> int:
    from kcarol.conversion.converter import Converter
    from kcarol.corpus.cases.draw import draw_cases
    from kcarol.evaluation.conformance import evaluate_cases
    from kcarol.evaluation.listening_page import write_listening_page

    smoke, kinds = wants_smoke(arguments), arguments.cases
    cases = list(draw_cases(kinds or SMOKE_CASES if smoke else kinds, 1 if smoke else None))
    converter = Converter.load(
        arguments.weights, checked_device(arguments.device), arguments.vocoder
    )

    def play(transcription: Transcription) -> np.ndarray:
        """The carol (T,) in mono, at the model's rate."""
        return converter.play(transcription, rate=converter.audio.sample_rate, mono=True)[:][0]

    table = evaluate_cases(converter.transcribe, cases, play)
    table.settings["weights"] = str(arguments.weights or "shipped")
    songs = ((case.name, {"case": case.wave}) for case in cases)
    page = write_listening_page(arguments.out, "cases", songs, table, OF_CASES, page_language())
    print(table.to_markdown(translated), end="")
    tell_written([*table.write(arguments.out, "cases"), page])
    return 0


def _run_pairs(arguments: Namespace) -> int:
    from kcarol.conversion.converter import Converter
    from kcarol.evaluation.evaluate import evaluate
    from kcarol.evaluation.held_out import demo_pairs, synthetic_pairs

    _find_data(arguments)
    out, smoke = arguments.out, wants_smoke(arguments)
    n_pairs = min(arguments.most_pairs, SMOKE_PAIRS) if smoke else arguments.most_pairs
    heard_s = min(arguments.heard_s, SMOKE_S) if smoke else arguments.heard_s
    device = checked_device(arguments.device)
    converter = Converter.load(arguments.weights, device, arguments.vocoder)
    pairs, demo = [], []
    if arguments.synthetic:
        pairs = synthetic_pairs(arguments.synthetic, out / "references", n_pairs)
    if arguments.demo:
        demo = demo_pairs(arguments.kpop, arguments.demo, heard_s=heard_s)
    transcribe = _once_each(converter.transcribe)
    table = evaluate(
        _convert_by(converter, transcribe),
        out,
        pairs=pairs,
        demo=demo[:SMOKE_PAIRS] if smoke else demo,
        real_dir=arguments.real,
        baselines=not arguments.no_anchors,
        synthetic_options=_synthetic_options(converter, arguments.vocoder == "neural"),
        real_options={"heard_s": heard_s, **_real_options(arguments, converter, transcribe)}
        if arguments.real
        else None,
        language=page_language(),
    )
    table.settings["weights"] = str(arguments.weights or "shipped")
    table.write(out)
    print(table.to_markdown(translated), end="")
    tell_written([_draw(table, out), *_written(out)])
    return 0


def _find_data(arguments: Namespace) -> None:
    """The repository's data where none is given; UsageError where there is nothing to evaluate."""
    arguments.synthetic = arguments.synthetic or _if_filled(Path("data/pairs"))
    arguments.demo = arguments.demo or _if_filled(Path("data/demo_carols"))
    if not (arguments.synthetic or arguments.demo or arguments.real):
        raise UsageError("nothing to evaluate: give --synthetic DIR, --demo DIR or --real DIR")
    if arguments.real and not (arguments.real / "pop").is_dir():
        raise UsageError(f"--real {arguments.real}: expected a folder with pop/ in it, found none")


def _if_filled(folder: Path) -> Path | None:
    return folder if folder.is_dir() and any(folder.iterdir()) else None


def _once_each(transcribe: Transcribe) -> Transcribe:
    """The same function, which remembers songs: each is converted in all styles."""
    known: dict[bytes, Transcription] = {}

    def remembered(song: np.ndarray) -> Transcription:
        digest = hashlib.sha256(song.tobytes()).digest()
        if digest not in known:
            known[digest] = transcribe(song)
        return known[digest]

    return remembered


def _convert_by(converter: Converter, transcribe: Transcribe, engine: str = NETWORK) -> Callable:
    """`converter.convert` with another hearing."""
    return lambda song, style: converter.play(transcribe(song), style, engine=engine)


def _by_samples(converter: Converter, transcribe: Transcribe) -> Callable | None:
    """The carols as samples play them; None, and a line on what to install, without them."""
    from kcarol.synthesis.render import available, best_soundfont

    if missing := available([best_soundfont()]):
        complain(f"the baseline {SAMPLES} is left out: {missing}")
        return None
    return _convert_by(converter, transcribe, SAMPLES)


def _real_options(arguments: Namespace, converter: Converter, transcribe: Transcribe) -> dict:
    """Arguments of `evaluate_real`."""
    from kcarol.evaluation.recordings import audio_files
    from kcarol.vocoder.griffin_lim import GriffinLim

    def joins_s(n_samples: int) -> list[float]:
        """Where windows begin, seconds."""
        spans = converter.windows.spans(converter.audio.n_frames(n_samples))
        return [start / converter.audio.frame_rate for start, _ in spans[1:]]

    smoke, rivals = wants_smoke(arguments), {}
    if arguments.vocoder == "neural" and not smoke:
        rivals["griffin-lim"] = _convert_by(converter.with_vocoder(GriffinLim()), transcribe)
    styles = arguments.styles or list(converter.styles)[: 1 if smoke else None]
    return {
        "styles": [checked_style(style, converter) for style in styles],
        "distractors": [
            file for file in audio_files(arguments.kpop) if ".carol" not in file.suffixes
        ],
        "joins_s": joins_s,
        "by_samples": None if arguments.no_anchors else _by_samples(converter, transcribe),
        "rivals": rivals,
    }


def _synthetic_options(converter: Converter, neural: bool) -> dict:
    """Arguments of `evaluate_synthetic`."""
    import torch

    from kcarol.vocoder.griffin_lim import GriffinLim

    def vocode_by(player: Converter) -> Callable:
        return lambda log_mel, n_samples: player.vocode(torch.tensor(log_mel), n_samples)

    vocoders = {"oracle": vocode_by(converter)}
    if neural:
        vocoders["griffin-lim"] = vocode_by(converter.with_vocoder(GriffinLim()))
    n_mels = converter.audio.n_mels

    def predict(wave: np.ndarray, style: str) -> np.ndarray:
        """(T,) -> log-mel (F, M) of the carol's middle, which is its mono."""
        played = converter.predicted_mel(converter.transcribe(wave), style)
        return played[:, 0, :n_mels].numpy()

    return {"convert": converter.carol_at_a440, "vocoders": vocoders, "predict": predict}


def _draw(table: Table, out: Path) -> Path:
    from kcarol.notebook import figures

    return figures.save(figures.table(table.rows, title=table.title), out / "table.png")


def _written(out: Path) -> list[Path]:
    return [*(out / f"table.{kind}" for kind in ("md", "csv", "json")), *sorted(out.glob("*.html"))]
