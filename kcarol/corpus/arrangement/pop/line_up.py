"""The players of a song and their parts: tune, band and additional players."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from kcarol.corpus.arrangement.humanise import draw_breaks, without_spans
from kcarol.corpus.arrangement.pop import lines
from kcarol.corpus.arrangement.pop.bands import (
    BANDS,
    COMPS,
    GUITARS,
    PROGRAMS,
    TUNE_SIDE_DB,
    Band,
    Comp,
)
from kcarol.corpus.arrangement.pop.bass import BASS_LINES, bass_line
from kcarol.corpus.arrangement.pop.comping import chord_part
from kcarol.corpus.arrangement.pop.drummer import drum_part, percussion_part
from kcarol.corpus.arrangement.pop.grooves import GROOVES, KITS, NO_DRUMS, Groove
from kcarol.corpus.arrangement.pop.hints import Hints
from kcarol.corpus.arrangement.pop.score import Event, Score
from kcarol.corpus.draws import pick, pick_weighted

TUNE = ("lead", "lead2")
MONO = ("second", "double", "counter", "solo")  # companions that play one note at a time
# probability of a part that the band does not list
USUAL = {"solo": 0.3, "second": 0.1, "double": 0.08, "percussion": 0.12}
RARE = 0.02
SUNG = {"second": 0.75, "double": 0.3, "counter": 0.2}  # share that are sung if the tune is sung
DOUBLED = 0.4  # share of songs with guitars that have their guitar twice
LIKE_THE_BAND = 0.8  # share of instruments that are those of the band; others are any
COMPANIONS = {
    "riff": lines.riff,
    "strings": lines.strings,
    "counter": lines.counter_melody,
    "brass": lambda score, rng: chord_part(score, rng, COMPS["stabs"], rng.uniform(0.4, 0.8)),
    "solo": lines.solo,
    "percussion": percussion_part,
    "fx": lines.effects,
    "drone": lines.drone,
    "rap": lines.rap,
}


@dataclass(frozen=True)
class Player:
    """A part before it is performed."""

    events: list[Event]
    program: int
    kind: str = "soundfont"  # of its sound, one of `hints.KINDS`
    is_mono: bool = False


@dataclass(frozen=True)
class LineUp:
    band: str  # a key of BANDS
    groove: str  # a key of GROOVES, or "none"
    voice: str | None  # "female", "male", None: the tune is played
    players: dict[str, Player]  # by the part's name


def draw_line_up(
    score: Score, rng: np.random.Generator, hints: Hints, plain: bool = False
) -> LineUp:
    """Players with notes to play, every choice drawn from `rng` unless `hints` fixes it. `plain`:
    a band that has chords.
    """
    name = hints.band
    if name is None:
        names = [name for name, band in BANDS.items() if band.chords or not plain]
        name = pick_weighted(rng, names, [BANDS[name].weight for name in names])
    band = BANDS[name]
    groove = hints.groove or _draw_groove(score, rng, band)
    voice = _draw_voice(score, rng, band, hints)
    casting = _Casting(score, rng, band, voice, hints)
    casting.add_tune()
    casting.add_band(groove)
    return LineUp(name, groove, voice, casting.settled())


def _draw_groove(score: Score, rng: np.random.Generator, band: Band) -> str:
    """A groove in the metre of the beginning; triplet grooves only with swung sheets, where they
    fit.
    """
    is_alone = any(
        chord.silent for chord in score.sheet.chords
    )  # in those bars only the drums play
    if rng.random() < NO_DRUMS and not is_alone:
        return "none"
    names = tuple(GROOVES) if is_alone and "none" in band.grooves else band.grooves
    is_four = (score.beats_per_bar, score.division) == (4, 2)
    if names != ("none",) and (not is_four or rng.random() < 0.35 * band.crowd):
        names = tuple(GROOVES)
    fitting = [n for n in names if n == "none" or _fits(GROOVES[n], score)]
    if score.division == 3:
        return pick(rng, fitting or ["none"])
    swung = [n for n in fitting if n != "none" and GROOVES[n].steps == 3]
    if score.sheet.swing >= 0.15 and rng.random() < 0.5:
        if score.beats_per_bar == 4:
            return pick(rng, swung or ["shuffle", "swing"])
        return pick(rng, fitting or ["none"])
    return pick(rng, [n for n in fitting if n not in swung] or ["none"])


def _fits(groove: Groove, score: Score) -> bool:
    return (groove.beats, groove.division) == (score.beats_per_bar, score.division)


def _draw_voice(score: Score, rng: np.random.Generator, band: Band, hints: Hints) -> str | None:
    is_sung = rng.random() < band.voice or hints.sounds.get("lead") == "voice"
    if hints.has_voice:
        return hints.voice
    if not is_sung:
        return None
    return "male" if score.tune_midi + rng.normal(0, 2) < 60.5 else "female"


class _Casting:
    """Collects the players of a song."""

    def __init__(
        self, score: Score, rng: np.random.Generator, band: Band, voice: str | None, hints: Hints
    ):
        self.score = score
        self.rng = rng
        self.band = band
        self.voice = voice
        self.hints = hints
        self.density = 1.0  # how many join, against other songs
        self.players: dict[str, Player] = {}

    def draw_kind(self) -> str:
        return "synth" if self.rng.random() < self.band.synth else "soundfont"

    def joins(self, part: str, usual: float) -> bool:
        """Whether a part plays: `usual` is its probability in bands that do not list it."""
        if part in self.hints.sounds:
            return True
        return self.rng.random() < self.density * self.band.extras.get(part, usual)

    def add_tune(self) -> None:
        """The lead, or two leads that take turns by sections."""
        score, rng = self.score, self.rng
        sung = sorted({score.section_at(note.start) for note in score.sheet.notes})
        takes_turns = rng.random() < 0.2 and len(sung) > 1
        shares = [sung[0::2], sung[1::2]] if takes_turns else [sung]
        for name, sections in zip(TUNE, shares, strict=False):
            is_sung = self.voice and (name == "lead" or rng.random() < 0.7)
            kind = "voice" if is_sung else self.draw_kind()
            events = lines.tune_line(score, rng, frozenset(sections), played=kind != "voice")
            self.players[name] = Player(events, pick(rng, PROGRAMS["lead"]), kind, is_mono=True)

    def add_band(self, groove_name: str) -> None:
        """Everyone but the tune."""
        self.density = self.rng.uniform(0.5, 1.5) * self.band.crowd
        self.add_rhythm_section(groove_name)
        if self.band.chords or "chords" in self.hints.sounds:
            self.add_chords()
        self.add_companions()

    def add_rhythm_section(self, groove_name: str) -> None:
        """Drums and bass."""
        score, rng, band = self.score, self.rng, self.band
        if groove_name != "none":
            groove = GROOVES[groove_name]
            kind = "drumsynth" if rng.random() < groove.synth else "soundfont"
            kit = pick(rng, groove.kits if rng.random() < LIKE_THE_BAND else KITS)

            def drums(piece: Score) -> list[Event]:
                return drum_part(piece, rng, self.groove_for(piece, groove))

            self.players["drums"] = Player(score.in_each_metre(drums), kit, kind)
        if "bass" in self.hints.sounds or rng.random() < band.bass:
            basses = band.basses if rng.random() < LIKE_THE_BAND else PROGRAMS["bass"]
            program = pick(rng, basses)
            styles = band.lines or BASS_LINES
            events = score.in_each_metre(partial(bass_line, rng=rng, styles=styles))
            self.players["bass"] = Player(events, program, self.draw_kind(), is_mono=True)

    def groove_for(self, piece: Score, usual: Groove) -> Groove:
        """The song's groove, or in another metre one that fits it."""
        fitting = [groove for groove in GROOVES.values() if _fits(groove, piece)]
        return usual if _fits(usual, piece) or not fitting else pick(self.rng, fitting)

    def add_chords(self) -> None:
        """The main chords, at times by two guitars, and further layers of chords."""
        rng = self.rng
        comps = self.band.comps if rng.random() < LIKE_THE_BAND else tuple(COMPS)
        # the main chords hardly ever rest: they carry the harmony
        main_threshold = -1.0 if rng.random() < 0.9 else 0.3
        thresholds = {
            "chords": main_threshold,
            "chords2": rng.uniform(0.3, 0.8),
            "pad": rng.uniform(0, 0.7),
            "arpeggio": rng.uniform(0, 0.8),
        }
        for name, threshold in thresholds.items():
            if name != "chords" and not self.joins(name, usual=0.06):
                continue
            way = name
            if name not in COMPS:
                way = pick(rng, comps if name == "chords" else tuple(COMPS))
            comp = COMPS[way]
            events = self.write_chords(comp, threshold)
            player = Player(events, pick(rng, comp.programs), self.draw_kind())
            self.players[name] = player
            if name == "chords" and way in GUITARS and rng.random() < DOUBLED:
                if rng.random() >= 0.7:  # the same part on another guitar
                    player = replace(player, program=pick(rng, comp.programs))
                self.players["chords3"] = player

    def write_chords(self, comp: Comp, threshold: float) -> list[Event]:
        write = partial(chord_part, rng=self.rng, comp=comp, threshold=threshold)
        return self.score.in_each_metre(write)

    def add_companions(self) -> None:
        """Lines beside the tune, and all remaining parts of a band."""
        score, rng = self.score, self.rng
        leads = [self.players[name] for name in TUNE if name in self.players]
        tune = sorted(event for player in leads for event in player.events)
        way = pick(rng, ("thirds", "thirds", "sixths", "octave", "chord"))

        def second(score: Score, rng: np.random.Generator) -> list[Event]:
            return lines.second_voice(score, rng, tune, way)

        def double(score: Score, rng: np.random.Generator) -> list[Event]:
            return lines.second_voice(score, rng, tune, pick(rng, ("unison", "unison", "octave")))

        # these follow the tune through the whole song
        companions = {**COMPANIONS, "second": second, "double": double}
        for name, play in companions.items():
            if name == "rap" and not self.voice:
                continue
            if self.joins(name, USUAL.get(name, RARE)):
                if name in COMPANIONS:
                    events = score.in_each_metre(partial(play, rng=rng))
                else:
                    events = play(score, rng)
                program = pick(rng, PROGRAMS[name])
                kind = self.draw_companion_kind(name)
                is_mono = name in MONO or kind in ("voice", "rap")
                self.players[name] = Player(events, program, kind, is_mono)
        if "backing" in self.hints.sounds or rng.random() < self.band.extras.get("backing", 0.05):
            self.add_backing()

    def draw_companion_kind(self, name: str) -> str:
        if name == "rap":
            return "rap"
        if self.voice and self.rng.random() < SUNG.get(name, 0.0):
            return "voice"
        if name == "percussion":
            return "drumsynth" if self.rng.random() < 0.3 else "soundfont"
        return "soundfont" if name == "fx" else self.draw_kind()

    def add_backing(self) -> None:
        """Backing voices: two singers, or a choir of the soundfont."""
        voices = [
            self.score.in_each_metre(partial(lines.backing_voice, rng=self.rng, voice=k))
            for k in range(3)
        ]
        if self.voice and self.rng.random() < 0.35:
            for k, events in enumerate(voices[:2], 1):
                self.players[f"backing{k}"] = Player(events, 52, "voice", is_mono=True)
        else:
            events = [event for voice in voices for event in voice]
            self.players["backing"] = Player(events, pick(self.rng, PROGRAMS["backing"]))

    def settled(self) -> dict[str, Player]:
        """Players with notes to play, with the song's breaks and the hinted sounds."""
        players, chords = dict(self.players), self.players.get("chords")
        if (
            chords and self.voice is None and self.rng.random() < 0.15
        ):  # one player for both, as on a piano
            players["lead"] = replace(players["lead"], program=chords.program, kind=chords.kind)
        breaks = draw_breaks(self.score, self.rng)
        drums_alone = [(c.start, c.end) for c in self.score.sheet.chords if c.silent]
        for name, player in players.items():
            events = player.events
            if name not in TUNE_SIDE_DB and name != "fx":
                events = without_spans(events, breaks)
            if name not in ("drums", "percussion"):
                events = without_spans(events, drums_alone)
            players[name] = self.hinted(name, replace(player, events=events))
        return {name: player for name, player in players.items() if player.events}

    def hinted(self, name: str, player: Player) -> Player:
        sound = self.hints.sounds.get(name)
        if sound is None:
            return player
        if isinstance(sound, int):
            return replace(player, program=sound, kind="soundfont")
        return replace(player, kind=sound)
