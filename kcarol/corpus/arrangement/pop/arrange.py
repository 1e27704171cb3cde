"""The pop side of the parallel corpus: a lead sheet arranged for a band, as varied as pop records
are.

All randomness of a pair lies here; the carol side is a function of the sheet alone. Work goes
in two steps: players write `Event`s in beats, `humanise` turns them into `Stroke`s in seconds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from kcarol.corpus.arrangement.humanise import Feel, humanise
from kcarol.corpus.arrangement.pop.bands import BAND_SIDE_DB, TUNE_SIDE_DB
from kcarol.corpus.arrangement.pop.grooves import SYNTH_DRUM
from kcarol.corpus.arrangement.pop.hints import Hints
from kcarol.corpus.arrangement.pop.line_up import TUNE, Player, draw_line_up
from kcarol.corpus.arrangement.pop.score import Score
from kcarol.transcription.lead_sheet import LeadSheet, Note, Part, Stroke, TimeGrid

# mean and deviation, re the band: on records the tune is mixed into the band
TUNE_LEVEL_DB = (-3.5, 4.0)
SEQUENCED = 0.3  # share of songs that keep time exactly
IN_TUNE, PLAIN_IN_TUNE = 0.4, 0.8  # share of songs within a few cents
FARTHEST_CENTS = 50.0  # of the others, drawn evenly
DRIFTING = 0.1  # share of songs whose tuning moves, as tapes do and singers without a band
DRIFT_CENTS = 30.0  # from beginning to end, at most


@dataclass(frozen=True)
class PopArrangement:
    """What a pop band plays of a lead sheet.

    `gain_db` of the parts holds for stems of equal loudness: then the band without the tune sums to
    0 dB and the tune lies `tune_level_db` above it. `sounds` gives each part's kind of sound by
    its name, one of `hints.KINDS`; parts of kind "voice" and "rap" have one note at a time. Rap,
    riffs and counter-melodies are not tune; a solo is, unless somebody sings.
    """

    parts: tuple[Part, ...]
    sounds: dict[str, str]  # part name: one of KINDS
    groove: str  # a key of GROOVES, or "none"
    band: str  # a key of BANDS
    tuning_cents: float  # of the whole band, at the beginning
    tune_level_db: float
    voice: str | None  # "female", "male", None: the tune is played
    tune_parts: tuple[str, ...] = ("lead",)  # parts that together carry the sheet's notes
    solo: tuple[Note, ...] = ()  # as its player read it, one note at a time
    drift_cents_per_s: float = 0.0  # of the tuning

    def part(self, name: str) -> Part | None:
        return next((part for part in self.parts if part.name == name), None)

    def tuned_strokes(self, name: str) -> tuple[Stroke, ...]:
        """Strokes of a part moved by the tuning at their beginnings; drums stay."""
        part = self.part(name)
        if part is None:
            raise ValueError(f"expected a part of {', '.join(self.sounds)}, found {name!r}")
        if part.is_drums:
            return part.strokes
        return tuple(
            replace(stroke, pitch=stroke.pitch + self.tuning_at(stroke.start_s) / 100)
            for stroke in part.strokes
        )

    def tuning_at(self, time_s: float) -> float:
        """Cents of the band's tuning."""
        return self.tuning_cents + self.drift_cents_per_s * time_s


def arrange_pop(
    sheet: LeadSheet,
    grid: TimeGrid,
    rng: np.random.Generator,
    hints: Mapping | None = None,
    plain: bool = False,
) -> PopArrangement:
    """Arrange a lead sheet for a pop band, every choice drawn from `rng`.

    `hints` fixes some choices: "band" (a key of `BANDS`), "groove" (a key of `GROOVES` or "none"),
    "voice" ("female", "male", or None for a played tune) and "sounds" (part name: one of `KINDS` or
    a General MIDI program; the parts named there play, unless the sheet gives them nothing to).
    `plain`: most songs are in tune, and all have chords. Raises ValueError for unknown hints and
    for sheets without chords.
    """
    checked = Hints.checked(hints or {})
    line_up = draw_line_up(Score.of(sheet), rng, checked, plain)
    players = line_up.players
    tune_level_db = float(np.clip(rng.normal(*TUNE_LEVEL_DB), -10, 8))
    parts = _perform(players, grid, rng, tune_level_db)
    is_in_tune = rng.random() < (PLAIN_IN_TUNE if plain else IN_TUNE)
    cents = rng.normal(0, 6) if is_in_tune else rng.uniform(-FARTHEST_CENTS, FARTHEST_CENTS)
    cents = float(np.clip(cents, -FARTHEST_CENTS, FARTHEST_CENTS))
    drift_cents = 0.0 if plain else _draw_drift_cents(rng, cents)
    return PopArrangement(
        parts,
        {name: player.kind for name, player in players.items()},
        line_up.groove,
        line_up.band,
        cents,
        tune_level_db,
        line_up.voice,
        tuple(name for name in TUNE if name in players),
        _solo_notes(players),
        drift_cents / grid.length_s,
    )


def _draw_drift_cents(rng: np.random.Generator, cents: float) -> float:
    """How far the tuning has moved at the end; none in most songs, and nowhere beyond the farthest
    tuning.
    """
    if rng.random() >= DRIFTING:
        return 0.0
    end = cents + rng.uniform(-DRIFT_CENTS, DRIFT_CENTS)
    return float(np.clip(end, -FARTHEST_CENTS, FARTHEST_CENTS)) - cents


def _perform(
    players: Mapping[str, Player], grid: TimeGrid, rng: np.random.Generator, tune_level_db: float
) -> tuple[Part, ...]:
    """The strokes of all players in seconds, each with its gain and pan."""
    jitter_s = 0.0 if rng.random() < SEQUENCED else rng.uniform(0.002, 0.02)
    width = rng.uniform(0, 0.9)
    gains_db = _draw_gains_db(players, rng, tune_level_db)
    parts = []
    for name, player in players.items():
        is_sung = player.kind in ("voice", "rap")
        own_jitter_s = jitter_s * rng.uniform(0.4, 1.0)
        # singers are late by up to 30 ms, players by up to the song's looseness
        offset_s = rng.uniform(-0.008, 0.03) if is_sung else rng.uniform(-0.3, 1.0) * jitter_s
        feel = Feel(own_jitter_s, offset_s, velocity=rng.uniform(1, 9))
        strokes = humanise(player.events, grid, feel, rng, player.is_mono or is_sung)
        if player.kind == "drumsynth":
            strokes = tuple(map(_on_synthesised_kit, strokes))
        centred = 0.15 if name in ("lead", "bass", "drums") else 1.0
        pan = float(width * rng.uniform(-1, 1) * centred)
        is_drums = name in ("drums", "percussion")
        parts.append(Part(name, strokes, player.program, is_drums, gains_db[name], pan))
    return tuple(parts)


def _on_synthesised_kit(stroke: Stroke) -> Stroke:
    return replace(stroke, pitch=float(SYNTH_DRUM.get(int(stroke.pitch), stroke.pitch)))


def _draw_gains_db(
    players: Mapping[str, Player], rng: np.random.Generator, tune_level_db: float
) -> dict[str, float]:
    """Gains by part: the band sums to 0 dB in power, the lead lies `tune_level_db` above it."""
    tune, band = {}, {}
    for name in players:
        drawn_db = float(rng.normal(0, 4 if name == "drums" else 2))
        if name in TUNE:
            tune[name] = TUNE_SIDE_DB[name] + tune_level_db
        elif name in TUNE_SIDE_DB:
            tune[name] = TUNE_SIDE_DB[name] + tune_level_db + drawn_db
        else:
            band[name] = BAND_SIDE_DB.get(name, BAND_SIDE_DB["backing"]) + drawn_db
    power = sum(10 ** (gain_db / 10) for gain_db in band.values())
    total_db = 10 * np.log10(power) if band else 0.0
    return tune | {name: float(gain_db - total_db) for name, gain_db in band.items()}


def _solo_notes(players: Mapping[str, Player]) -> tuple[Note, ...]:
    """The notes of the solo, each cut at the next one."""
    events = sorted(players["solo"].events) if "solo" in players else []
    ends = [*(event.beat for event in events[1:]), np.inf]
    return tuple(
        Note(float(event.beat), float(min(event.length, end - event.beat)), int(event.pitch))
        for event, end in zip(events, ends, strict=False)
        if end > event.beat
    )
