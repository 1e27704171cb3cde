"""How well MIDI files lie under their records: beats as any sequencer counts them, read by mido,
against those that were heard.

    python tests/benchmarks/midi_in_time.py SONG or .json ... [--minutes 10]

A row a song, and one of the first song repeated for `--minutes`: heard beats; the farthest that one
lies from the file's nearest beat; the slowest and the fastest tempo; the time that writing takes;
whether the file is read as it was written.
"""

from __future__ import annotations

import argparse
import math
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
from mido import MidiFile

from kcarol.config import AudioConfig
from kcarol.conversion.api import transcribe
from kcarol.score.midi.reading import read_midi
from kcarol.score.midi.writing import write_midi
from kcarol.score.score import Score
from kcarol.transcription.transcription import FRAME_ARRAYS, Transcription


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("songs", nargs="+", type=Path)
    parser.add_argument("--minutes", type=float, default=10.0)
    arguments = parser.parse_args()
    songs = {path.stem: heard(path) for path in arguments.songs}
    name, first = next(iter(songs.items()))
    length_s = len(first) / AudioConfig().frame_rate
    n_times = math.ceil(60 * arguments.minutes / length_s)
    songs[f"{n_times} times {name}"] = repeated(first, n_times)
    print("song | beats | farthest, ms | bpm | written in, s | read back")
    print("-" * 80)
    for name, transcription in songs.items():
        print(" | ".join([name, *row(transcription)]))


def heard(path: Path) -> Transcription:
    return Transcription.load(path) if path.suffix == ".json" else transcribe(path)


def repeated(song: Transcription, n_times: int) -> Transcription:
    """A song that goes through its record some times."""

    def tiled(values: np.ndarray) -> np.ndarray:
        return np.concatenate([values] * n_times)

    level = song.level
    level = replace(
        level,
        n_samples=len(song) * n_times * AudioConfig.hop_length - AudioConfig.hop_length,
        fade_db=tiled(level.fade_db),
        loudness_db=tiled(level.loudness_db),
    )
    names = [*FRAME_ARRAYS, "positions", "metres", "divisions"]
    return replace(
        song,
        beats=np.concatenate([song.beats + n * len(song) for n in range(n_times)]),
        level=level,
        **{name: tiled(getattr(song, name)) for name in names},
    )


def row(song: Transcription) -> list[str]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "song.mid"
        score = Score.of_transcription(song)
        start = time.perf_counter()
        write_midi(score, path)
        length_s = time.perf_counter() - start
        beats_s, tempi = beats_of(path)
        read = read_midi(path)
    is_same = read.sheet == score.sheet
    is_same &= bool(np.array_equal(read.grid.beat_times_s, score.grid.beat_times_s))
    heard_s = song.beats / AudioConfig().frame_rate
    off_ms = 1000 * np.abs(heard_s[:, None] - beats_s).min(1)
    return [
        f"{len(heard_s)}",
        f"{off_ms.max():.3f}",
        f"{min(tempi):.0f} to {max(tempi):.0f}",
        f"{length_s:.2f}",
        "the same" if is_same else "DIFFERENT",
    ]


def beats_of(path: Path) -> tuple[np.ndarray, list[float]]:
    """Seconds of a file's beats, and its tempi in quarters a minute."""
    file = MidiFile(path, charset="utf-8")
    ticks, messages = np.cumsum([m.time for m in file.tracks[0]]), file.tracks[0]
    tempo_ticks, tempi = zip(
        *((t, m.tempo) for t, m in zip(ticks, messages, strict=True) if m.type == "set_tempo"),
        strict=True,
    )
    seconds_a_tick = np.array(tempi) / 1e6 / file.ticks_per_beat
    starts_s = np.append(0, np.cumsum(np.diff(tempo_ticks) * seconds_a_tick[:-1]))
    signatures = [
        (t, 4 * file.ticks_per_beat * (3 if m.numerator % 3 == 0 and m.denominator == 8 else 1))
        + (m.denominator,)
        for t, m in zip(ticks, messages, strict=True)
        if m.type == "time_signature"
    ]
    ends = [t for t, *_ in signatures[1:]] + [ticks[-1]]
    beats = np.concatenate(
        [
            np.arange(t, end, whole / unit)
            for (t, whole, unit), end in zip(signatures, ends, strict=True)
        ]
    )
    at = np.searchsorted(tempo_ticks, beats, side="right") - 1
    beats_s = starts_s[at] + (beats - np.array(tempo_ticks)[at]) * seconds_a_tick[at]
    return beats_s, [60e6 / tempo for tempo in tempi]


if __name__ == "__main__":
    main()
