"""Which player plays what, and on which staff and in which voice it is written."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from kcarol.model.instruments import Instrument
from kcarol.score.arrangement.lines import TUNES, Line, WrittenNote
from kcarol.score.arrangement.players import PLAYERS, Player
from kcarol.score.musicxml.elements import ticks
from kcarol.score.notated import Bar

MIDDLE_C = 60
# MIDI: bars whose notes are all as high, or as low, are on one of two staves
TREBLE_LOWEST, BASS_HIGHEST = 55, 65
SUSTAINING = ("piano",)  # of what rings, what is written as long as it sounds

Voice = tuple[WrittenNote, ...]


@dataclass(frozen=True)
class Playing:
    """What one player has to play."""

    player: Player
    instrument: Instrument
    staves: tuple[tuple[Voice, Voice], ...]  # notes of the upper and lower voice of each staff

    @property
    def notes(self) -> Iterator[WrittenNote]:
        return (note for staff in self.staves for voice in staff for note in voice)

    @property
    def is_struck(self) -> bool:
        """Whether notes decay: they are written without ties."""
        return self.instrument.rings and self.instrument.name not in SUSTAINING


def playing_of(lines: Sequence[Line], bars: Sequence[Bar]) -> list[Playing]:
    """Those who play in the order of a score, but the family that has the tune first; staves on
    which nothing is ever written are left out.
    """
    left = [(line, note) for line in lines for note in line.notes]
    playing = []
    for player in PLAYERS:
        taken = [item for item in left if _plays(player, *item)]
        left = [item for item in left if not _plays(player, *item)]
        if taken:
            playing.append(_playing(player, taken, bars))
    assert not left, "a line that nobody plays"
    if not playing:
        return []
    leading = max(playing, key=_n_tune_notes).player.family
    return sorted(playing, key=lambda one: one.player.family != leading)


def _n_tune_notes(playing: Playing) -> int:
    return sum(note.letter in TUNES for note in playing.notes)


def _plays(player: Player, line: Line, note: WrittenNote) -> bool:
    return (
        line.instrument.name in player.instruments
        and (not player.letters or note.letter in player.letters)
        and player.is_detached in (None, line.is_detached)
    )


def _playing(
    player: Player, taken: Sequence[tuple[Line, WrittenNote]], bars: Sequence[Bar]
) -> Playing:
    instruments = [line.instrument for line, _ in taken]
    instrument = max(set(instruments), key=lambda one: (instruments.count(one), one.name))
    notes = [note for _, note in taken]
    numbers = _by_pitch(notes, bars) if player.is_split else [_staff(player, n) for n in notes]
    voices: dict[tuple[int, int], list[WrittenNote]] = defaultdict(list)
    for number, note in zip(numbers, notes, strict=True):
        is_lower = note.letter in player.staves[number].lower
        voices[number, int(is_lower)].append(note)
    written = {place: _voice(some, instrument.rings) for place, some in voices.items()}
    if player.staves[0].is_choral:
        written = _met_in_unison(written)
    else:
        written = _struck_once(written)
        if instrument.rings:
            written = {place: _let_go_together(voice) for place, voice in written.items()}
    used = sorted({number for number, _ in written})
    return Playing(
        replace(player, staves=tuple(player.staves[number] for number in used)),
        instrument,
        tuple((written.get((number, 0), ()), written.get((number, 1), ())) for number in used),
    )


def _staff(player: Player, note: WrittenNote) -> int:
    """Number of the staff that has a note's voice."""
    for number, staff in enumerate(player.staves):
        if note.letter in staff.upper + staff.lower:
            return number
    return 0


def _by_pitch(notes: Sequence[WrittenNote], bars: Sequence[Bar]) -> list[int]:
    """Numbers of the staves, treble and bass, of notes: a bar's are together where they can be."""
    starts = [ticks(bar.start) for bar in bars]
    numbers = [bisect_right(starts, note.start) for note in notes]
    in_bar: dict[int, list[WrittenNote]] = defaultdict(list)
    for number, note in zip(numbers, notes, strict=True):
        in_bar[number].append(note)
    lowest = {number: _divide(some) for number, some in in_bar.items()}
    return [int(note.pitch < lowest[number]) for number, note in zip(numbers, notes, strict=True)]


def _divide(notes: Sequence[WrittenNote]) -> int:
    """The lowest pitch of a bar that is written on the upper of two staves."""
    pitches = [note.pitch for note in notes]
    has_chords = len({note.start for note in notes}) < len(notes)
    if has_chords or TREBLE_LOWEST > min(pitches) and max(pitches) > BASS_HIGHEST:
        return MIDDLE_C
    return TREBLE_LOWEST if min(pitches) >= TREBLE_LOWEST else max(pitches) + 1


def _voice(notes: Sequence[WrittenNote], rings: bool) -> Voice:
    """Notes of one voice, sorted; what rings ends on paper where the next note begins, and chords
    end together.
    """
    by_place = {(n.start, n.pitch): n for n in sorted(notes, key=lambda n: (n.end, n.velocity))}
    kept = sorted(by_place.values(), key=lambda n: (n.start, n.pitch))
    if rings:
        onsets = sorted({note.start for note in kept})
        following = dict(zip(onsets, onsets[1:], strict=False))
        longest: dict[int, int] = {}
        for note in kept:
            longest[note.start] = max(note.end, longest.get(note.start, note.end))
        kept = [
            replace(n, end=min(longest[n.start], following.get(n.start, longest[n.start])))
            for n in kept
        ]
    return _without_overlaps(kept)


def _without_overlaps(notes: Sequence[WrittenNote]) -> Voice:
    """A key ends before it is struck again."""
    next_start: dict[int, int] = {}
    out = []
    for note in reversed(notes):
        out.append(replace(note, end=min(note.end, next_start.get(note.pitch, note.end))))
        next_start[note.pitch] = note.start
    return tuple(reversed(out))


def _met_in_unison(voices: dict[tuple[int, int], Voice]) -> dict[tuple[int, int], Voice]:
    """Voices of a choir: one that holds a pitch sings it anew with another that takes it up. A note
    struck within a held unison is hard to read, and neither listeners nor MIDI's keys tell it.
    """
    starts: dict[int, set[int]] = defaultdict(set)
    for voice in voices.values():
        for note in voice:
            starts[note.pitch].add(note.start)
    return {
        place: tuple(
            sorted(
                (piece for note in voice for piece in _sung_anew(note, starts[note.pitch])),
                key=lambda piece: (piece.start, piece.pitch),
            )
        )
        for place, voice in voices.items()
    }


def _sung_anew(note: WrittenNote, starts: set[int]) -> Iterator[WrittenNote]:
    """A note that begins again at starts within it."""
    within = {start for start in starts if note.start < start < note.end}
    for start, end in pairwise(sorted({note.start, note.end} | within)):
        yield replace(note, start=start, end=end)


def _struck_once(voices: dict[tuple[int, int], Voice]) -> dict[tuple[int, int], Voice]:
    """Voices of one instrument, which has each key once: of two that strike it together the higher
    staff's does, and one that holds it lets go, or out of a chord leaves it to the other, if it
    would hold it for less than half of its time.
    """
    placed = sorted(
        ((note, place) for place, voice in voices.items() for note in voice),
        key=lambda item: (item[0].start, item[0].pitch, item[1]),
    )
    seen: set[tuple[int, int]] = set()
    once = []
    for note, place in placed:
        if (note.start, note.pitch) not in seen:
            seen.add((note.start, note.pitch))
            once.append((note, place))
    cut = _without_overlaps([note for note, _ in once])
    out: dict[tuple[int, int], list[WrittenNote]] = defaultdict(list)
    for note, (whole, place) in zip(cut, once, strict=True):
        is_brief = 2 * (note.end - note.start) < whole.end - whole.start
        if not (is_brief and _is_in_chord(whole, voices[place])):
            out[place].append(note)
    return {place: tuple(voice) for place, voice in out.items()}


def _is_in_chord(note: WrittenNote, voice: Voice) -> bool:
    return any(other.start == note.start and other.pitch != note.pitch for other in voice)


def _let_go_together(voice: Voice) -> Voice:
    """Chords of one length."""
    ends: dict[int, int] = {}
    for note in voice:
        ends[note.start] = min(note.end, ends.get(note.start, note.end))
    return tuple(replace(note, end=ends[note.start]) for note in voice)
