"""Whether the choir sings the vowels of the song.

choir_vowels.py SONGS [--style choir] [--engine network] [--weights FOLDER]

SONGS is a folder of real songs. The choirs of each song's carol are played alone, and their colour
(mel-cepstra 1 to 4) is correlated over time with the record's, where a vowel is heard: a row for
each song, and their mean. The columns are what the choirs sing: the song's vowels, "ah", and in
their place the vowels of the next song; then by how much the song's own correlate more than the
next song's, with an interval of 95 % by bootstrap over phrases.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from kcarol.arrangement.played_notes import instrument_of
from kcarol.audio.decoding import load_audio
from kcarol.config import ENGINES, NETWORK
from kcarol.conversion.converter import Converter
from kcarol.conversion.settings import CarolSettings
from kcarol.conversion.sound.playing_time import PlayingTime
from kcarol.evaluation.metrics import colour_correlation, phrase_weights, phrases_of, vowel_colour
from kcarol.evaluation.recordings import audio_files, mono_of
from kcarol.model.vowels import NO_VOWEL
from kcarol.transcription.lead_sheet import Part
from kcarol.transcription.transcription import Transcription

N_DRAWS = 1000
QUANTILES = (0.025, 0.975)


@dataclass(frozen=True)
class Colours:
    """Of the N frames of a song in which a vowel is heard: (N, 4) each."""

    song: np.ndarray
    own: np.ndarray
    ah: np.ndarray
    next_song: np.ndarray
    phrases: np.ndarray  # (N,)

    def correlations(self, weights: np.ndarray | None = None) -> list[float]:
        choirs = (self.own, self.ah, self.next_song)
        return [colour_correlation(self.song, choir, weights) for choir in choirs]


def with_vowels_of(own: Transcription, other: Transcription) -> Transcription:
    """The same song on another's vowels: in turn, wherever one of its own is heard."""
    vowel = own.vowel.copy()
    known = vowel != NO_VOWEL
    vowel[known] = np.resize(other.vowel[other.vowel != NO_VOWEL], known.sum())
    return replace(own, vowel=vowel)


def with_ah(own: Transcription) -> Transcription:
    return replace(own, vowel=np.full_like(own.vowel, NO_VOWEL))


def choirs_alone(
    transcription: Transcription, converter: Converter, style: str, engine: str
) -> np.ndarray:
    """(T,) at 16 kHz: the choirs of a carol without its other instruments and its hall."""
    score, settings = converter.score_of(transcription), CarolSettings(style, engine=engine)
    parts = [part for part in converter.arrange(score, style) if is_choir(part)]
    time = PlayingTime(score.tuning_cents, converter.audio)
    seconds = score.level.n_samples / converter.audio.sample_rate
    played = np.zeros((2, time.n_samples(seconds)), np.float32)
    converter.play_parts_onto(played, parts, time, settings)
    choirs = np.zeros((2, round(seconds * converter.audio.full_rate)), np.float32)
    time.resample_onto(choirs, converter.audio.full_rate, played)
    return mono_of(choirs)


def is_choir(part: Part) -> bool:
    return bool(not part.is_drums and instrument_of(part).vowel)


def colours_of(
    song: np.ndarray,
    own: Transcription,
    other: Transcription,
    converter: Converter,
    style: str,
    engine: str,
) -> Colours:
    known = own.vowel != NO_VOWEL
    texts = (own, with_ah(own), with_vowels_of(own, other))
    choirs = [choirs_alone(text, converter, style, engine) for text in texts]
    colours = [vowel_colour(wave)[: len(known)][known] for wave in (song, *choirs)]
    return Colours(*colours, phrases_of(known)[known])


def advantage_interval(songs: Sequence[Colours], seed: int = 0) -> np.ndarray:
    """By how much own vowels correlate more than the next song's, mean over songs: an interval."""
    rng = np.random.default_rng(seed)
    draws = [
        [c.correlations(phrase_weights(c.phrases, rng)) for c in songs] for _ in range(N_DRAWS)
    ]
    own, _, next_song = np.moveaxis(np.array(draws), 2, 0)
    return np.quantile((own - next_song).mean(1), QUANTILES)


def print_row(name: str, songs: Sequence[Colours]) -> None:
    own, ah, next_song = np.mean([colours.correlations() for colours in songs], axis=0)
    low, high = advantage_interval(songs)
    figures = (
        f"{own:.2f} | {ah:.2f} | {next_song:.2f} | {own - next_song:.2f} ({low:.2f}, {high:.2f})"
    )
    print(f"| {name} | {figures} |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("songs", type=Path, help="folder of songs")
    parser.add_argument("--style", default="choir")
    parser.add_argument("--engine", default=NETWORK, choices=ENGINES)
    parser.add_argument("--weights", type=Path, help="default: the shipped weights")
    arguments = parser.parse_args()
    converter = Converter.load(arguments.weights, device="cpu")
    files = audio_files(arguments.songs)
    songs = [load_audio(file) for file in files]
    heard = [converter.transcribe(song) for song in songs]
    print("| song | its vowels | ah | the next song's | more than those |\n|-|-|-|-|-|")
    colours = []
    for i, file in enumerate(files):
        other = heard[(i + 1) % len(files)]
        how = (converter, arguments.style, arguments.engine)
        colours.append(colours_of(songs[i], heard[i], other, *how))
        print_row(file.stem, colours[-1:])
    print_row("mean", colours)


if __name__ == "__main__":
    main()
