"""`kcarol eval`: convert songs with known answers, and measure."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import TYPE_CHECKING

from kcarol.cli.checks import UsageError, checked_device, checked_style, wants_smoke
from kcarol.cli.options import DEVICE, KPOP, SMOKE, VOCODER, WEIGHTS, number

if TYPE_CHECKING:
    from kcarol.evaluation.table import Table

HELP = "convert songs with known answers and print a table beside its baselines"
PARENTS = (KPOP, WEIGHTS, VOCODER, DEVICE, SMOKE)
SMOKE_PAIRS = 2  # synthetic pairs, and demo songs
SMOKE_S = 10.0  # measured of each song, seconds


def add_options(parser: ArgumentParser) -> None:
    add = parser.add_argument
    add("-o", "--out", type=Path, default=Path("data/eval"), help="folder of tables and sounds")
    add(
        "--synthetic",
        type=Path,
        help="held-out pairs, of the repository or by `kcarol corpus` (default: data/pairs)",
    )
    add(
        "--demo",
        type=Path,
        help="carols of the songs in --kpop, under the same names (default: data/demo_carols)",
    )
    add(
        "--real",
        type=Path,
        help="folder with pop/ (songs, NAME.ultrastar.txt), carol/ and style_reference.npz",
    )
    add(
        "--styles",
        nargs="+",
        help="carol sounds in which real songs are converted (default: all, with --smoke one)",
    )
    add(
        "--most-pairs",
        type=number(int, 1),
        default=24,
        help=f"synthetic pairs at most, 20 s each; with --smoke {SMOKE_PAIRS}",
    )
    add(
        "--heard-s",
        type=number(float, 5),
        default=60.0,
        help=f"measured of each real or demo song, seconds; with --smoke {SMOKE_S:g}",
    )
    add("--no-anchors", action="store_true", help="leave the baselines out of the table")


def run(arguments: Namespace) -> int:
    from kcarol.conversion.converter import Converter
    from kcarol.evaluation.evaluate import evaluate

    _find_data(arguments)
    out = arguments.out
    if wants_smoke(arguments):
        arguments.most_pairs = min(arguments.most_pairs, SMOKE_PAIRS)
        arguments.heard_s = min(arguments.heard_s, SMOKE_S)
    device = checked_device(arguments.device)
    converter = Converter.load(arguments.weights, device, arguments.vocoder)
    table = evaluate(
        converter.convert,
        out,
        real_dir=arguments.real,
        pairs=_synthetic_pairs(arguments, out),
        demo=_demo_pairs(arguments),
        baselines=not arguments.no_anchors,
        real_options=_real_settings(arguments, converter),
        synthetic_options=_synthetic_settings(arguments, converter),
    )
    table.settings["weights"] = str(arguments.weights or "shipped")
    table.write(out)
    print(table.to_markdown(), end="")
    for path in (_draw(table, out), *_written(out)):
        print(path)
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


def _synthetic_pairs(arguments: Namespace, out: Path) -> list[dict]:
    from kcarol.evaluation.held_out import synthetic_pairs

    if not arguments.synthetic:
        return []
    return synthetic_pairs(arguments.synthetic, out / "references", arguments.most_pairs)


def _demo_pairs(arguments: Namespace) -> list[dict]:
    from kcarol.evaluation.held_out import demo_pairs

    if not arguments.demo:
        return []
    pairs = demo_pairs(arguments.kpop, arguments.demo, heard_s=arguments.heard_s)
    return pairs[:SMOKE_PAIRS] if wants_smoke(arguments) else pairs


def _real_settings(arguments: Namespace, converter) -> dict:
    """Keyword arguments of `evaluate_real`."""
    from kcarol.evaluation.recordings import audio_files
    from kcarol.vocoder.griffin_lim import GriffinLim

    smoke, audio = wants_smoke(arguments), converter.audio
    styles = arguments.styles or list(converter.styles)[: 1 if smoke else None]
    songs = [file for file in audio_files(arguments.kpop) if ".carol" not in file.suffixes]
    compare = arguments.vocoder == "neural" and not smoke
    griffin_lim = converter.with_vocoder(GriffinLim())

    def joins_s(n_samples: int) -> list[float]:
        """Where windows begin, seconds."""
        spans = converter.windows.spans(audio.n_frames(n_samples))
        return [start / audio.frame_rate for start, _ in spans[1:]]

    return {
        "styles": [checked_style(style, converter) for style in styles],
        "heard_s": arguments.heard_s,
        "distractors": songs,
        "joins_s": joins_s,
        "rivals": {"griffin-lim": griffin_lim.convert} if compare else {},
    }


def _synthetic_settings(arguments: Namespace, converter) -> dict:
    """Keyword arguments of `evaluate_synthetic`."""
    import torch

    from kcarol.vocoder.griffin_lim import GriffinLim

    def predict(wave, style):
        return converter.predicted_mel(wave, style).numpy()

    def vocode_by(player):
        return lambda log_mel, n_samples: player.vocode(torch.tensor(log_mel), n_samples)

    vocoders = {"oracle": vocode_by(converter)}
    if arguments.vocoder == "neural":
        vocoders["griffin-lim"] = vocode_by(converter.with_vocoder(GriffinLim()))
    return {"vocoders": vocoders, "predict": predict}


def _draw(table: Table, out: Path) -> Path:
    from kcarol.notebook import figures

    return figures.save(figures.table(table.rows, title=table.title), out / "table.png")


def _written(out: Path) -> list[Path]:
    return [*(out / f"table.{kind}" for kind in ("md", "csv", "json")), *sorted(out.glob("*.html"))]
