"""Whether other programs read our scores: music21, Verovio and MuseScore 3, where it is installed.

    python tests/benchmarks/score_readers.py [--arrangements] [SONG or score file ...]

Without files: the six demo songs as they were composed. --arrangements: the parts of carols in
every style instead of the lead sheets. Of each score it prints, by program, the notes that went in,
came out and are the same (place within 1/48 of a quarter note, pitch), and what the program
complained of. Notes without pitch are not counted, and what two voices strike together once.
"""

from __future__ import annotations

import base64
import io
import os
import shutil
import subprocess
import sys
import tempfile
import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import mido

from kcarol.arrangement.arrange import arrange_carol
from kcarol.arrangement.styles import STYLES
from kcarol.corpus.lead_sheet.demo_songs import DEMO_SONGS
from kcarol.score.arrangement.lines import lines_of
from kcarol.score.arrangement.playing import playing_of
from kcarol.score.arrangement.writing import arrangement_xml
from kcarol.score.files import READABLE, read_score
from kcarol.score.musicxml.writing import musicxml_of
from kcarol.score.notated import PER_QUARTER, notate
from kcarol.score.score import Score

DRUMS = 9  # MIDI channel
MSCORE = shutil.which("mscore3")
COMPLAINTS = ("not a valid", "error", "could not", "cannot", "skipping", "restheight")
Notes = Counter  # of (place in 1/48 of a quarter note, MIDI pitch)


ARRANGEMENTS = "--arrangements"


def main(arguments: Sequence[str]) -> None:
    names = [name for name in arguments if name != ARRANGEMENTS]
    scores = {name: score_from(Path(name)) for name in names} or {
        title: Score.of_sheet(song.sheet) for title, song in DEMO_SONGS.items()
    }
    for name, score in scores.items():
        if ARRANGEMENTS in arguments:
            check_arrangements(Path(name).stem, score)
        else:
            wanted = Notes((place(n.start), n.pitch) for n in notate(score).notes)
            check(Path(name).stem, musicxml_of(score), wanted)


def check_arrangements(name: str, score: Score) -> None:
    for style in STYLES:
        parts = arrange_carol(score.sheet, score.grid, STYLES[style])
        players = playing_of(lines_of(parts, score, style), notate(score).bars)
        pitched = [one for one in players if not one.player.is_percussion]
        wanted = Notes({(note.start, note.pitch) for one in pitched for note in one.notes})
        check(f"{name} {style}", arrangement_xml(parts, score, style), wanted)


def score_from(path: Path) -> Score:
    """Of a score file, or what is heard of a song."""
    if path.suffix in READABLE:
        return read_score(path)
    from kcarol.audio.decoding import load_audio
    from kcarol.conversion.converter import Converter

    return Score.of_transcription(Converter.load().transcribe(load_audio(path)), title=path.stem)


def check(name: str, musicxml: str, wanted: Notes) -> None:
    """Print what each program makes of a score whose notes are known."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "score.musicxml"
        path.write_text(musicxml, encoding="utf-8")
        for program, read in READERS.items():
            found, complaints = read(path)
            found = Notes(found.keys()) if max(wanted.values(), default=0) == 1 else found
            same = sum((found & wanted).values())
            verdict = "ok" if found == wanted and not complaints else "DIFFERS"
            counts = f"{sum(wanted.values())} in, {sum(found.values())} out, {same} the same"
            print(f"{name:32} {program:10} {verdict:8} {counts} {' | '.join(complaints)}")


def place(quarters: float) -> int:
    return round(float(quarters) * PER_QUARTER)


# --- the programs: path -> notes and complaints


def by_music21(path: Path) -> tuple[Notes, list[str]]:
    import music21

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        score = music21.converter.parse(path, forceSource=True)
        found: Notes = Counter()
        for part in score.toSoundingPitch().parts:
            for chord in part.flatten().notes:
                if isinstance(chord, music21.harmony.ChordSymbol):
                    continue
                for note in getattr(chord, "notes", [chord]):
                    is_struck = note.tie is None or note.tie.type == "start"
                    if is_struck and hasattr(note, "pitch"):
                        found[place(chord.offset), note.pitch.midi] += 1
    return found, [str(warning.message) for warning in caught]


def by_verovio(path: Path) -> tuple[Notes, list[str]]:
    import verovio

    with standard_error() as complaints:
        toolkit = verovio.toolkit()
        toolkit.loadFile(str(path))
        for page in range(toolkit.getPageCount()):
            toolkit.renderToSVG(page + 1)
        midi = base64.b64decode(toolkit.renderToMIDI())
    return notes_of_midi(mido.MidiFile(file=io.BytesIO(midi))), complaints


@contextmanager
def standard_error() -> Iterator[list[str]]:
    """Within it, what is written to standard error, by libraries too, becomes lines of the list."""
    lines: list[str] = []
    with tempfile.TemporaryFile() as file:
        kept = os.dup(2)
        os.dup2(file.fileno(), 2)
        try:
            yield lines
        finally:
            os.dup2(kept, 2)
            os.close(kept)
            file.seek(0)
            lines += file.read().decode(errors="replace").splitlines()


def by_musescore(path: Path) -> tuple[Notes, list[str]]:
    midi = path.with_suffix(".mid")
    told = subprocess.run(
        [str(MSCORE), "-d", "-o", str(midi), str(path)],
        env={**os.environ, "QT_QPA_PLATFORM": "offscreen"},
        capture_output=True,
        text=True,
        errors="replace",
        timeout=300,
    )
    lines = (told.stdout + told.stderr).splitlines()
    complaints = [line for line in lines if any(word in line.lower() for word in COMPLAINTS)]
    if told.returncode or not midi.exists():
        return Counter(), [*complaints, f"ended with {told.returncode}"]
    return notes_of_midi(mido.MidiFile(midi)), complaints


def notes_of_midi(file: mido.MidiFile) -> Notes:
    found: Notes = Counter()
    for track in file.tracks:
        at = 0
        for message in track:
            at += message.time
            if message.type == "note_on" and message.velocity and message.channel != DRUMS:
                found[place(at / file.ticks_per_beat), message.note] += 1
    return found


READERS: dict[str, Callable[[Path], tuple[Notes, list[str]]]] = {
    "music21": by_music21,
    "verovio": by_verovio,
    **({"musescore": by_musescore} if MSCORE else {}),
}


if __name__ == "__main__":
    main(sys.argv[1:])
