"""The pop side of the parallel corpus: a lead sheet arranged for a band, as varied as pop records
are.

Everything random of a pair lives here; the carol side is a function of the sheet alone. Work goes
in two steps: players write `Event`s in beats (plain tuples), `perform` turns them into `Stroke`s in
seconds, with a human feel.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from kcarol.corpus.arrangement.backline import BASS_LINES, bass_line, chord_part
from kcarol.corpus.arrangement.bands import (
    BANDS,
    COMPS,
    GAINS_DB,
    GUITARS,
    PROGRAMS,
    TUNE_SIDE_DB,
    Band,
    synth_role,
)
from kcarol.corpus.arrangement.drummer import drum_part
from kcarol.corpus.arrangement.grooves import GROOVES, KITS, NO_DRUMS, SYNTH_DRUM
from kcarol.corpus.arrangement.humanise import (
    TAIL_S,
    Feel,
    alone_spans,
    break_spans,
    broken_off,
    perform,
)
from kcarol.corpus.arrangement.lines import MAKERS, backing_voice, second_voice, tune_line
from kcarol.corpus.arrangement.score import Event, Score, pick, pick_weighted, section_at
from kcarol.transcription.lead_sheet import LeadSheet, Note, Part, Stroke, TimeGrid

KINDS = ("soundfont", "synth", "voice", "rap", "drumsynth")

DOUBLED = 0.4  # share of songs with guitars that have their guitar twice
# mean and deviation, against the band: on records the tune is in the band, not before it
TUNE_LEVEL_DB = (-3.5, 4.0)

__all__ = [  # where the arrangement is used, these come with it
    "BANDS",
    "GROOVES",
    "KINDS",
    "NO_DRUMS",
    "TAIL_S",
    "PopArrangement",
    "Score",
    "arrange_pop",
    "synth_role",
]


@dataclass(frozen=True)
class PopArrangement:
    """What a pop band plays of a lead sheet.

    `gain_db` of the parts holds for stems of equal loudness: then the band without the tune sums to
    0 dB and the tune lies `tune_level_db` above it. `sounds` says for each part's name what makes
    its sound, one of `KINDS`; parts of kind "voice" and "rap" have one note at a time. Rap, riffs
    and counter-melodies are not tune; a solo is, where nobody sings.
    """

    parts: tuple[Part, ...]
    sounds: dict[str, str]  # part name: one of KINDS
    groove: str  # a key of GROOVES, or "none"
    band: str  # a key of BANDS
    tuning_cents: float  # of the whole band
    tune_level_db: float
    voice: str | None  # "female", "male", None: the tune is played
    tune_parts: tuple[str, ...] = ("lead",)  # parts that together carry the sheet's notes
    solo: tuple[Note, ...] = ()  # as its player read it, one note at a time

    def part(self, name: str) -> Part | None:
        return next((part for part in self.parts if part.name == name), None)

    def tuned_strokes(self, name: str) -> tuple[Stroke, ...]:
        """Strokes of a part moved by `tuning_cents`, for sounds that cannot be tuned otherwise;
        drums stay.
        """
        part = self.part(name)
        if part is None:
            raise ValueError(f"expected a part of {', '.join(self.sounds)}, found {name!r}")
        if part.is_drums or not self.tuning_cents:
            return part.strokes
        return tuple(
            replace(stroke, pitch=stroke.pitch + self.tuning_cents / 100) for stroke in part.strokes
        )


@dataclass(frozen=True)
class _Player:
    """A part before it is performed."""

    events: list[Event]
    program: int
    kind: str = "soundfont"
    mono: bool = False


def arrange_pop(
    sheet: LeadSheet, grid: TimeGrid, rng: np.random.Generator, hints: Mapping | None = None
) -> PopArrangement:
    """Arrange a lead sheet for a pop band, every choice drawn from `rng`.

    `hints` fixes some choices: "band" (a key of `BANDS`), "groove" (a key of `GROOVES` or "none"),
    "voice" ("female", "male", or None for a played tune) and "sounds" (part name: one of `KINDS` or
    a General MIDI program; a part named there plays if it finds anything to play). Raises
    ValueError for unknown hints and for sheets without chords.
    """
    hints = _checked(hints or {})
    score = Score.of(sheet)
    band_name = hints.get("band") or pick_weighted(
        rng, {name: band.weight for name, band in BANDS.items()}
    )
    band = BANDS[band_name]
    groove = hints.get("groove") or _draw_groove(score, rng, band)
    voice = _draw_voice(score, rng, band, hints)
    players = _tune_players(score, rng, band, voice)
    tune_parts = tuple(name for name in players if name in ("lead", "lead2"))
    density = rng.uniform(0.5, 1.5) * band.crowd
    players |= _band_players(score, rng, band, groove, hints, density)
    players |= _companions(score, rng, band, players, voice, hints, density)
    players = _settled(players, score, rng, voice, hints)
    level_db = float(np.clip(rng.normal(*TUNE_LEVEL_DB), -10, 8))
    parts = _seat(players, grid, rng, level_db)
    tuning = rng.normal(0, 6) if rng.random() < 0.8 else rng.uniform(-50, 50)
    sounds = {name: player.kind for name, player in players.items()}
    cents = float(np.clip(tuning, -50, 50))
    tune_parts, solo = tuple(name for name in tune_parts if name in sounds), _solo_notes(players)
    return PopArrangement(
        parts, sounds, groove, band_name, cents, level_db, voice, tune_parts, solo
    )


def _solo_notes(players: Mapping[str, _Player]) -> tuple[Note, ...]:
    """What the solo plays, each note no longer than to the next one."""
    events = sorted(players["solo"].events) if "solo" in players else []
    ends = [*(event[0] for event in events), np.inf][1:]
    return tuple(
        Note(float(beat), float(min(length, end - beat)), int(pitch))
        for (beat, length, pitch, *_), end in zip(events, ends, strict=True)
        if end > beat
    )


def _settled(
    players: Mapping[str, _Player],
    score: Score,
    rng: np.random.Generator,
    voice: str | None,
    hints: Mapping,
) -> dict[str, _Player]:
    """Players with the breaks of the song and the hinted sounds; those with nothing to play are
    gone.
    """
    players = dict(players)
    if voice is None and rng.random() < 0.15:  # one player for both, as on a piano
        players["lead"] = replace(
            players["lead"], program=players["chords"].program, kind=players["chords"].kind
        )
    spans, alone = break_spans(score, rng), alone_spans(score)
    for name, player in players.items():
        events = (
            player.events
            if name in TUNE_SIDE_DB or name == "fx"
            else broken_off(player.events, spans)
        )
        events = events if name in ("drums", "percussion") else broken_off(events, alone)
        players[name] = _hinted(replace(player, events=events), hints["sounds"].get(name))
    return {name: player for name, player in players.items() if player.events}


def _checked(hints: Mapping) -> dict:
    """Hints with names made regular, or ValueError."""
    hints = dict(hints)
    known = {"band": BANDS, "groove": {**GROOVES, "none": None}}
    for key, names in known.items():
        if hints.get(key) is None:
            hints.pop(key, None)
            continue
        hints[key] = str(hints[key]).strip().lower().replace("-", "_").replace(" ", "_")
        if hints[key] not in names:
            raise ValueError(
                f"hint {key!r}: expected one of {', '.join(sorted(names))}, found {hints[key]!r}"
            )
    for part, sound in (hints.get("sounds") or {}).items():
        if not (sound in KINDS or isinstance(sound, int) and 0 <= sound <= 127):
            raise ValueError(
                f"hint 'sounds': expected one of {', '.join(KINDS)} or a program 0 to 127 for {part!r}, found {sound!r}"
            )
    hints["sounds"] = dict(hints.get("sounds") or {})
    if hints.get("voice", None) not in ("female", "male", None):
        raise ValueError(
            f"hint 'voice': expected 'female', 'male' or None, found {hints['voice']!r}"
        )
    return hints


def _draw_groove(score: Score, rng: np.random.Generator, band: Band) -> str:
    """A groove in the sheet's metre; triplet grooves go with swung sheets only, they clash with
    straight tunes.
    """
    alone = any(chord.silent for chord in score.sheet.chords)  # then there is nothing but drums
    if rng.random() < NO_DRUMS and not alone:
        return "none"
    names = tuple(GROOVES) if alone and "none" in band.grooves else band.grooves
    if names != ("none",) and (score.beats_per_bar != 4 or rng.random() < 0.35 * band.crowd):
        names = tuple(GROOVES)
    fitting = [n for n in names if n == "none" or GROOVES[n].beats == score.beats_per_bar]
    swung = [n for n in fitting if n != "none" and GROOVES[n].steps == 3]
    if score.sheet.swing >= 0.15 and rng.random() < 0.5:
        return (
            pick(rng, swung or ["shuffle", "swing"])
            if score.beats_per_bar == 4
            else pick(rng, fitting)
        )
    return pick(rng, [n for n in fitting if n not in swung] or ["none"])


def _draw_voice(score: Score, rng: np.random.Generator, band: Band, hints: Mapping) -> str | None:
    sung = rng.random() < band.voice or hints["sounds"].get("lead") == "voice"
    if "voice" in hints:
        return hints["voice"]
    return ("male" if score.tune_midi + rng.normal(0, 2) < 60.5 else "female") if sung else None


def _draw_kind(rng: np.random.Generator, band: Band) -> str:
    return "synth" if rng.random() < band.synth else "soundfont"


def _tune_players(
    score: Score, rng: np.random.Generator, band: Band, voice: str | None
) -> dict[str, _Player]:
    """The lead, or two leads that take turns by sections."""
    sung = sorted({section_at(score.sheet, note.start) for note in score.sheet.notes})
    turns = rng.random() < 0.2 and len(sung) > 1
    shares = [frozenset(sung[0::2]), frozenset(sung[1::2])] if turns else [frozenset(sung)]
    players = {}
    for name, share in zip(("lead", "lead2"), shares, strict=False):
        kind = (
            "voice" if voice and (name == "lead" or rng.random() < 0.7) else _draw_kind(rng, band)
        )
        events = tune_line(score, rng, share, played=kind != "voice")
        players[name] = _Player(events, pick(rng, PROGRAMS["lead"]), kind, mono=True)
    return players


def _band_players(
    score: Score, rng: np.random.Generator, band: Band, groove: str, hints: Mapping, density: float
) -> dict[str, _Player]:
    """Drums, bass, chords: what nearly every record has."""
    players, wanted = {}, hints["sounds"]
    if groove != "none":
        style = GROOVES[groove]
        kind = "drumsynth" if rng.random() < style.synth else "soundfont"
        kit = pick(rng, style.kits if rng.random() < 0.8 else KITS)
        players["drums"] = _Player(drum_part(score, rng, style), kit, kind)
    if "bass" in wanted or rng.random() < band.bass:
        program = pick(rng, band.basses if rng.random() < 0.8 else PROGRAMS["bass"])
        players["bass"] = _Player(
            bass_line(score, rng, band.lines or BASS_LINES),
            program,
            _draw_kind(rng, band),
            mono=True,
        )
    names = band.comps if rng.random() < 0.8 else tuple(COMPS)
    # the main chords nearly never rest: they carry the harmony
    low = -1.0 if rng.random() < 0.9 else 0.3
    for name, threshold in (
        ("chords", low),
        ("chords2", rng.uniform(0.3, 0.8)),
        ("pad", rng.uniform(0, 0.7)),
        ("arpeggio", rng.uniform(0, 0.8)),
    ):
        if (
            name == "chords"
            or name in wanted
            or rng.random() < density * band.extras.get(name, 0.06)
        ):
            way = name if name in COMPS else pick(rng, names if name == "chords" else tuple(COMPS))
            comp = COMPS[way]
            players[name] = _Player(
                chord_part(score, rng, comp, threshold),
                pick(rng, comp.programs),
                _draw_kind(rng, band),
            )
            # the same once more, by the same hands
            if name == "chords" and way in GUITARS and rng.random() < DOUBLED:
                again = (
                    players[name]
                    if rng.random() < 0.7
                    else replace(players[name], program=pick(rng, comp.programs))
                )
                players["chords3"] = again
    return players


def _companions(
    score: Score,
    rng: np.random.Generator,
    band: Band,
    players: Mapping[str, _Player],
    voice: str | None,
    hints: Mapping,
    density: float,
) -> dict[str, _Player]:
    """Lines beside the tune and everything else that a band may have."""
    wanted, found = hints["sounds"], {}
    tune = sorted(
        event for name in ("lead", "lead2") if name in players for event in players[name].events
    )
    way = pick(rng, ("thirds", "thirds", "sixths", "octave", "chord"))
    makers = MAKERS | {
        "second": lambda score, rng: second_voice(score, rng, tune, way),
        "double": lambda score, rng: second_voice(
            score, rng, tune, pick(rng, ("unison", "unison", "octave"))
        ),
    }
    usual = {"solo": 0.3, "second": 0.1, "double": 0.08, "percussion": 0.12}
    for name, make in makers.items():
        if name == "rap" and not voice:
            continue
        if name in wanted or rng.random() < density * band.extras.get(name, usual.get(name, 0.02)):
            found[name] = _Player(
                make(score, rng),
                pick(rng, PROGRAMS[name]),
                *_companion_kind(name, rng, band, voice),
            )
    if "backing" in wanted or rng.random() < band.extras.get("backing", 0.05):
        found |= _backing_players(score, rng, voice)
    return found


def _companion_kind(
    name: str, rng: np.random.Generator, band: Band, voice: str | None
) -> tuple[str, bool]:
    """(kind, one note at a time) of a companion."""
    sung = {"second": 0.75, "double": 0.3, "counter": 0.2}.get(name, 0.0)
    if name == "rap":
        return "rap", True
    if voice and rng.random() < sung:
        return "voice", True
    if name in ("percussion", "fx"):
        return ("drumsynth" if name == "percussion" and rng.random() < 0.3 else "soundfont"), False
    return _draw_kind(rng, band), name in ("second", "double", "counter", "solo")


def _backing_players(
    score: Score, rng: np.random.Generator, voice: str | None
) -> dict[str, _Player]:
    """Backing voices: two singers, or a choir of the soundfont."""
    lines = [backing_voice(score, rng, k) for k in range(3)]
    if voice and rng.random() < 0.35:
        return {
            f"backing{k + 1}": _Player(line, 52, "voice", mono=True)
            for k, line in enumerate(lines[:2])
        }
    return {
        "backing": _Player(
            [event for line in lines for event in line], pick(rng, PROGRAMS["backing"])
        )
    }


def _hinted(player: _Player, sound: str | int | None) -> _Player:
    if sound is None:
        return player
    return (
        replace(player, program=sound, kind="soundfont")
        if isinstance(sound, int)
        else replace(player, kind=sound)
    )


def _seat(
    players: Mapping[str, _Player], grid: TimeGrid, rng: np.random.Generator, level_db: float
) -> tuple[Part, ...]:
    """Perform every part and give it its gain and place."""
    jitter_s = 0.0 if rng.random() < 0.3 else rng.uniform(0.002, 0.02)  # three in ten are sequenced
    width, gains_db = rng.uniform(0, 0.9), _gains_db(players, rng, level_db)
    parts = []
    for name, player in players.items():
        is_drums = name in ("drums", "percussion")
        feel = Feel(
            jitter_s * rng.uniform(0.4, 1.0),
            _offset_s(player.kind, jitter_s, rng),
            rng.uniform(1, 9),
        )
        strokes = perform(
            player.events, grid, feel, rng, player.mono or player.kind in ("voice", "rap")
        )
        if player.kind == "drumsynth":
            strokes = tuple(
                replace(s, pitch=float(SYNTH_DRUM.get(int(s.pitch), s.pitch))) for s in strokes
            )
        pan = width * rng.uniform(-1, 1) * (0.15 if name in ("lead", "bass", "drums") else 1.0)
        parts.append(
            Part(name, strokes, player.program, is_drums, float(gains_db[name]), float(pan))
        )
    return tuple(parts)


def _offset_s(kind: str, jitter_s: float, rng: np.random.Generator) -> float:
    """Singers lie back by up to 30 ms, players by up to the song's looseness."""
    if kind in ("voice", "rap"):
        return float(rng.uniform(-0.008, 0.03))
    return float(rng.uniform(-0.3, 1.0) * jitter_s)


def _gains_db(
    players: Mapping[str, _Player], rng: np.random.Generator, level_db: float
) -> dict[str, float]:
    """Gains by part: the band sums to 0 dB in power, the lead lies `level_db` above it."""
    drawn = {name: rng.normal(0, 4 if name == "drums" else 2) for name in players}
    tune = {
        name: TUNE_SIDE_DB[name] + level_db + drawn[name] * (name not in ("lead", "lead2"))
        for name in players
        if name in TUNE_SIDE_DB
    }
    band = {
        name: GAINS_DB.get(name, GAINS_DB["backing"]) + drawn[name]
        for name in players
        if name not in tune
    }
    total_db = 10 * np.log10(sum(10 ** (gain / 10) for gain in band.values())) if band else 0.0
    return tune | {name: gain - total_db for name, gain in band.items()}
