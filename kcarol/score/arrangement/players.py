"""Who plays a carol, in the order of a score, and on which staves each part is written."""

from __future__ import annotations

from dataclasses import dataclass

from kcarol.model.instruments import SLEIGH_BELLS
from kcarol.score.musicxml.elements import BASS, TENOR, TREBLE, Clef

PERCUSSION = Clef("percussion", 2)
LADDER = "x"  # letter of broken chords and bells in changing order, which are no one's voice


@dataclass(frozen=True)
class Staff:
    """Which letters of voices are written on a staff: `upper` with stems up where there are two."""

    clef: Clef
    upper: str
    lower: str = ""
    is_choral: bool = False  # two singers' voices, which are never one chord
    is_high: bool = False  # read octaves lower than it sounds, as bells are
    may_be_treble: bool = False  # where most of its notes lie high


@dataclass(frozen=True)
class Player:
    """One part of the score."""

    name: str
    short: str
    instruments: tuple[str, ...]  # of `kcarol.model.instruments`
    staves: tuple[Staff, ...]
    letters: str = ""  # of the voices that are this player's; none: all that are left
    is_detached: bool | None = None  # only lines that are played short, or never those
    is_split: bool = False  # between two staves by pitch, not by voices
    written_above: int = 0  # semitones above what sounds, of a transposing instrument
    steps_above: int = 0  # the same as an interval: 1 a second, 4 a fifth
    family: str = ""

    @property
    def is_percussion(self) -> bool:
        return self.staves[0].clef == PERCUSSION


OCTAVE_BELOW = "o"  # letter of the tune where it is doubled an octave lower
TUNE = "srkuo"  # the tune, and where it rests the harmony's highest voice
CLOSED_SCORE = (
    Staff(TREBLE, TUNE + "e", "ac", is_choral=True),
    Staff(BASS, "t" + LADDER, "b", is_choral=True),
)
TWO_STAVES = (Staff(TREBLE, TUNE, "acde"), Staff(BASS, "t" + LADDER, "b", may_be_treble=True))
ONE_STAFF = (Staff(TREBLE, TUNE + "at" + LADDER, "cdeb"),)
BELLS = (Staff(TREBLE, TUNE + LADDER + "atcde", "b", is_high=True),)
GRAND = (Staff(TREBLE, TUNE + LADDER + "cde"), Staff(BASS, "atb"))
SINGERS = ("oohs", "choir")

PLAYERS = (
    Player("Choir", "Ch.", SINGERS, CLOSED_SCORE, "srkouatbcex", False, family="choir"),
    Player("Descant", "D.", SINGERS, (Staff(TREBLE, "d"),), is_detached=False, family="choir"),
    Player("Choir II", "Ch. II", SINGERS, TWO_STAVES, is_detached=True, family="choir"),
    Player("Flute", "Fl.", ("flute",), ONE_STAFF, family="woodwind"),
    Player("Oboe", "Ob.", ("oboe",), ONE_STAFF, family="woodwind"),
    Player(
        "Clarinet in B♭",
        "Cl.",
        ("clarinet",),
        ONE_STAFF,
        written_above=2,
        steps_above=1,
        family="woodwind",
    ),
    Player(
        "Horn I in F",
        "Hn. I",
        ("horn",),
        (Staff(TREBLE, "srko", "c"),),
        "srkoc",
        written_above=7,
        steps_above=4,
        family="brass",
    ),
    Player(
        "Horns II–IV in F",
        "Hn. II",
        ("horn",),
        (Staff(TREBLE, "uat" + LADDER, "b"),),
        written_above=7,
        steps_above=4,
        family="brass",
    ),
    Player(
        "Trumpets in B♭",
        "Tpt.",
        ("trumpet",),
        (Staff(TREBLE, TUNE + "at" + LADDER, "dceb"),),
        written_above=2,
        steps_above=1,
        family="brass",
    ),
    Player(
        "Trombones",
        "Tbn.",
        ("trombone",),
        (Staff(BASS, TUNE + "at" + LADDER, "b"),),
        family="brass",
    ),
    Player("Timpani", "Timp.", ("timpani",), (Staff(BASS, TUNE + "atb"),), family="percussion"),
    Player(
        "Sleigh bells", "Sl. b.", (SLEIGH_BELLS,), (Staff(PERCUSSION, LADDER),), family="percussion"
    ),
    Player("Glockenspiel", "Glock.", ("glockenspiel",), BELLS, family="percussion"),
    Player("Vibraphone", "Vib.", ("vibraphone",), BELLS, family="percussion"),
    Player("Tubular bells", "T. b.", ("tubular_bells",), BELLS, family="percussion"),
    Player("Music box", "M. box", ("music_box",), BELLS, family="keyboards"),
    Player("Celesta", "Cel.", ("celesta",), BELLS, family="keyboards"),
    Player("Harp", "Hp.", ("harp",), GRAND, is_split=True, family="harp"),
    Player("Guitar", "Gtr.", ("guitar",), (Staff(TENOR, TUNE + LADDER + "atb"),)),
    Player("Piano", "Pno.", ("piano",), TWO_STAVES, family="keyboards"),
    Player(
        "Organ",
        "Org.",
        ("organ",),
        (
            Staff(TREBLE, TUNE + LADDER, "cde"),
            Staff(BASS, "at", may_be_treble=True),
            Staff(BASS, "b"),
        ),
        "srkuatbcdex",
        is_detached=False,
        family="organ",
    ),
    Player("Organ 16′", "16′", ("organ",), (Staff(TENOR, "o"),), "o", family="organ"),
    Player("Organ II", "Org. II", ("organ",), ONE_STAFF, is_detached=True, family="organ"),
    Player("Violin", "Vln.", ("violin",), (Staff(TREBLE, TUNE, "dce"),), family="strings"),
    Player("Strings", "Str.", ("strings",), TWO_STAVES, family="strings"),
    Player("Pizzicato", "Pizz.", ("pizzicato",), GRAND, is_split=True, family="strings"),
    Player("Cello I", "Vc. I", ("cello",), (Staff(Clef("C", 4), TUNE),), TUNE, family="strings"),
    Player("Cello II", "Vc. II", ("cello",), (Staff(BASS, "cat" + LADDER, "b"),), family="strings"),
)
