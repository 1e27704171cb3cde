"""How well the text of songs is heard.

syllables.py [--held-out FOLDER] [--real FOLDER] [--weights FOLDER]

FOLDER of held-out sung songs as `kcarol corpus --sung --held-out` renders them, and of real songs
with NAME.ultrastar.txt beside them. Prints one table each:

    right, chance     share of the sung frames in which the likeliest of six vowels is sung, and in
                      which the commonest is
    decided           share of the sung frames for which a vowel is decided on; of those, right; and
                      of the others, in rests
    syllables         P, R and F of where they begin, within 80 ms; for real songs after the best
                      lag within .3 s is taken out
    tune's onsets     the same of the notes of the tune: what is known without hearing syllables
    another song's    the same of the syllables that are heard in the next song
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from tqdm import tqdm

from kcarol.audio.decoding import load_audio
from kcarol.config import AudioConfig
from kcarol.conversion.converter import Converter
from kcarol.dataset.sung import stored_sung
from kcarol.evaluation.metrics import OnsetCounts, read_ultrastar, syllable_times, vowel_figures
from kcarol.evaluation.recordings import audio_files
from kcarol.model.vowels import NO_VOWEL
from kcarol.transcription.transcription import Transcription

Compare = Callable[[np.ndarray, np.ndarray], OnsetCounts]
ONSETS = ("syllables", "tune's onsets", "another song's")


class Heard(NamedTuple):
    likeliest: np.ndarray  # (F,) of six vowels
    transcription: Transcription


class Sung(NamedTuple):
    vowel: np.ndarray  # (F,)
    begins_s: np.ndarray


def hear(song: np.ndarray, converter: Converter) -> Heard:
    transcription = converter.transcribe(song)
    _, syllables = converter.windows.hear(song, transcription.tuning_cents)
    return Heard(syllables.vowel[:, :NO_VOWEL].argmax(1).numpy(), transcription)


def times_s(frames: np.ndarray) -> np.ndarray:
    return np.flatnonzero(frames) / AudioConfig().frame_rate


def held_out_songs(folder: Path) -> Iterator[tuple[np.ndarray, Sung]]:
    for rows in stored_sung(folder):
        for pop, vowel, begins in zip(rows.pop, rows.vowel, rows.begins, strict=True):
            yield np.float32(pop / 32768), Sung(vowel.astype(int), times_s(begins))


def print_held_out(folder: Path, converter: Converter) -> None:
    heard, sung = [], []
    for song, truth in tqdm(held_out_songs(folder), "held-out songs", disable=None):
        heard.append(hear(song, converter))
        sung.append(truth)
    decided = np.concatenate([h.transcription.vowel for h in heard])
    likeliest = np.concatenate([h.likeliest for h in heard])
    figures = vars(vowel_figures(np.concatenate([s.vowel for s in sung]), likeliest, decided))
    print("| songs | " + " | ".join(name.replace("_", " ") for name in figures) + " |")
    print("|-" * (1 + len(figures)) + "|")
    print(f"| {len(sung)} | " + " | ".join(f"{x:.3f}" for x in figures.values()) + " |\n")
    print_onsets_header()
    wanted = [s.begins_s for s in sung]
    print_onsets("held-out", onset_counts(wanted, [h.transcription for h in heard], OnsetCounts.of))


def print_real(folder: Path, converter: Converter) -> None:
    songs = [path for path in audio_files(folder) if transcription_by_hand(path).exists()]
    heard = [converter.transcribe(load_audio(path)) for path in tqdm(songs, "songs", disable=None)]
    wanted = [syllable_times(read_ultrastar(transcription_by_hand(path))) for path in songs]
    counts = onset_counts(wanted, heard, OnsetCounts.at_best_lag)
    print_onsets_header()
    for i, path in enumerate(songs):
        print_onsets(path.stem, {name: [some[i]] for name, some in counts.items()})
    print_onsets("all", counts)


def transcription_by_hand(song: Path) -> Path:
    return song.with_name(f"{song.stem}.ultrastar.txt")


def onset_counts(
    wanted_s: Sequence[np.ndarray], heard: Sequence[Transcription], compare: Compare
) -> dict[str, list[OnsetCounts]]:
    """Of each of the ONSETS, one for each song."""
    syllables = [transcription.syllable for transcription in heard]
    of_tunes = [transcription.onset for transcription in heard]
    others = [  # repeated, or cut, to this song's length
        np.resize(other, len(own))
        for own, other in zip(syllables, [*syllables[1:], syllables[0]], strict=True)
    ]
    return {
        name: [
            compare(wanted, times_s(found)) for wanted, found in zip(wanted_s, some, strict=True)
        ]
        for name, some in zip(ONSETS, (syllables, of_tunes, others), strict=True)
    }


def print_onsets_header() -> None:
    print("| songs | " + " | ".join(f"{name}: P | R | F" for name in ONSETS) + " |")
    print("|-" * (1 + 3 * len(ONSETS)) + "|")


def print_onsets(name: str, counts: dict[str, list[OnsetCounts]]) -> None:
    totals = [OnsetCounts.total(some) for some in counts.values()]
    cells = [f"{x:.3f}" for total in totals for x in (total.precision, total.recall, total.f)]
    print(f"| {name} | " + " | ".join(cells) + " |")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--held-out", type=Path, help="folder of *.sung.safetensors")
    parser.add_argument("--real", type=Path, help="folder of songs")
    parser.add_argument("--weights", type=Path, help="default: the shipped weights")
    arguments = parser.parse_args()
    converter = Converter.load(arguments.weights, device="cpu")
    if arguments.held_out:
        print_held_out(arguments.held_out, converter)
    if arguments.real:
        print_real(arguments.real, converter)


if __name__ == "__main__":
    main()
