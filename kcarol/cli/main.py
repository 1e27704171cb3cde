"""The command line: one table of commands and options, read as `kcarol COMMAND ...` and as `main.py
--command ...`.

Nothing heavy is imported before a command runs, so that help comes at once.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from kcarol.audio.errors import printable
from kcarol.config import AudioConfig, ModelConfig, TrainConfig, is_smoke

FAILED = 2  # exit status for bad input, also argparse's
INTERRUPTED = 130  # 128 + SIGINT
TERMINATED = 143  # 128 + SIGTERM
LONGEST_NAME = 255  # bytes of a file's name, on most file systems
ORDER = ("preprocess", "train", "eval", "convert")  # in which several run
STYLE_NAMES = ("bells", "choir", "strings", "organ", "brass", "piano")  # tests hold these to
OWN_STYLE = "own"  # kcarol.conversion.converter and kcarol.training.fine_tuning


class UsageError(ValueError):
    """A request that cannot be met, in one line."""


@dataclass(frozen=True)
class Option:
    """One option. `own`: it means another thing in each command, and is called --COMMAND-NAME where
    several are asked for.
    """

    flags: tuple[str, ...]
    settings: dict
    own: bool = False

    @property
    def dest(self) -> str:
        return self.flags[-1].lstrip("-").replace("-", "_")


@dataclass(frozen=True)
class Command:
    """What `kcarol NAME` takes; RUNNERS has the function that does it."""

    name: str
    help: str
    options: tuple[Option, ...]
    positional: tuple[str, str] | None = None  # metavar and help of one or more arguments
    needs_files: bool = True  # False: the positional arguments may be missing


@dataclass
class Session:
    """What the commands of one call hand on: weights that were just trained."""

    weights: Path | None = None
    status: int = field(default=0)


def option(*flags: str, own: bool = False, **settings) -> Option:
    return Option(flags, settings, own)


def out_option(meaning: str) -> Option:
    return option("-o", "--out", own=True, type=Path, metavar="PATH", help=meaning)


_A, _M, _T = AudioConfig(), ModelConfig(), TrainConfig()

SMOKE = option(
    "--smoke",
    action="store_true",
    help="tiny networks and few steps, to see that everything runs (also by KCAROL_SMOKE=1; default: off)",
)
DEVICE = option(
    "--device",
    metavar="NAME",
    help="cpu, cuda, cuda:1 or mps (default: the accelerator there is, else cpu)",
)
FORCE = option(
    "--force",
    action="store_true",
    help="do again, and overwrite, what is there already (default: off)",
)
JOBS = option(
    "--jobs",
    type=int,
    default=max(1, os.cpu_count() or 1),
    metavar="N",
    help="processes or threads side by side (default: the processors there are, %(default)s here)",
)
KPOP = option(
    "--kpop",
    type=Path,
    default=Path("data/raw/kpop"),
    metavar="DIR",
    help="folder of pop songs (default: %(default)s)",
)
PROCESSED = option(
    "--processed",
    type=Path,
    default=Path("data/processed"),
    metavar="DIR",
    help="folder of the preprocessed clips (default: %(default)s)",
)
WEIGHTS = option(
    "--weights",
    type=Path,
    metavar="FILE",
    help=".safetensors, or a run's folder: what to start from or, where nothing was just trained, to use "
    "(default: what ships; converter and vocoder train from scratch)",
)
VOCODER = option(
    "--vocoder",
    choices=("neural", "griffin-lim"),
    default="neural",
    help="what turns log-mel into sound (default: %(default)s; griffin-lim needs no weights, is slower)",
)
STRENGTH = option(
    "--strength",
    type=float,
    default=1.0,
    metavar="0..1",
    help="how much of a carol: 0 the song, 1 all carol, no unit (default: %(default)s)",
)

COMMANDS: dict[str, Command] = {
    command.name: command
    for command in (
        Command(
            "preprocess",
            "sound files to 16 kHz mono clips for training",
            (
                KPOP,
                option(
                    "--carol",
                    type=Path,
                    default=Path("data/raw/carol"),
                    metavar="DIR",
                    help="folder of carols (default: %(default)s)",
                ),
                PROCESSED,
                option(
                    "--max-s",
                    type=float,
                    default=_A.max_s,
                    metavar="S",
                    help="longest clip, seconds; 0: whole files (default: %(default)g)",
                ),
                JOBS,
                FORCE,
            ),
        ),
        Command(
            "train",
            "train on your own clips, or the shipped networks from scratch",
            (
                option(
                    "--what",
                    choices=("personal", "converter", "vocoder"),
                    default="personal",
                    help="personal: your clips on top of the shipped weights; converter, vocoder: from a corpus "
                    "(default: %(default)s)",
                ),
                PROCESSED,
                option(
                    "--corpus",
                    type=Path,
                    metavar="DIR",
                    help="pairs for converter and vocoder, by `kcarol corpus` or data/pairs/train (default: rendered beside the "
                    "training)",
                ),
                option(
                    "--held-out",
                    type=Path,
                    metavar="DIR",
                    help="pairs for validation.csv while the converter trains (default: none)",
                ),
                option(
                    "--steps",
                    type=int,
                    metavar="N",
                    help=f"updates of the weights (default: that of the preset, {_T.steps} from scratch)",
                ),
                option(
                    "--hours",
                    type=float,
                    metavar="H",
                    help="stop after this time with a checkpoint, hours (default: no limit)",
                ),
                option(
                    "--batch-size",
                    type=int,
                    metavar="N",
                    help=f"windows a batch (default: that of the preset, {_T.batch_size} for the converter)",
                ),
                option(
                    "--accumulation",
                    type=int,
                    metavar="N",
                    help=f"batches a step (default: {_T.accumulation})",
                ),
                option(
                    "--window-frames",
                    type=int,
                    metavar="F",
                    help=f"length of a window, frames of {1000 / _A.frame_rate:g} ms (default: that of the preset, "
                    f"{_T.window_frames} for the converter)",
                ),
                option(
                    "--learning-rate",
                    type=float,
                    metavar="R",
                    help=f"highest rate of Adam, no unit (default: that of the preset, {_T.learning_rate:g} for the converter)",
                ),
                option(
                    "--dropout",
                    type=float,
                    default=_M.dropout,
                    metavar="P",
                    help="share of the converter's activations silenced in training, no unit; hearing may gain from .1 where each "
                    "pair is seen dozens of times, playing loses (default: %(default)g)",
                ),
                option(
                    "--precision",
                    choices=("auto", "fp32", "bf16", "fp16"),
                    default=_T.precision,
                    help="numbers of the matrix products (default: %(default)s, bf16 where the hardware has it)",
                ),
                option(
                    "--seed",
                    type=int,
                    default=_T.seed,
                    metavar="N",
                    help="of batches and first weights (default: %(default)s)",
                ),
                option(
                    "--pairs",
                    type=int,
                    default=1_000,
                    metavar="N",
                    help="pairs held in memory, about 1 MB each (default: %(default)s)",
                ),
                option(
                    "--stage",
                    choices=("all", "hear", "play"),
                    default="all",
                    help="which half of the converter: hear and play apart cost a third; play, with --weights, learns from "
                    "what these hear, too (default: %(default)s)",
                ),
                option(
                    "--adversarial",
                    action="store_true",
                    help="train the vocoder against discriminators, after a run without (default: off)",
                ),
                option(
                    "--resume",
                    action="store_true",
                    help="go on from the checkpoint in --out (default: begin anew)",
                ),
                WEIGHTS,
                DEVICE,
                JOBS,
                SMOKE,
                out_option(
                    "folder of the run: checkpoint, logs, weights (default: runs/personal, runs/converter or runs/vocoder)"
                ),
            ),
        ),
        Command(
            "eval",
            "convert songs with known answers and print a table beside its anchors",
            (
                option(
                    "--synthetic",
                    type=Path,
                    metavar="DIR",
                    help="held-out pairs, of the repository or by `kcarol corpus` (default: data/pairs where it exists)",
                ),
                KPOP,
                option(
                    "--demo",
                    type=Path,
                    metavar="DIR",
                    help="the carols of the songs in --kpop, under the same names (default: data/demo_carols where it exists)",
                ),
                option(
                    "--real",
                    type=Path,
                    metavar="DIR",
                    help="folder with pop/ (songs, NAME.ultrastar.txt), carol/ and style_reference.npz (default: none)",
                ),
                option(
                    "--styles",
                    nargs="+",
                    metavar="NAME",
                    help="carol sounds in which real songs are converted (default: all of them, with --smoke one)",
                ),
                option(
                    "--most-pairs",
                    type=int,
                    default=24,
                    metavar="N",
                    help="synthetic pairs at most, 20 s each (default: %(default)s, with --smoke 2)",
                ),
                option(
                    "--heard-s",
                    type=float,
                    default=60.0,
                    metavar="S",
                    help="length of a real or demo song that is measured, seconds (default: %(default)g, with --smoke 10)",
                ),
                option(
                    "--no-anchors",
                    action="store_true",
                    help="leave copy, eq, wrong and mean out of the table (default: off)",
                ),
                WEIGHTS,
                VOCODER,
                DEVICE,
                SMOKE,
                out_option("folder of the table, its picture and the sounds (default: data/eval)"),
            ),
        ),
        Command(
            "convert",
            "songs to carols",
            (
                out_option(
                    "file for one song, its ending says the format (.wav .flac .mp3 .ogg); folder for several "
                    "(default: SONG.carol.wav beside the song)"
                ),
                option(
                    "--style",
                    metavar="CAROL",
                    help=f"the sound: {', '.join(STYLE_NAMES)}, own (of weights that you trained), or a sound file of a carol "
                    f"(default: own where there is one, else {STYLE_NAMES[0]})",
                ),
                STRENGTH,
                option(
                    "--format",
                    choices=("wav", "flac", "mp3", "ogg"),
                    default="wav",
                    help="of the carols where --out is no file (default: %(default)s)",
                ),
                option(
                    "--picture",
                    action="store_true",
                    help="spectrograms of song and carol beside the carol, .png (default: off)",
                ),
                option(
                    "--manifest",
                    type=Path,
                    metavar="FILE",
                    help='list of songs, a path a line (or a .jsonl with "song"): converted by --jobs processes; what is there '
                    "stays, what fails is listed in FILE.journal.jsonl; call again to go on (default: none)",
                ),
                option(
                    "--engine",
                    metavar="ADDRESS",
                    help="Dask scheduler whose workers convert the --manifest, as tcp://host:8786 (default: processes here)",
                ),
                JOBS,
                VOCODER,
                WEIGHTS,
                DEVICE,
                FORCE,
            ),
            (
                "SONG",
                "sound file (wav mp3 flac ogg opus m4a aac wma) of up to 24 hours, or folder of such files",
            ),
            needs_files=False,
        ),
        Command(
            "corpus",
            "render pairs of pop and carol to train on; what is there already stays",
            (
                option(
                    "--hours",
                    type=float,
                    default=1.0,
                    metavar="H",
                    help="of pairs to be in --out, hours (default: %(default)g)",
                ),
                option(
                    "--seed",
                    type=int,
                    default=0,
                    metavar="N",
                    help="of the first pair (default: %(default)s)",
                ),
                option(
                    "--held-out",
                    action="store_true",
                    help="compositions and a soundfont that training never sees (default: off)",
                ),
                JOBS,
                out_option("folder of the pairs (default: data/corpus)"),
            ),
        ),
        Command(
            "figures",
            "draw sound files, clips (.pt), training logs (.csv) and tables (.json) as pictures; without any, the "
            "pictures of README and notebooks",
            (
                out_option(
                    "folder of the pictures (default: beside each file; figures for those of README and notebooks)"
                ),
                FORCE,
            ),
            (
                "FILE",
                "sound file or .pt clip: spectrogram; log.csv, validation.csv: curves; table.json: table (default: none, draw "
                "the demo set and what the shipped weights make of it, anew)",
            ),
            needs_files=False,
        ),
    )
}


# --- reading the arguments
# -------------------------------------------------------------------------------------------


def read(argv: Sequence[str]) -> list[tuple[str, argparse.Namespace]]:
    """Commands in the order in which they run, each with its own options. Exits with status 2 on a
    wrong call.
    """
    if argv and argv[0] in COMMANDS:
        command = COMMANDS[argv[0]]
        return [(command.name, _subcommand_parser(command).parse_args(argv[1:]))]
    parser = whole_parser()
    given = vars(parser.parse_args(argv))
    names = [name for name in ORDER if given[f"do_{name}"] not in (None, False)]
    if not names:
        parser.error(
            f"expected a command ({', '.join(COMMANDS)}), or one or more of --{' --'.join(ORDER)}"
        )
    if given["out"] is not None and len(names) > 1:
        parser.error(
            f"--out with several commands is ambiguous: use {', '.join(f'--{name}-out' for name in names)}"
        )
    return [(name, _namespace(COMMANDS[name], given)) for name in names]


def _subcommand_parser(command: Command) -> argparse.ArgumentParser:
    parser = _new_parser(f"{_program()} {command.name}", command.help)
    if command.positional:
        nargs = "+" if command.needs_files else "*"
        parser.add_argument(
            "files",
            nargs=nargs,
            type=Path,
            metavar=command.positional[0],
            help=command.positional[1],
        )
    for choice in command.options:
        parser.add_argument(*choice.flags, dest=choice.dest, **choice.settings)
    return parser


def whole_parser() -> argparse.ArgumentParser:
    """Everything in one parser: `--preprocess --train ...`, shared options once."""
    others = ", ".join(
        f"{name} ({command.help})" for name, command in COMMANDS.items() if name not in ORDER
    )
    parser = _new_parser(
        _program(),
        "Turn songs into Christmas carols. Several commands in one call run in the order "
        f"{', '.join(ORDER)}. Each is a command of its own, too, as are {others}: "
        f"`{_program()} COMMAND --help` explains one alone.",
    )
    parser.add_argument(
        "--version", action=_Version, nargs=0, help="print the version (no default)"
    )
    parser.add_argument(
        "-o",
        "--out",
        type=Path,
        metavar="PATH",
        help="--out of the one command that is asked for (default: see --COMMAND-out)",
    )
    seen: dict[str, Option] = {}
    for command in (COMMANDS[name] for name in ORDER):
        group = parser.add_argument_group(
            f"kcarol {command.name}, or --{command.name}", command.help
        )
        if command.positional:
            metavar, text = command.positional
            nargs = "+" if command.needs_files else "*"
            group.add_argument(
                f"--{command.name}",
                nargs=nargs,
                type=Path,
                metavar=metavar,
                dest=f"do_{command.name}",
                help=text,
            )
        else:
            group.add_argument(
                f"--{command.name}",
                action="store_true",
                dest=f"do_{command.name}",
                help=f"{command.help} (default: off)",
            )
        for choice in command.options:
            flags, dest = choice.flags, choice.dest
            if choice.own or seen.setdefault(dest, choice) is not choice:
                flags, dest = (
                    (f"--{command.name}-{dest.replace('_', '-')}",),
                    f"{command.name}_{dest}",
                )
            if not any(dest == action.dest for action in parser._actions):
                group.add_argument(*flags, dest=dest, **choice.settings)
    return parser


def _namespace(command: Command, given: dict) -> argparse.Namespace:
    """A command's own options out of what `whole_parser` read."""
    values = {}
    for choice in command.options:
        specific = f"{command.name}_{choice.dest}"
        values[choice.dest] = given[specific] if specific in given else given[choice.dest]
        if choice.own and values[choice.dest] is None:
            values[choice.dest] = given[choice.dest]
    if command.positional:
        values["files"] = given[f"do_{command.name}"]
    return argparse.Namespace(**values)


def _new_parser(program: str, description: str) -> argparse.ArgumentParser:
    return argparse.ArgumentParser(prog=program, description=description, allow_abbrev=False)


def _program() -> str:
    return "python main.py" if Path(sys.argv[0]).name == "main.py" else "kcarol"


class _Version(argparse.Action):
    def __call__(self, parser, *_):
        from importlib.metadata import PackageNotFoundError, version

        try:
            number = version("kcarol")
        except PackageNotFoundError:  # run from a folder that was not installed
            number = "not installed"
        print(f"kcarol {number}")
        parser.exit()


# --- running --------------------------------------------------------------------------------------
# -------------------


def main(argv: Sequence[str] | None = None) -> int:
    """Run what `argv` (default: the process's own) asks for; returns the exit status, 0, 2, 130 or
    143.
    """
    session = Session()
    _print_anything()
    requests = read(list(sys.argv[1:] if argv is None else argv))
    try:
        with _terminating():
            if _n_processes() > 1 and [name for name, _ in requests] != ["train"]:
                raise UsageError(
                    "under torchrun expected --train alone: run the other commands before and after it"
                )
            for name, arguments in requests:
                session.status = max(session.status, RUNNERS[name](arguments, session))
    except KeyboardInterrupt as interrupt:
        return _complain(
            str(interrupt) or "interrupted",
            TERMINATED if isinstance(interrupt, Terminated) else INTERRUPTED,
        )
    except (ValueError, OSError, ImportError, RuntimeError, MemoryError) as error:
        if os.environ.get("KCAROL_DEBUG"):
            raise
        return _complain(one_line(error), FAILED)
    return session.status


class Terminated(KeyboardInterrupt):
    """SIGTERM: ends as Ctrl-C does, so that nothing half-written is left."""


@contextmanager
def _terminating() -> Iterator[None]:
    """SIGTERM raises Terminated, where signals can be caught."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def end(number, frame):
        raise Terminated("terminated")

    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before or signal.SIG_DFL)


def _print_anything() -> None:
    """Names that the terminal's encoding lacks are spelled out; where there is no output, nothing
    is printed.
    """
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # started with it closed: libraries expect a file
            setattr(sys, name, open(os.devnull, "w"))  # noqa: SIM115
        elif hasattr(getattr(sys, name), "reconfigure"):
            getattr(sys, name).reconfigure(errors="backslashreplace")


def one_line(error: BaseException) -> str:
    """The message of an error without line breaks; OSError as "file: reason"."""
    if isinstance(error, OSError) and error.strerror and error.filename:
        return printable(f"{error.filename}: {error.strerror}")
    text = printable(" ".join(str(error).split())) or type(error).__name__
    return text if isinstance(error, (ValueError, OSError)) else f"{type(error).__name__}: {text}"


def _complain(text: str, status: int) -> int:
    print(f"kcarol: {text}", file=sys.stderr)
    return status


def _n_processes() -> int:
    return int(os.environ.get("WORLD_SIZE", 1))


def _is_smoke(arguments: argparse.Namespace) -> bool:
    return arguments.smoke or is_smoke(default=False)


def _checked_device(name: str | None) -> str | None:
    """A device that torch can use. UsageError, with those that there are, for another."""
    if name is None:
        return None
    import torch

    try:
        torch.empty(1, device=name)
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        there = ["cpu"] + [f"cuda:{i}" for i in range(torch.cuda.device_count())]
        there += ["mps"] if torch.backends.mps.is_available() else []
        raise UsageError(
            f"--device {name}: expected one of {', '.join(there)}, which this machine has"
        ) from error
    return name


def _at_least(arguments: argparse.Namespace, **least: float) -> None:
    """UsageError for a number below its least sensible value."""
    for name, low in least.items():
        value = getattr(arguments, name)
        if value is not None and not value >= low:  # also NaN
            raise UsageError(
                f"--{name.replace('_', '-')}: expected at least {low:g}, found {value:g}"
            )


def run_preprocess(arguments: argparse.Namespace, session: Session) -> int:
    _at_least(arguments, max_s=0, jobs=1)
    from dataclasses import replace

    from kcarol.audio.clips import preprocess, render_table

    cfg = replace(AudioConfig(), max_s=arguments.max_s or float("inf"))
    sources = {"kpop": arguments.kpop, "carol": arguments.carol}
    rows = preprocess(sources, arguments.processed, cfg, arguments.jobs, arguments.force)
    print(render_table(rows))
    return FAILED if any(row.status == "failed" for row in rows) else 0


def run_train(arguments: argparse.Namespace, session: Session) -> int:
    _at_least(
        arguments,
        steps=1,
        batch_size=1,
        accumulation=1,
        window_frames=2,
        hours=0,
        pairs=2,
        jobs=1,
        seed=0,
    )
    device, what = _checked_device(arguments.device), arguments.what
    out, max_s = arguments.out or Path("runs") / what, arguments.hours and arguments.hours * 3600
    if not 0 <= arguments.dropout < 1:  # also NaN
        raise UsageError(
            f"--dropout: expected 0 or more and less than 1, found {arguments.dropout:g}"
        )
    cfg = _training_config(arguments)
    if what == "personal":
        from kcarol.training.fine_tuning import train_personal

        folder = train_personal(
            arguments.processed, out, cfg, arguments.resume, device, max_s, arguments.weights
        )
        trained = session.weights = Path(folder) / "converter.safetensors"
    else:
        from kcarol.training.pretraining import train_network

        trained = train_network(
            what,
            arguments.corpus,
            cfg,
            out,
            held_out=arguments.held_out,
            resume=arguments.resume,
            device=device,
            max_s=max_s,
            most_pairs=arguments.pairs,
            jobs=arguments.jobs,
            adversarial=arguments.adversarial,
            base_weights=arguments.weights,
            stage=arguments.stage,
        )
        session.weights = trained if what == "converter" else session.weights
    if int(os.environ.get("RANK", 0)) == 0:
        print(trained)
    return 0


def _training_config(arguments: argparse.Namespace):
    """The preset, smoke or whole, with what the options change."""
    from dataclasses import replace

    from kcarol.config import Config

    cfg = Config.smoke() if _is_smoke(arguments) else Config()
    cfg = replace(cfg, model=replace(cfg.model, dropout=arguments.dropout))
    if arguments.what == "vocoder":
        from kcarol.training.pretraining import vocoder_training

        cfg = vocoder_training(cfg)
    elif arguments.what == "personal" and not _is_smoke(arguments):
        from kcarol.training.fine_tuning import personal_config

        cfg = personal_config(cfg)
    names = (
        "steps",
        "batch_size",
        "accumulation",
        "window_frames",
        "learning_rate",
        "precision",
        "seed",
    )
    return cfg.with_train(
        **{name: getattr(arguments, name) for name in names if getattr(arguments, name) is not None}
    )


def run_corpus(arguments: argparse.Namespace, session: Session) -> int:
    _at_least(arguments, hours=0, seed=0, jobs=1)
    from tqdm import tqdm

    from kcarol.corpus.dataset.pairs import SONGS_PER_STYLE, VALIDATION_SEED, missing
    from kcarol.corpus.dataset.rendering import build
    from kcarol.dataset.shards import ROW_FRAMES

    if lacking := missing():
        raise UsageError(lacking)
    out, seed = (
        arguments.out or Path("data/corpus"),
        arguments.seed + VALIDATION_SEED * arguments.held_out,
    )
    with tqdm(desc="corpus", unit="song") as bar:

        def progress(done: int, total: int) -> None:
            bar.total = total * SONGS_PER_STYLE
            bar.update(done * SONGS_PER_STYLE - bar.n)

        n_pairs, seconds = build(out, arguments.hours, seed, arguments.jobs, progress=progress)
    hours = n_pairs * ROW_FRAMES / AudioConfig().frame_rate / 3600
    speed = hours / max(seconds, 1e-9) * 60
    print(
        f"{out}: {n_pairs} pairs, {hours:.2f} h of pairs, rendered in {seconds:.0f} s: {speed:.2f} h per minute"
    )
    return 0


SMOKE_PAIRS, SMOKE_HEARD_S = 2, 10.0


def run_eval(arguments: argparse.Namespace, session: Session) -> int:
    _at_least(arguments, most_pairs=1, heard_s=5)
    smoke, out = _is_smoke(arguments), arguments.out or Path("data/eval")
    most_pairs = min(arguments.most_pairs, SMOKE_PAIRS) if smoke else arguments.most_pairs
    heard_s = min(arguments.heard_s, SMOKE_HEARD_S) if smoke else arguments.heard_s
    synthetic = arguments.synthetic or _if_there(Path("data/pairs"))
    demo = arguments.demo or _if_there(Path("data/demo_carols"))
    if not (synthetic or demo or arguments.real):
        raise UsageError(
            "nothing to evaluate: give --synthetic DIR, --demo DIR or --real DIR (see kcarol eval --help)"
        )
    if arguments.real and not (arguments.real / "pop").is_dir():
        raise UsageError(f"--real {arguments.real}: expected a folder with pop/ in it, found none")
    device = _checked_device(arguments.device)
    from kcarol.conversion.converter import Converter
    from kcarol.evaluation.evaluate import evaluate
    from kcarol.evaluation.held_out import demo_pairs, synthetic_pairs
    from kcarol.vocoder.neural import GriffinLim

    converter = Converter.load(session.weights or arguments.weights, device, arguments.vocoder)
    griffin_lim = converter.with_vocoder(GriffinLim())
    styles = [
        _checked_style(style, converter)
        for style in arguments.styles or list(converter.styles)[: 1 if smoke else None]
    ]
    pairs = synthetic_pairs(synthetic, out / "references", most_pairs) if synthetic else []
    songs = (
        demo_pairs(arguments.kpop, demo, heard_s=heard_s)[: SMOKE_PAIRS if smoke else None]
        if demo
        else []
    )
    vocoders = (
        {"oracle": converter, "griffin-lim": griffin_lim}
        if arguments.vocoder == "neural"
        else {"oracle": converter}
    )
    table = evaluate(
        converter.convert,
        out,
        real_dir=arguments.real,
        pairs=pairs,
        demo=songs,
        anchors=not arguments.no_anchors,
        real={
            "styles": styles,
            "heard_s": heard_s,
            "distractors": _songs_of(arguments.kpop),
            "joins_s": _joins_of(converter),
            "rivals": {}
            if smoke or arguments.vocoder != "neural"
            else {"griffin-lim": griffin_lim.convert},
        },
        synthetic={
            "vocoders": {name: _vocode_by(player) for name, player in vocoders.items()},
            "predict": lambda wave, style: converter.predict(wave, style, lively=False)[0].numpy(),
        },
    )
    table.settings["weights"] = str(session.weights or arguments.weights or "shipped")
    table.write(out)
    print(table.to_markdown(), end="")
    print(_draw_table(table.rows, table.title, out / "table.png"))
    for name in (
        "table.md",
        "table.csv",
        "table.json",
        *(page.name for page in sorted(out.glob("*.html"))),
    ):
        print(out / name)
    return 0


def _if_there(folder: Path) -> Path | None:
    return folder if folder.is_dir() and any(folder.iterdir()) else None


def _songs_of(folder: Path) -> list[Path]:
    """Demo songs, as distractors; none where the folder is absent."""
    from kcarol.evaluation.evaluate import audio_files

    return [file for file in audio_files(folder) if ".carol" not in file.suffixes]


def _vocode_by(converter) -> Callable:
    """A converter's vocoder as `evaluate` takes it: log-mel (F, M) and a number of samples -> wave
    (T,), all numpy.
    """
    import torch

    return lambda log_mel, n: converter.vocode(torch.tensor(log_mel), n)


def _joins_of(converter) -> Callable:
    """Where windows begin, for a number of samples: times in seconds."""
    cfg = converter.audio
    return lambda n: [start / cfg.frame_rate for start, _ in converter.spans(cfg.n_frames(n))[1:]]


def _draw_table(rows, title: str, path: Path) -> Path:
    from kcarol.notebook import figures

    return figures.save(figures.table(rows, title=title), path)


def run_convert(arguments: argparse.Namespace, session: Session) -> int:
    if not 0 <= arguments.strength <= 1:
        raise UsageError(f"--strength: expected 0 to 1, found {arguments.strength:g}")
    if bool(arguments.files) == bool(arguments.manifest):
        raise UsageError(
            "expected songs, or --manifest FILE, found "
            + ("both" if arguments.files else "neither")
        )
    _at_least(arguments, jobs=1)
    if arguments.manifest:
        return _convert_manifest(arguments, session)
    plan, failures = plan_outputs(arguments.files, arguments.out, arguments.format)
    for line in failures:
        _complain(line, FAILED)
    if not plan:
        return FAILED
    converter = _checked_converter(arguments, session)
    from tqdm import tqdm

    with tqdm(plan.items(), "convert", unit="song", disable=None) as bar:
        for song, out in bar:
            lines = []
            try:
                lines = _convert_one(song, out, converter, arguments)
            except (ValueError, OSError, RuntimeError, MemoryError) as error:
                failures.append(_naming(song, one_line(error)))
                bar.write(f"kcarol: {failures[-1]}", file=sys.stderr)
            for line in lines:
                bar.write(printable(line), file=sys.stdout)
    if failures and len(plan) > 1:
        _complain(f"{len(plan)} songs, {len(failures)} failed", FAILED)
    return FAILED if failures else 0


def _naming(song: Path | str, text: str) -> str:
    """A message that names the song, at its front if nowhere else."""
    return text if printable(song) in text else f"{printable(song)}: {text}"


def _checked_converter(arguments: argparse.Namespace, session: Session):
    """The networks; arguments.style is then one that they know."""
    device = _checked_device(arguments.device)
    from kcarol.conversion.converter import Converter

    converter = Converter.load(session.weights or arguments.weights, device, arguments.vocoder)
    arguments.style = _checked_style(arguments.style or _usual_style(converter), converter)
    return converter


def _convert_manifest(arguments: argparse.Namespace, session: Session) -> int:
    """A list of songs by several processes; see kcarol.conversion.catalogue."""
    from kcarol.conversion.catalogue import FAILED as SONG_FAILED
    from kcarol.conversion.catalogue import Settings, convert_all, read_manifest, summary

    if arguments.picture:
        raise UsageError(
            "--picture: expected songs, found --manifest: draw with `kcarol figures` afterwards"
        )
    songs = read_manifest(arguments.manifest)
    if arguments.out is not None and arguments.out.suffix and not arguments.out.is_dir():
        raise UsageError(
            f"--out {arguments.out}: expected a folder for a --manifest, found a file's name: leave its ending away"
        )
    plan, failures = plan_outputs(songs, arguments.out, arguments.format)
    for line in failures:
        _complain(line, FAILED)
    # a wrong style or broken weights are said once, not for every song
    _checked_converter(arguments, session)
    weights = session.weights or arguments.weights
    settings = Settings(
        weights and str(weights),
        arguments.device,
        arguments.vocoder,
        arguments.style,
        arguments.strength,
        arguments.force,
        max(1, (os.cpu_count() or 1) // arguments.jobs),
    )
    journal = arguments.manifest.with_name(arguments.manifest.name + ".journal.jsonl")
    from tqdm import tqdm

    with tqdm(total=len(plan), desc="convert", unit="song", disable=None) as bar:

        def progress(outcome) -> None:
            if outcome.status == SONG_FAILED:
                bar.write(f"kcarol: {_naming(outcome.song, outcome.reason)}", file=sys.stderr)
            bar.update()

        outcomes = convert_all(plan, settings, arguments.jobs, journal, arguments.engine, progress)
    print(f"{journal}: {summary(outcomes)}")
    return FAILED if failures or any(outcome.status == SONG_FAILED for outcome in outcomes) else 0


def _convert_one(song: Path, out: Path, converter, arguments: argparse.Namespace) -> list[Path]:
    """The files written for one song."""
    from kcarol.conversion.converter import convert_file

    picture = out.with_suffix(".png")
    if arguments.picture and picture.exists() and not arguments.force:
        raise FileExistsError(f"{picture}: is there already: give --force, or another --out")
    _check_writable(out.parent)
    written = [
        convert_file(song, out, converter, arguments.style, arguments.strength, arguments.force)
    ]
    if arguments.picture:
        written.append(_draw_pair(song, written[0], picture))
    return written


def _check_writable(folder: Path) -> None:
    """UsageError before the work, not after it, where nothing can be written into a folder, there
    already or to be made.
    """
    folder = folder.absolute()
    nearest = next(place for place in (folder, *folder.parents) if place.exists())
    if not nearest.is_dir():
        raise UsageError(
            f"{folder}: expected a folder to write into, found that {nearest} is a file"
        )
    if not os.access(nearest, os.W_OK | os.X_OK):
        raise UsageError(
            f"{folder}: expected a folder to write into, found that {nearest} may not be written: give --out"
        )


def _draw_pair(song: Path, carol: Path, path: Path) -> Path:
    from kcarol.notebook import figures

    log_mels = {file.name: _log_mel_of(file) for file in (song, carol)}
    return figures.save(figures.spectrograms(log_mels), path)


def _log_mel_of(path: Path):
    """Natural-log mel (F, M), numpy, of a sound file or a clip."""
    import torch

    from kcarol.audio.clips import load_clip
    from kcarol.audio.decoding import load_audio
    from kcarol.audio.log_mel import LogMel

    wave = load_clip(path)["wave"] if path.suffix == ".pt" else torch.from_numpy(load_audio(path))
    with torch.inference_mode():
        return LogMel(AudioConfig())(wave).numpy()


def plan_outputs(
    songs: Sequence[Path], out: Path | None, kind: str
) -> tuple[dict[Path, Path], list[str]]:
    """Where each song's carol goes, and a line for each path that is no song; folders are searched
    for sound files.

    UsageError where one output file is asked for and there are several songs, or its ending is none
    that is written.
    """
    from kcarol.audio.encoding import SAVE_FORMATS

    found, failures = _find_songs(songs)
    is_file = out is not None and bool(out.suffix) and not out.is_dir()
    if is_file and out.suffix.lower() not in SAVE_FORMATS:
        raise UsageError(
            f"--out {out}: expected a name in {' '.join(SAVE_FORMATS)}, or a folder, found '{out.suffix}'"
        )
    if is_file and (len(found) > 1 or any(map(os.path.isdir, songs))):
        raise UsageError(
            f"--out {out}: expected a folder for several songs, found a file's name: leave its ending away"
        )
    plan: dict[Path, Path] = {}
    taken: dict[str, int] = {}  # names, with how many songs asked for them
    for song in found:
        folder = song.parent if out is None else out
        plan[song] = out if is_file else _free_name(folder, song, f".carol.{kind}", taken)
    return plan, failures


def _free_name(folder: Path, song: Path, ending: str, taken: dict[str, int]) -> Path:
    """`a.carol.wav` and, where a.mp3 and a.ogg or the a.mp3 of two folders meet, `a.ogg.carol.wav`,
    `a.ogg-2.carol.wav` ...
    """

    def path_of(stem: str) -> Path:
        return folder / (_fitting(stem, ending) + ending)

    def take(path: Path) -> bool:
        taken[_key(path)] = taken.get(_key(path), 0) + 1
        return taken[_key(path)] == 1

    path = path_of(song.stem)
    if not take(path):
        path = longer = path_of(song.name)
        while not take(path):  # the count leads past the numbers that were given
            taken[_key(longer)] += path != longer
            path = path_of(f"{song.name}-{taken[_key(longer)]}")
    return path


def _key(path: Path) -> str:
    return str(path).casefold()  # A.wav and a.wav are one file on many systems


def _fitting(stem: str, ending: str) -> str:
    """A stem short enough for a file's name; what is cut is its middle, for the end tells names
    apart.
    """
    raw, room = os.fsencode(stem), LONGEST_NAME - len(os.fsencode(ending))
    if len(raw) <= room:
        return stem
    return raw[: room - 21].decode(errors="ignore") + "~" + raw[-20:].decode(errors="ignore")


def _find_songs(paths: Sequence[Path]) -> tuple[list[Path], list[str]]:
    """Sound files in the order given, each once; folders without our own carols. Lines about what
    is neither.
    """
    from kcarol.audio.clips import find_audio
    from kcarol.audio.errors import DataError

    found: dict[Path, None] = {}
    failures: list[str] = []
    for path in paths:
        if not os.path.isdir(path):
            found[path] = None
            continue
        try:
            files = [file for file in find_audio(path) if not file.stem.endswith(".carol")]
        except DataError as error:
            failures.append(one_line(error))
            continue
        if not files:
            failures.append(
                f"{printable(path)}: expected songs, found none but carols that kcarol made"
            )
        found.update(dict.fromkeys(files))
    return list(found), failures


def _usual_style(converter) -> str:
    return OWN_STYLE if OWN_STYLE in converter.styles else STYLE_NAMES[0]


def _checked_style(style: str, converter) -> str:
    """UsageError unless the converter knows it or it is a file."""
    if style not in converter.styles and not Path(style).is_file():
        raise UsageError(
            f"--style {style}: expected {', '.join(converter.styles)} or a sound file of a carol, found neither"
        )
    return style


def run_figures(arguments: argparse.Namespace, session: Session) -> int:
    status = 0
    if not arguments.files:
        from kcarol.notebook.project_figures import write_all

        for path in write_all(arguments.out or Path("figures")):
            print(path)
    for file in arguments.files:
        target = (arguments.out or file.parent) / f"{file.stem}.png"
        try:
            if target.exists() and not arguments.force:
                raise FileExistsError(f"{target}: is there already: give --force, or another --out")
            print(_draw(file, target))
        except (ValueError, OSError) as error:
            status = _complain(one_line(error), FAILED)
    return status


def _draw(file: Path, target: Path) -> Path:
    """One file as a picture, by its ending."""
    import json

    from kcarol.notebook import figures

    if file.suffix == ".csv":
        return figures.save(figures.losses(figures.read_losses(file), file.stem), target)
    if file.suffix == ".json":
        table = json.loads(file.read_text(encoding="utf-8"))
        if not isinstance(table, dict) or "rows" not in table:
            raise UsageError(
                f"{file}: expected a table.json that kcarol eval wrote, found other JSON"
            )
        return _draw_table(table["rows"], table.get("title", ""), target)
    return figures.save(figures.spectrograms({file.name: _log_mel_of(file)}), target)


RUNNERS: dict[str, Callable[[argparse.Namespace, Session], int]] = {
    "preprocess": run_preprocess,
    "train": run_train,
    "eval": run_eval,
    "convert": run_convert,
    "corpus": run_corpus,
    "figures": run_figures,
}
