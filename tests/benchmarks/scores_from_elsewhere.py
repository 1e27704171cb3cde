"""How scores that other programs wrote play: those which come with music21.

scores_from_elsewhere.py [NAME ...] [--styles choir piano bells] [--render DIR]

A row a score: what was read of it, and the marks in the parts of its carols (as written_parts.py
counts them: parallels, crossings, notes out of range) a hundred bars; or the line with which it is
refused. With `--render` the first style is played into DIR, too.
"""

from __future__ import annotations

import argparse
import tempfile
import time
import warnings
from pathlib import Path

from kcarol.arrangement.arrange import arrange_carol
from kcarol.arrangement.counterpoint.lint import lint_parts
from kcarol.arrangement.styles import STYLES
from kcarol.arrangement.voices import four_parts
from kcarol.score.elsewhere.reading import score_from_elsewhere
from kcarol.score.errors import ScoreError
from kcarol.score.score import Score

NAMES = (  # of music21's corpus; a number: of a book of tunes
    "bach/bwv66.6",
    "bach/bwv269",
    "bach/bwv302",
    "bach/bwv153.1",
    "johnson_j_r/lift_every_voice",
    "liliuokalani/aloha_oe",
    "leadSheet/fosterBrownHair",
    "leadSheet/berlinAlexandersRagtime",
    "schubert/Lindenbaum",
    "schumann_robert/opus48no2",
    "schumann_clara/opus17/movement3",
    "beach/prayer_of_a_tired_child",
    "joplin/maple_leaf_rag",
    "verdi/laDonnaEMobile",
    "handel/rinaldo/Lascia_chio_pianga",
    "mozart/k545/movement1_exposition",
    "haydn/opus1no1/movement2",
    "monteverdi/madrigal.3.1",
    "weber/concertino_clarinet",
    "cpebach/h186",
    "corelli/opus3no1/1grave",
    "trecento/PMFC_13_01-Kyrie-Summe-Clementissime",
    "essenFolksong/han1:1",
    "essenFolksong/han1:20",
    "essenFolksong/kinder0:3",
    "essenFolksong/erk5:10",
    "airdsAirs/book1:5",
    "airdsAirs/book3:440",
    "oneills1850/0001-0050:12",
    "oneills1850/0351-0400:360",
    "ryansMammoth/OperaReel",
    "ryansMammoth/JamesLeesFavoriteJig",
    "nottingham-dataset/reelsa-c:80",
    "nottingham-dataset/reelsa-c:81",
    "haydn/opus74no1/movement4",
    "demos/ComprehensiveChordSymbolsTestFile",
    "demos/multiple-verses",
    "demos/two-voices",
    "demos/drum_sample",
    "schoenberg/opus19/movement2",
    "webern/webern_dormi_jesu_op_16_no_2",
)
COLUMNS = f"{'score':42} {'notes':>5} {'chords':>6} {'bars':>4} {'metre':>5} {'key':9} {'bpm':>5}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", default=NAMES)
    parser.add_argument("--styles", nargs="+", default=["choir", "piano", "bells"])
    parser.add_argument("--render", type=Path)
    args = parser.parse_args()
    print(f"{COLUMNS} {'length':>6}  form; marks of {', '.join(args.styles)}; seconds to read")
    with tempfile.TemporaryDirectory() as folder:
        for name in args.names:
            try:
                path = exported(name, Path(folder))
                start = time.perf_counter()
                score = score_from_elsewhere(path)
                row = row_of(score, args.styles)
                print(f"{name:42} {row}; {time.perf_counter() - start:.1f}", flush=True)
            except ScoreError as error:
                print(f"{name:42} {str(error).removeprefix(f'{folder}/')}", flush=True)
                continue
            if args.render:
                render(score, args.styles[0], args.render / f"{path.stem}.wav")


def exported(name: str, folder: Path) -> Path:
    """A score of the corpus as MusicXML, as it is or written by music21."""
    from music21 import corpus

    name, _, number = name.partition(":")
    works = corpus.getWork(name)
    found = Path(works[0] if isinstance(works, list) else works)
    if found.suffix in (".mxl", ".xml", ".musicxml"):
        return found
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        work = corpus.parse(name, number=int(number)) if number else corpus.parse(name)
        path = folder / f"{name.replace('/', '_')}{number}.musicxml"
        work.write("musicxml", path, makeNotation=False)
    return path


def row_of(score: Score, styles: list[str]) -> str:
    sheet = score.sheet
    metre = f"{sheet.beats_per_bar}{'.' if sheet.division == 3 else ''}"
    metre += f"+{len(sheet.changes)}" if sheet.changes else ""
    key = f"{'C Db D Eb E F F# G Ab A Bb B'.split()[sheet.key]} {sheet.mode}"
    form = " ".join(f"{section.name}{section.label}" for section in sheet.sections)
    return (
        f"{len(sheet.notes):5} {len(sheet.chords):6} {len(sheet.bar_starts()):4} {metre:>5} "
        f"{key:9} {sheet.tempo_bpm:5.0f} {score.grid.length_s:5.0f}s  {form}; "
        + ", ".join(marks_of(score, style) for style in styles)
    )


def marks_of(score: Score, style: str) -> str:
    """Marks a hundred bars in the parts of a carol."""
    parts = arrange_carol(score.sheet, score.grid, STYLES[style])
    marks = lint_parts(parts, score.sheet, score.grid, four_parts(score.sheet).soprano)
    counted = marks.parallels + marks.crossings + marks.out_of_range + marks.too_many_notes
    return f"{100 * counted / marks.n_bars:.0f}"


def render(score: Score, style: str, path: Path) -> None:
    from kcarol.audio.encoding import save_audio
    from kcarol.config import AudioConfig
    from kcarol.conversion.converter import Converter

    path.parent.mkdir(parents=True, exist_ok=True)
    save_audio(path, Converter.load().play(score, style), AudioConfig.full_rate)


if __name__ == "__main__":
    main()
