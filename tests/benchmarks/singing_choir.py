"""What the singing choir costs the carol: every figure with the song's syllables and with "ah".

singing_choir.py REAL_DIR [--songs NAME ...] [--styles choir a_cappella] [--carols DIR]

REAL_DIR is that of `kcarol eval --real`, whose figures these are (whole songs). Prints a table with
two rows a style. DIR gets the carols, in a folder for each
style and choir, which `judges.py SONGS --carols FOLDER` reads.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import soundfile

from kcarol.audio.decoding import load_audio
from kcarol.config import AH, SYLLABLES
from kcarol.conversion.converter import Converter
from kcarol.evaluation.real import evaluate_real
from kcarol.evaluation.recordings import audio_files
from kcarol.evaluation.table import Table
from kcarol.transcription.transcription import Transcription

COLUMNS = tuple(
    "chroma note@1 triad onset crest attack dyn_r density_r form_r style p_carol style_full".split()
)


class Carols:
    """Carols of songs that are transcribed once; songs are known by their lengths."""

    def __init__(self, converter: Converter, songs: Sequence[Path], out: Path | None):
        self.converter = converter
        self.out = out
        self.names: dict[int, str] = {}
        self.heard: dict[int, Transcription] = {}
        for path in songs:
            song = load_audio(path)
            self.names[len(song)] = path.stem
            self.heard[len(song)] = converter.transcribe(song)

    def make(self, song: np.ndarray, style: str, choir: str) -> np.ndarray:
        carol = self.converter.play(self.heard[len(song)], style, choir=choir)[:]
        if self.out:
            path = self.out / f"{style}_{choir}" / f"{self.names[len(song)]}.wav"
            path.parent.mkdir(parents=True, exist_ok=True)
            soundfile.write(path, carol.T, self.converter.audio.full_rate)
        return carol


def compared(carols: Carols, real_dir: Path, styles: Sequence[str]) -> dict[str, Table]:
    """The tables of `evaluate_real` by what the choir sings."""
    return {
        choir: evaluate_real(
            lambda song, style, choir=choir: carols.make(song, style, choir),
            real_dir,
            baselines=False,
            styles=styles,
        )
        for choir in (SYLLABLES, AH)
    }


def print_table(tables: dict[str, Table], styles: Sequence[str]) -> None:
    print("| style | choir | " + " | ".join(COLUMNS) + " |\n|" + "-|" * (2 + len(COLUMNS)))
    for style in styles:
        for choir, table in tables.items():
            row = table.find("kcarol", style)
            cells = [f"{row.get(column, np.nan):.3f}" for column in COLUMNS]
            print(f"| {style} | {choir} | " + " | ".join(cells) + " |")


def folder_of(songs: Sequence[Path], real_dir: Path, folder: Path) -> Path:
    """`real_dir` with some of its songs alone, as links in `folder`."""
    (folder / "pop").mkdir()
    for path in real_dir.glob("*.npz"):
        (folder / path.name).symlink_to(path.resolve())
    for song in songs:
        for path in song.parent.glob(f"{song.stem}.*"):
            (folder / "pop" / path.name).symlink_to(path.resolve())
    return folder


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("real_dir", type=Path)
    parser.add_argument("--songs", nargs="+", help="names without suffix; default: all")
    parser.add_argument("--styles", nargs="+", default=["choir", "a_cappella"])
    parser.add_argument("--carols", type=Path, help="folder that the carols are written to")
    arguments = parser.parse_args()
    songs = audio_files(arguments.real_dir / "pop")
    songs = [path for path in songs if path.stem in (arguments.songs or [path.stem])]
    carols = Carols(Converter.load(device="cpu"), songs, arguments.carols)
    with tempfile.TemporaryDirectory() as folder:
        some = folder_of(songs, arguments.real_dir, Path(folder))
        print_table(compared(carols, some, arguments.styles), arguments.styles)


if __name__ == "__main__":
    main()
