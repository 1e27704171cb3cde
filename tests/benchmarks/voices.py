"""What a voice laid over a carol is, beside the true one.

voices.py [--songs N] [--length SECONDS] [--weights FOLDER]

Held-out songs are rendered, each as a voice of WORLD and the band without it. The voice, late by up
to a second and with the band's drums leaked into it, is laid over the song's carol, without a hall
and with the carol's tune kept. Prints a row a song:

    lag       error of the lag that is found, samples at 16 kHz
    sure      sharpness of the correlation with the song, and of the next song's voice played
              backwards (WORLD has one noise for all voices), see kcarol.voice.alignment
    residual  dB against the voice: what is left of the carol with the voice when the carol without
              it and the true voice are taken away, each by the gain that fits best
    leaked    dB of the drums against the voice in its file; and what the gate takes of them more
              than half a second from all singing
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import soundfile
import soxr

from kcarol.config import KEEP, AudioConfig
from kcarol.conversion.api import convert
from kcarol.conversion.converter import Converter
from kcarol.conversion.sound.dynamics import amplify_, frame_levels
from kcarol.corpus.arrangement.pop.arrange import PopArrangement, arrange_pop
from kcarol.corpus.dataset.pairs import VALIDATION_SEED
from kcarol.corpus.dataset.pop_record import render_pop
from kcarol.corpus.lead_sheet.draw_sheet import draw_sheet
from kcarol.corpus.synthesis.speech import VALIDATION_SPEAKERS
from kcarol.corpus.synthesis.world_voice import sing_words
from kcarol.synthesis.render import VALIDATION_SOUNDFONT
from kcarol.transcription.lead_sheet import Part, TimeGrid
from kcarol.voice.alignment import MOST_LAG_S, align
from kcarol.voice.gate import gate_db, sung_frames
from kcarol.voice.voicing import voicing

AUDIO = AudioConfig()
RATE = AUDIO.sample_rate
BAND_DB, LEAKED_DB = 3.0, -20.0  # re the voice
PEAK = 0.9  # of the song
FAR_FRAMES = round(0.5 * AUDIO.frame_rate)
SILENT_DB = -50.0  # of the true voice, re its loudest frame


class Song(NamedTuple):
    """Waves (T,) at 16 kHz."""

    voice: np.ndarray
    band: np.ndarray
    drums: np.ndarray  # that leaked

    @property
    def mix(self) -> np.ndarray:
        return self.voice + self.band


def songs(n: int, length_s: float) -> Iterator[Song]:
    for seed in range(n):
        rng = np.random.default_rng(VALIDATION_SEED + seed)
        sheet = draw_sheet(rng, length_s, validation=True, plain=True)
        grid = TimeGrid.of(sheet, rng)
        pop = arrange_pop(sheet, grid, rng, plain=True)
        tune = [stroke for name in pop.tune_parts for stroke in pop.tuned_strokes(name)]
        tune.sort(key=lambda stroke: stroke.start_s)
        voice = sing_words(tune, grid.length_s, RATE, rng, speakers=VALIDATION_SPEAKERS)
        band = [part for part in pop.parts if part.name not in pop.tune_parts]
        drums = [part for part in band if part.is_drums]
        waves = (
            at_level(played(some, pop, len(voice), rng), voice, level_db)
            for some, level_db in ((band, BAND_DB), (drums, LEAKED_DB))
        )
        song = Song(voice, *waves)
        scale = PEAK / np.abs(song.mix).max()
        # silence at both ends, so that no voice is cut off by its lag
        yield Song(*(np.pad(scale * wave, round(MOST_LAG_S * RATE)) for wave in song))


def played(
    parts: list[Part], pop: PopArrangement, n_samples: int, rng: np.random.Generator
) -> np.ndarray:
    """(n_samples,)"""
    some = replace(pop, parts=tuple(parts))
    wave = render_pop(some, n_samples / RATE, RATE, VALIDATION_SOUNDFONT, rng)
    return np.pad(wave, (0, n_samples))[:n_samples]


def at_level(wave: np.ndarray, voice: np.ndarray, level_db: float) -> np.ndarray:
    """A wave brought to so many dB above a voice; silence as it is."""
    scale = np.sqrt(np.mean(voice**2) / max(1e-12, np.mean(wave**2)))
    return (wave * scale * 10 ** (level_db / 20)).astype(np.float32)


def residual_db(song: Song, late: np.ndarray, converter: Converter, folder: Path) -> float:
    paths = folder / "song.wav", folder / "voice.wav"
    for path, wave in zip(paths, (song.mix, late), strict=True):
        soundfile.write(path, wave, RATE, subtype="FLOAT")
    chosen = {"hall": 0.0, "voice_tune": KEEP, "converter": converter, "force": True}
    alone, both = (
        soundfile.read(convert(paths[0], folder / "carol.wav", voice=voice, **chosen))[0].T.ravel()
        for voice in (None, paths[1])
    )
    voice = np.tile(soxr.resample(song.voice, RATE, AUDIO.full_rate), 2)
    parts = np.stack([alone, voice], axis=1)
    gains = np.linalg.lstsq(parts, both, rcond=None)[0]
    return energy_db(both - parts @ gains) - energy_db(gains[1] * voice)


def gate_takes_db(song: Song, tune: np.ndarray) -> float:
    """Of the leaked drums, far from all singing; nan where somebody sings all the time."""
    leaked, hop, n_frames = (song.voice + song.drums)[None], AUDIO.hop_length, len(tune)
    level_db = frame_levels(leaked, n_frames, hop)
    voiced = voicing(leaked, n_frames, RATE, AUDIO.frame_rate)
    sung = sung_frames(tune, level_db, voiced, AUDIO.frame_rate)
    levels_db = frame_levels(song.voice[None], len(tune), hop)
    sings = levels_db > levels_db.max() + SILENT_DB
    far = np.convolve(sings, np.ones(2 * FAR_FRAMES + 1), "same") == 0
    before, after = song.drums[None].copy(), song.drums[None].copy()
    amplify_(after, gate_db(sung, AUDIO.frame_rate), hop)
    inside = np.repeat(far, hop)[: leaked.shape[-1]]
    return energy_db(before[:, inside]) - energy_db(after[:, inside]) if far.any() else np.nan


def energy_db(wave: np.ndarray) -> float:
    return 10 * np.log10(np.mean(np.square(wave, dtype=float)) + 1e-20)


def moved(wave: np.ndarray, lag: int) -> np.ndarray:
    return np.pad(wave, (lag, 0)) if lag >= 0 else wave[-lag:]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--songs", type=int, default=8)
    parser.add_argument("--length", type=float, default=40.0)
    parser.add_argument("--weights", type=Path)
    arguments = parser.parse_args()
    converter = Converter.load(arguments.weights)
    rng = np.random.default_rng(0)
    found = list(songs(arguments.songs, arguments.length))
    print("| song | lag | sure; another's | residual | leaked; taken |\n|-|-|-|-|-|")
    for number, (song, other) in enumerate(zip(found, found[1:] + found[:1], strict=True)):
        lag = int(rng.integers(-RATE, RATE) * MOST_LAG_S)
        late = moved(song.voice + song.drums, lag)
        own, another = (align(song.mix, x, RATE) for x in (late, other.voice[::-1].copy()))
        tune = converter.transcribe(song.mix).tune
        with tempfile.TemporaryDirectory() as folder:
            residual = residual_db(song, moved(song.voice, lag), converter, Path(folder))
        print(
            f"| {number} | {own.lag_samples - lag} | {own.sharpness:.0f}; {another.sharpness:.1f} "
            f"| {residual:.1f} | {energy_db(song.drums) - energy_db(song.voice):.1f}; "
            f"{gate_takes_db(song, tune):.1f} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
