"""How well a choir of a voice sings another tune with its words: pitch, mel-cepstra, time, memory.

    python tests/benchmarks/voice_choir.py

Needs espeak-ng and WORLD. The voice is rendered, and so is another speaker's, who sings the same
notes with other words.
"""

from __future__ import annotations

import resource
import time

import librosa
import numpy as np

from kcarol.corpus.synthesis.world_voice import sing_words
from kcarol.transcription.lead_sheet import Stroke
from kcarol.voice.choir.choir import sing_onto
from kcarol.voice.choir.frames import FRAME_S, HOP, SAMPLE_RATE, analyse
from kcarol.voice.choir.lines import SungNote
from kcarol.voice.choir.sung_voice import SungVoice

LENGTH_S, NOTE_S = 60.0, 0.7
TUNE = (60, 64, 67, 65, 62, 59, 57, 60)
SUNG = {
    "soprano": (67, 69, 71, 72, 74, 72, 71, 69),
    "alto": (64, 64, 67, 69, 69, 69, 67, 64),
    "tenor": (60, 60, 62, 64, 65, 64, 62, 60),
    "bass": (48, 53, 55, 57, 50, 57, 55, 53),
}
N_CEPSTRA = 4
WITHIN_CENTS = 30
EDGE_S = 0.1  # of a note, where it glides


def main() -> None:
    strokes = [Stroke(start, 0.65, pitch, 90) for start, pitch in notes_of(TUNE)]
    own, other = (
        sing_words(strokes, LENGTH_S, SAMPLE_RATE, np.random.default_rng(seed)) for seed in (1, 9)
    )
    lines = {
        name: [SungNote(start, start + 0.65, pitch, -10.0) for start, pitch in notes_of(pitches)]
        for name, pitches in SUNG.items()
    }
    begun = time.process_time()
    with SungVoice.hear(own) as voice:
        heard = time.process_time()
        choir = sung_by(voice, lines)
        ended = time.process_time()
        alone = sung_by(voice, {"soprano": lines["soprano"]})
    cents = strays_cents(alone, lines["soprano"])
    print(f"frames of sopranos within {WITHIN_CENTS} cents: {np.mean(cents < WITHIN_CENTS):.3f}")
    for name, wave in (("voice", own), ("another speaker", other)):
        found = correlations(choir, wave, voice.is_sung)
        print(f"mel-cepstra 1-{N_CEPSTRA} as of {name}:", *(f"{r:.2f}" for r in found))
    print(
        f"analysis {LENGTH_S / (heard - begun):.0f}, choir {LENGTH_S / (ended - heard):.0f} times"
    )
    print(f"real time on one core; {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10} MB")


def notes_of(pitches: tuple[int, ...]) -> list[tuple[float, int]]:
    n_notes = int((LENGTH_S - 1) / NOTE_S)
    return [(0.3 + NOTE_S * k, pitches[k % len(pitches)]) for k in range(n_notes)]


def sung_by(voice: SungVoice, lines: dict[str, list[SungNote]]) -> np.ndarray:
    """(T,) in mono."""
    carol = np.zeros((2, round(LENGTH_S * SAMPLE_RATE)), np.float32)
    sing_onto(carol, SAMPLE_RATE, lines, voice, np.zeros(1))
    return carol.sum(0)


def strays_cents(wave: np.ndarray, notes: list[SungNote]) -> np.ndarray:
    """(N,) distances from the notes in the frames within them that have a pitch."""
    f0_hz = analyse(wave).f0_hz
    times_s = np.arange(len(f0_hz)) * FRAME_S
    wanted = np.full(len(f0_hz), np.nan)
    for note in notes:
        wanted[(times_s > note.start_s + EDGE_S) & (times_s < note.end_s - EDGE_S)] = note.pitch
    known = (f0_hz > 0) & ~np.isnan(wanted)
    return np.abs(1200 * np.log2(f0_hz[known] / 440) - 100 * (wanted[known] - 69))


def correlations(choir: np.ndarray, voice: np.ndarray, is_sung: np.ndarray) -> list[float]:
    """Of mel-cepstra over the sung frames."""
    first, second = (
        librosa.feature.mfcc(
            y=wave, sr=SAMPLE_RATE, n_mfcc=1 + N_CEPSTRA, hop_length=HOP, n_fft=1024
        )[1:, : len(is_sung)][:, is_sung]
        for wave in (choir, voice)
    )
    return [float(np.corrcoef(a, b)[0, 1]) for a, b in zip(first, second, strict=True)]


if __name__ == "__main__":
    main()
