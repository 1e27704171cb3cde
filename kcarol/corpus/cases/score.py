"""What each player of a case plays, in seconds, at nominal pitch."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

from kcarol.corpus.cases.kinds import Settings
from kcarol.corpus.cases.passages import Passage
from kcarol.corpus.cases.song import (
    SNARE,
    Song,
    break_chords,
    draw_groove,
    draw_tune,
    second_voice,
    strike_bass,
    strike_chords,
)
from kcarol.corpus.tables import integers, read_table
from kcarol.dataset.cases import SoundingChord
from kcarol.transcription.lead_sheet import Note, Stroke

TUNES = ("voice", "lead", "rap")  # players who share the tune's notes
SPOKEN = "rap"  # which has no pitch
GAP_S = 0.03  # between the notes of a tune
DRUM_S = 0.1
LOUD, SOFT = 100, 78  # velocities on a bar's first beat and elsewhere


@dataclass
class Score:
    """Strokes of each player, and the chords that they add up to."""

    parts: dict[str, list[Stroke]] = field(default_factory=dict)
    chords: list[SoundingChord] = field(default_factory=list)

    @property
    def tune(self) -> tuple[Stroke, ...]:
        sung = (self.parts[name] for name in TUNES if name in self.parts and name != SPOKEN)
        return tuple(next(sung, ()))


def players(texture: str) -> list[str]:
    return read_table("cases", "music.ini")["textures"][texture].split()


def write_score(settings: Settings, passages: list[Passage], rng: np.random.Generator) -> Score:
    """One song over all passages; in a medley each passage is a song of its own."""
    score, names = Score(), players(settings.texture)
    score.parts = {name: [] for name in names}
    song = Song.draw(rng)
    for number, passage in enumerate(passages):
        if number and settings.curve == "medley":
            song = Song.draw(rng)
        for name, notes in _passage(song, passage, settings.voice, rng).items():
            if name in names:
                score.parts[name] += _strokes(notes, passage, name)
        if not {"chords", "choir"}.isdisjoint(names):
            score.chords += _sounding(song, passage)
    return score


def _passage(
    song: Song, passage: Passage, voice: str, rng: np.random.Generator
) -> dict[str, list[Note]]:
    """The notes of everybody who could play, in beats of the passage."""
    lowest, highest = integers(read_table("cases", "music.ini")["voices"][voice].split(" ", 1)[1])
    chords = song.chords(passage.metre, passage.n_beats)
    tune = draw_tune(song, passage.metre, chords, lowest, highest, rng)
    hits = draw_groove(passage.metre, passage.n_beats, rng)
    held = Song(song.key, song.mode, song.progression, "held")
    return {
        **dict.fromkeys(TUNES, tune),
        "second": second_voice(tune, song.scale),
        "chords": strike_chords(song, chords),
        **dict.fromkeys(("choir", "pad"), strike_chords(held, chords)),
        "arp": break_chords(chords, passage.metre),
        "bass": strike_bass(chords, hits),
        "drums": [Note(beat, 0.0, drum) for beat, drum in hits],
    }


def _strokes(notes: Iterable[Note], passage: Passage, name: str) -> list[Stroke]:
    """Notes in seconds; nobody strikes anew while a fermata is held."""
    last = passage.n_beats - 1 if passage.held_s else np.inf
    gap_s = GAP_S if name in (*TUNES, "second") else 0.0
    strokes = []
    for note in sorted(notes, key=lambda note: (note.start, note.pitch)):
        if note.start > last + 1e-3:
            continue
        start_s = passage.time_s(note.start)
        length_s = max(passage.time_s(note.end) - start_s - gap_s, DRUM_S)
        is_first = note.start % passage.metre.beats < 1e-3
        is_loud = is_first or (name == "drums" and note.pitch == SNARE)
        strokes.append(Stroke(start_s, length_s, note.pitch, LOUD if is_loud else SOFT))
    return strokes


def _sounding(song: Song, passage: Passage) -> list[SoundingChord]:
    return [
        SoundingChord(passage.time_s(c.start), passage.time_s(c.end), c.pitch_classes)
        for c in song.chords(passage.metre, passage.n_beats)
    ]
