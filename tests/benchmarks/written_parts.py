"""What a teacher would mark in what the arranger writes, a hundred bars.

written_parts.py [SONGS] [--sheets 200] [--music21]

The four voices first, of drawn sheets and of the songs in the folder SONGS; then counter-line and
descant; then the instruments' parts of each style. `clash_share` is the share of the tune's time in
which another part lies a semitone from it for longer than an eighth. With `--music21` (pip install
music21) its rules count the outer voices' parallels, too.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable, Sequence
from functools import partial, reduce
from itertools import pairwise
from operator import add
from pathlib import Path

import numpy as np

from kcarol.arrangement.arrange import arrange_carol
from kcarol.arrangement.counterpoint.lint import Marks, lint_added_lines, lint_parts, lint_voices
from kcarol.arrangement.styles import STYLES
from kcarol.arrangement.voices import FourParts, four_parts
from kcarol.audio.clips import find_audio
from kcarol.audio.decoding import load_audio
from kcarol.conversion.converter import Converter
from kcarol.corpus.lead_sheet.draw_sheet import draw_sheet
from kcarol.transcription.lead_sheet import LeadSheet, Note, TimeGrid
from kcarol.transcription.notation import lead_sheet_of

LENGTH_S = 60.0  # of a drawn sheet

Song = tuple[LeadSheet, TimeGrid]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("songs", type=Path, nargs="?")
    parser.add_argument("--sheets", type=int, default=200)
    parser.add_argument("--music21", action="store_true")
    args = parser.parse_args()
    kinds = {"drawn": [drawn(seed) for seed in range(args.sheets)]}
    if args.songs:
        kinds["songs"] = transcribed(args.songs)
    for kind, songs in kinds.items():
        print_row(f"{kind}, four voices", marks_of(songs, voice_marks))
        print_row(f"{kind}, added lines", marks_of(songs, line_marks))
        for name in STYLES:
            print_row(f"{kind}, {name}", marks_of(songs, partial(part_marks, style=name)))
        if args.music21:
            n = sum(parallels_by_music21(four_parts(sheet)) for sheet, _ in songs)
            print(f"{kind}: {n} parallels by music21")


def drawn(seed: int) -> Song:
    sheet = draw_sheet(np.random.default_rng(seed), LENGTH_S)
    return sheet, TimeGrid.of(sheet)


def transcribed(folder: Path) -> list[Song]:
    converter = Converter.load()
    return [lead_sheet_of(converter.transcribe(load_audio(path))) for path in find_audio(folder)]


def marks_of(songs: Iterable[Song], count: Callable[[LeadSheet, TimeGrid], Marks]) -> Marks:
    return reduce(add, (count(*song) for song in songs))


def voice_marks(sheet: LeadSheet, grid: TimeGrid) -> Marks:
    return lint_voices(four_parts(sheet), sheet)


def line_marks(sheet: LeadSheet, grid: TimeGrid) -> Marks:
    return lint_added_lines(four_parts(sheet), sheet)


def part_marks(sheet: LeadSheet, grid: TimeGrid, style: str) -> Marks:
    parts = arrange_carol(sheet, grid, STYLES[style])
    return lint_parts(parts, sheet, grid, four_parts(sheet).soprano)


def print_row(name: str, marks: Marks) -> None:
    columns = (f"{what} {value:.3f}" for what, value in marks.per_100_bars().items())
    print(f"{name:24s} {marks.n_bars:6.0f} bars  " + "  ".join(columns), flush=True)


def parallels_by_music21(parts: FourParts) -> int:
    """Fifths and octaves of tune and bass, by music21's rules for two voices."""
    from music21.note import Note as Music21Note
    from music21.voiceLeading import VoiceLeadingQuartet

    def quartet(first: tuple[int, int], second: tuple[int, int]) -> VoiceLeadingQuartet:
        notes = (first[0], second[0], first[1], second[1])
        return VoiceLeadingQuartet(*(Music21Note(pitch) for pitch in notes))

    moves = [quartet(*pair) for pair in pairwise(sounding_together(parts.soprano, parts.bass))]
    return sum(move.parallelFifth() or move.parallelOctave() for move in moves)


def sounding_together(high: Sequence[Note], low: Sequence[Note]) -> list[tuple[int, int]]:
    """Pitches of two voices at each beginning of a note of either; a rest holds the last note."""
    events = sorted([*((n.start, 0, n.pitch) for n in high), *((n.start, 1, n.pitch) for n in low)])
    pair: list[int | None] = [None, None]
    found = []
    for place, (start, voice, pitch) in enumerate(events):
        pair[voice] = pitch
        is_last = place + 1 == len(events) or events[place + 1][0] > start
        if is_last and None not in pair:
            found.append((pair[0], pair[1]))
    return found


if __name__ == "__main__":
    main()
