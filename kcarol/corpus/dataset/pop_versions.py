"""Pop versions of a recorded carol: under pop drums, or its transcription played by a band."""

from __future__ import annotations

import numpy as np

from kcarol.config import AudioConfig
from kcarol.corpus.arrangement.pop.arrange import arrange_pop
from kcarol.corpus.dataset.pop_record import render_pop
from kcarol.corpus.mixing.mix import mix
from kcarol.corpus.synthesis.drum_machine import DrumKit, play_drums
from kcarol.corpus.synthesis.render import TRAINING_SOUNDFONTS, renew
from kcarol.transcription.lead_sheet import Stroke
from kcarol.transcription.notation import bar_places, lead_sheet_of
from kcarol.transcription.transcription import Transcription

# General MIDI drum notes
KICK = 36
SNARES = (38, 39, 40)
CLOSED_HAT, OPEN_HAT, SHAKER = 42, 46, 70


def under_drums(
    wave: np.ndarray, transcription: Transcription, audio: AudioConfig, rng: np.random.Generator
) -> np.ndarray:
    """A carol (T,) under drums on its own beats, mixed as pop records are: (T,), peak <= 1."""
    beats_s = transcription.beats / audio.frame_rate
    downbeats_s = transcription.downbeats / audio.frame_rate
    strokes = drum_strokes(beats_s, downbeats_s, rng)
    length_s = len(wave) / audio.sample_rate
    drums = play_drums(strokes, DrumKit.draw(rng), length_s, audio.sample_rate, rng)
    role = str(rng.choice(["lead", "chords"]))  # as loud as the drums, or softer and ducked by them
    return mix({role: wave, "drums": drums}, rng, sample_rate=audio.sample_rate)


def played_by_band(
    n_samples: int, transcription: Transcription, audio: AudioConfig, rng: np.random.Generator
) -> np.ndarray:
    """The transcription of a carol of `n_samples`, arranged and rendered as pop on its own beats:
    (T,), peak <= 1. RenderError without the synthesiser.
    """
    renew()  # independent of earlier renders
    sheet, grid = lead_sheet_of(transcription, audio)
    soundfont = str(rng.choice(TRAINING_SOUNDFONTS))
    length_s = n_samples / audio.sample_rate
    wave = render_pop(arrange_pop(sheet, grid, rng), length_s, audio.sample_rate, soundfont, rng)
    return np.pad(wave[:n_samples], (0, max(0, n_samples - len(wave))))


def drum_strokes(
    beats_s: np.ndarray, downbeats_s: np.ndarray, rng: np.random.Generator
) -> tuple[Stroke, ...]:
    """Drums on a song's beats (seconds): one pattern in nearly every bar, with human timing and
    force.
    """
    place, metre = bar_places(beats_s, downbeats_s)
    pattern = drum_pattern(metre, rng)
    velocity = rng.uniform(70, 110)
    strokes = []
    rests = False
    for i in range(len(beats_s) - 1):
        if place[i] == 0:
            rests = rng.random() < 0.1
        if rests:
            continue
        for half in (0, 1):
            start_s = beats_s[i] + half / 2 * (beats_s[i + 1] - beats_s[i])
            for note, bar in pattern.items():
                if bar[2 * place[i] + half]:
                    force = int(np.clip(velocity + rng.normal(0, 8) - 12 * half, 20, 127))
                    human_s = max(0.0, start_s + rng.normal(0, 0.005))
                    strokes.append(Stroke(human_s, 0.1, note, force))
    return tuple(strokes)


def drum_pattern(metre: int, rng: np.random.Generator) -> dict[int, np.ndarray]:
    """One bar of a pop drummer at random: (2 * metre,) bool by drum note, in eighths."""
    n = 2 * metre
    eighth = np.arange(n)
    on_beat = eighth % 2 == 0
    if rng.random() < 0.3:
        kick = on_beat.copy()
    else:
        kick = rng.random(n) < np.where(on_beat, 0.4, 0.2)
    kick[0] = True
    backbeats = eighth % 4 == 2 if metre == 4 else (eighth > 0) & on_beat
    snare = backbeats & (rng.random() < 0.9) | (rng.random(n) < 0.05)
    hats = [np.ones(n, bool), on_beat, ~on_beat, rng.random(n) < 0.6][rng.integers(4)]
    return {
        KICK: kick,
        int(rng.choice(SNARES)): snare,
        int(rng.choice([CLOSED_HAT, CLOSED_HAT, OPEN_HAT, SHAKER])): hats,
    }
