"""Public-domain carols and folk tunes, written as text: melodies from before 1900, chords set by
this project.

The notation is a small part of ABC: `C` to `B` from middle C, `c` to `b` an octave higher, `,` and
`'` an octave down and up; `^ _ =` sharp, flat, natural before a note (for that note only), `z` a
rest; then the length in beats: `2`, `3/2`, `/` for a half, `//` for a quarter; `-` ties. `|` ends a
bar, `"Am7"` is a chord until the next, `[chorus .8]` begins a section of that energy. A pickup is
the end of a first bar full of rests.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

from kcarol.corpus.lead_sheet.harmony import LETTERS, parse_chord
from kcarol.transcription.lead_sheet import Chord, LeadSheet, Note, Section

_TOKEN = re.compile(
    r'"(?P<chord>[^"]+)"|\[(?P<section>\w+) (?P<energy>[\d.]+)\]|(?P<bar>\|)|'
    r"(?P<sign>\^|_|=)?(?P<letter>[A-Ga-gz])(?P<octave>[,']*)(?P<length>\d*/*\d*)(?P<tie>-)?|(?P<bad>\S)"
)
SHARPS = {
    "C": 0,
    "G": 1,
    "D": 2,
    "A": 3,
    "E": 4,
    "B": 5,
    "F": -1,
    "Bb": -2,
    "Eb": -3,
    "Ab": -4,
    "Db": -5,
}
_SHARP_ORDER = "FCGDAEB"


@dataclass(frozen=True)
class _Text:
    key: str  # "G", "Em"
    beats_per_bar: int
    tempo_bpm: float
    text: str


def _signature(key: str) -> dict[str, int]:
    """Accidental of each letter in a key."""
    major = key
    if key.endswith("m"):
        relative = (parse_chord(key[:-1]).root + 3) % 12
        major = next(name for name in SHARPS if parse_chord(name).root == relative)
    n = SHARPS[major]
    return (
        {letter: 1 for letter in _SHARP_ORDER[:n]}
        if n > 0
        else {letter: -1 for letter in _SHARP_ORDER[7 + n :]}
    )


def _length(text: str) -> float:
    """Beats of "", "2", "3/2", "/", "//", "3/"."""
    if "/" not in text:
        return float(text or 1)
    top, _, bottom = text.partition("/")
    return float(top or 1) / (float(bottom) if bottom.isdigit() else 2.0 ** (1 + bottom.count("/")))


def read_tune(title: str, key: str, beats_per_bar: int, tempo_bpm: float, text: str) -> LeadSheet:
    """Lead sheet of a tune in the notation of this module.

    Raises ValueError, with title and bar, where a bar is not full or a sign is unknown.
    """
    signature = _signature(key)
    notes: list[Note] = []
    chords: list[tuple[float, str]] = []
    sections: list[tuple[float, str, float]] = []
    at, tied, n_bars = 0.0, False, 0
    for token in _TOKEN.finditer(text):
        if token["bad"]:
            raise ValueError(
                f"{title}: expected notes, chords or bars, found {token['bad']!r} in bar {n_bars + 1}"
            )
        if token["bar"]:
            n_bars += 1
            if abs(at - n_bars * beats_per_bar) > 1e-6:
                filled = at - (n_bars - 1) * beats_per_bar
                raise ValueError(
                    f"{title}: expected {beats_per_bar} beats in bar {n_bars}, found {filled:g}: fill it"
                )
        elif token["chord"]:
            chords.append((at, token["chord"]))
        elif token["section"]:
            sections.append((at, token["section"], float(token["energy"])))
        else:
            length = _length(token["length"])
            if token["letter"] != "z":
                note = Note(at, length, _pitch(token, signature))
                if tied:
                    held = notes.pop()
                    note = Note(held.start, held.length + length, held.pitch)
                notes.append(note)
            tied = bool(token["tie"])
            at += length
    return _sheet(
        title, key, beats_per_bar, tempo_bpm, notes, chords, sections, n_bars * beats_per_bar
    )


def _pitch(token: re.Match, signature: dict[str, int]) -> int:
    letter = token["letter"].upper()
    signs = {"^": 1, "_": -1, "=": 0}
    accidental = signs[token["sign"]] if token["sign"] else signature.get(letter, 0)
    octave = (12 if token["letter"].islower() else 0) + 12 * (
        token["octave"].count("'") - token["octave"].count(",")
    )
    return 60 + LETTERS[letter] + accidental + octave


def _sheet(
    title, key, beats_per_bar, tempo_bpm, notes, chord_marks, section_marks, n_beats
) -> LeadSheet:
    chords: list[Chord] = []
    ends = [start for start, _ in chord_marks[1:]] + [n_beats]
    for (start, name), end in zip(chord_marks, ends, strict=True):
        begin = 0.0 if not chords else start
        chords.append(parse_chord(name, begin, end - begin))
    section_marks = section_marks or [(0.0, "verse", 0.55)]
    ends = [start for start, _, _ in section_marks[1:]] + [n_beats]
    sections = tuple(
        Section(name, start, end - start, energy, any(start <= n.start < end for n in notes))
        for (start, name, energy), end in zip(section_marks, ends, strict=True)
    )
    mode = "minor" if key.endswith("m") else "major"
    accents = (
        (1.0, 0.3, 0.6, 0.3, 0.9, 0.3, 0.6, 0.3)
        if beats_per_bar == 4
        else (1.0, 0.2, 0.6, 0.2, 0.6, 0.2)
    )
    tonic = parse_chord(key.removesuffix("m")).root
    return LeadSheet(
        title,
        tempo_bpm,
        beats_per_bar,
        tonic,
        mode,
        tuple(notes),
        tuple(chords),
        sections,
        0.0,
        accents,
    )


_TEXTS: dict[str, _Text] = {
    "Jingle Bells": _Text(
        "G",
        4,
        110,
        """
        [verse .55] "G"D B A G | D3 D/D/ | D B A G | "C"E4 | "Am"E c B A | "D7"F4 | "D7"d d c A | "G"B4 |
        D B A G | D4 | D B A G | "C"E3 E | "Am"E c B A | "D7"d d d d | e d c A | "G"G2 d2 |
        [chorus .9] "G"B B B2 | B B B2 | B d G3/2 A/ | B4 | "C"c c c3/2 c/ | "G"c B B B/B/ | "A7"B A A B | "D7"A2 d2 |
        "G"B B B2 | B B B2 | B d G3/2 A/ | B4 | "C"c c c3/2 c/ | "G"c B B B/B/ | "D7"d d c A | "G"G4 |""",
    ),
    "Deck the Halls": _Text(
        "F",
        4,
        132,
        """
        [verse .7] "F"c3/2 B/ A G | F G A F | "C7"G/A/B/G/ "F"A3/2 G/ | "C7"F E "F"F2 |
        c3/2 B/ A G | F G A F | "C7"G/A/B/G/ "F"A3/2 G/ | "C7"F E "F"F2 |
        "C"G3/2 A/ B G | "F"A3/2 B/ c G | "F"A/=B/ c "Dm"d/=e/ f | "C"e "G7"d "C"c2 |
        [chorus .85] "F"c3/2 B/ A G | F G A F | "Bb"d/d/d/d/ "F"c3/2 B/ | "C7"A G "F"F2 |""",
    ),
    "Silent Night": _Text(
        "C",
        3,
        92,
        """
        [verse .35] "C"G3/2 A/ G | E3 | G3/2 A/ G | E3 | "G7"d2 d | B3 | "C"c2 c | G3 |
        "F"A2 A | c3/2 B/ A | "C"G3/2 A/ G | E3 | "F"A2 A | c3/2 B/ A | "C"G3/2 A/ G | E3 |
        [chorus .55] "G7"d2 d | f3/2 d/ B | "C"c3 | e3 | "C"c G E | "G7"G3/2 F/ D | "C"C3 | C3 |""",
    ),
    "O Come, All Ye Faithful": _Text(
        "G",
        4,
        104,
        """
        [verse .55] "G"z3 G | "G"G2 D G | "D"A2 D2 | "G"B A "C"B c | "G"B2 "D"A G | "Em"G2 "D"F E | "D"F G "G/B"A B |
        "D"F2 "A7"E3/2 D/ | "D"D3 z | "G"d2 "D"c B | "C"c2 "G"B2 | "D"A "G"B "D"A "G"G | "D"F3/2 E/ D G |
        [chorus .85] "G"G F G A | G2 D B | B A B c | "D"B2 A B | "D7"c "G"B "D"A "Em"G | "D"F2 "G"G "C"c |
        "G/D"B2 "D7"A3/2 G/ | "G"G3 z |""",
    ),
    "Joy to the World": _Text(
        "D",
        4,
        120,
        """
        [verse .8] "D"d2 c3/2 B/ | A3 G | "D/A"F2 "A7"E2 | "D"D3 A | "G"B3 B | "A"c3 c | "D"d3 d | d c B A |
        A3/2 G/ F d | d c B A | A3/2 G/ F F | [chorus .95] F F F F/G/ | A3 G/F/ | "A7"E E E E/F/ | G3 F/E/ |
        "D"D d2 B | A3/2 G/ "D/F#"F "G"G | "D/A"F2 "A7"E2 | "D"D4 |""",
    ),
    "The First Noel": _Text(
        "D",
        3,
        100,
        """
        [verse .5] "D"z2 F/E/ | "D"D3/2 E/ F/G/ | "A"A2 B/c/ | "G"d c B | "D"A2 B/c/ | "G"d c B | "D"A "G"B "A"c |
        "D"d "A"A "A7"G | "D"F2 F/E/ | "D"D3/2 E/ F/G/ | "A"A2 B/c/ | "G"d c B | "D"A2 B/c/ | "G"d c B |
        "D"A "G"B "A"c | "D"d "A"A "A7"G | "D"F2 F/E/ | [chorus .8] "D"D3/2 E/ F/G/ | "A"A2 d/c/ | "G"B2 B | "D"A3 |
        "Bm"d c B | "D"A "G"B "A"c | "D"d "A"A "A7"G | "D"F3 |""",
    ),
    "Good King Wenceslas": _Text(
        "G",
        4,
        132,
        """
        [verse .6] "G"G G G A | "G"G G "D"D2 | "C"E D "Am"E "D7"F | "G"G2 G2 | G G G A | G G "D"D2 |
        "C"E D "Am"E "D7"F |
        "G"G2 G2 | "G"d "D"c "G"B "D"A | "Em"B A "G"G2 | "C"E D "Am"E "D7"F | "G"G2 G2 | "G"D D "C"E "D"F |
        "Em"G G "D"A2 | "G"d "D"c "G"B "D"A | "Em"G2 "C"c2 | "G"G4 |""",
    ),
    "We Wish You a Merry Christmas": _Text(
        "G",
        3,
        150,
        """
        [verse .75] "G"z2 D | "G"G G/A/G/F/ | "C"E E E | "A7"A A/B/A/G/ | "D"F D D | "B7"B B/c/B/A/ | "Em"G E D/D/ |
        "C"E "D7"A F | "G"G2 D | [chorus .6] "G"G G G | "D"F2 F | "A7"G F E | "D"D2 A | "Em"B A G | "D"d D D/D/ |
        "C"E "D7"A F | "G"G2 z |""",
    ),
    "Hark! The Herald Angels Sing": _Text(
        "F",
        4,
        120,
        """
        [verse .7] "F"C F F3/2 E/ | "F"F A "C"A G | "F"c c c3/2 "Bb"B/ | "F"A "C"G "F"A2 | "F"C F F3/2 E/ | F A A G |
        "C"c G "G7"G3/2 E/ | "C"E "G7"D "C"C2 | "F"c c c F | "Bb"B "F"A "C"A G | "F"c c c F | "Bb"B "F"A "C"A G |
        [chorus .95] "Bb"d d d "A7"c | "Gm"B "D"A "Gm"B2 | "C7"G A/B/ "F"c3/2 F/ | "F"F "C"G "F"A2 |
        "Bb"d3/2 d/ d "A7"c |
        "Gm"B "D"A "Gm"B2 | "C7"G A/B/ "F"c3/2 F/ | "Bb"F "C7"G "F"F2 |""",
    ),
    "God Rest Ye Merry, Gentlemen": _Text(
        "Em",
        4,
        126,
        """
        [verse .6] "Em"z3 E | "Em"E B B A | G F E D | "C"E F "G"G "A"A | "B"B3 E | "Em"E B B A | G F E D |
        "C"E F "G"G "A"A | "B"B3 B | "Am"c A B c | "G"d "C"e "B"B A | "Em"G E "D"F G | "Am"A2 "D"G A |
        [chorus .8] "G"B2 c B | "B7"B A G F | "Em"E2 G/F/ E | "Am"A2 "D"G A | "G"B c "D"d "C"e | "B7"B A G F |
        "Em"E4 |""",
    ),
    "O Christmas Tree": _Text(
        "F",
        3,
        104,
        """
        [verse .5] "F"z2 C | "F"F3/4F// F G | A3/4A// A3/2 A/ | "C7"G/A/ B E | "F"G F C | F3/4F// F G |
        A3/4A// A3/2 A/ | "C7"G/A/ B E | "F"G F3/2 c/ | [chorus .75] "F"c/A/ d3/2 c/ | "C7"c/B/ B3/2 B/ |
        "C7"B/G/ c3/2 B/ | "F"B/A/ A C | F3/4F// F G | "D7"A3/4A// A3/2 A/ | "Gm"G/A/ "C7"B E | "F"G F z |""",
    ),
    "Away in a Manger": _Text(
        "F",
        3,
        96,
        """
        [verse .35] "F"z2 c | "F"c3/2 B/ A | A3/2 G/ F | "Bb"F E D | "F"C2 C | "C7"C3/2 D/ C | C G E | "F"D C F | A2 c |
        c3/2 B/ A | A3/2 G/ F | "Bb"F E D | "F"C2 C | "C7"B3/2 A/ G | "F"A G F | "Gm"G "C7"D E | "F"F2 z |""",
    ),
    "What Child Is This": _Text(
        "Em",
        3,
        150,
        """
        [verse .45] "Em"z2 E | "Em"G2 A | B3/2 ^c/ B | "D"A2 F | D3/2 E/ F | "Em"G2 E | E3/2 ^D/ E | "B7"F2 ^D | B,2 E |
        "Em"G2 A | B3/2 ^c/ B | "D"A2 F | D3/2 E/ F | "Em"G3/2 F/ E | "B7"^D3/2 ^C/ ^D | "Em"E3 | E3 |
        [chorus .75] "G"d3 | d3/2 ^c/ B | "D"A2 F | D3/2 E/ F | "Em"G2 E | E3/2 ^D/ E | "B7"F2 ^D | B,3 |
        "G"d3 | d3/2 ^c/ B | "D"A2 F | D3/2 E/ F | "Em"G3/2 F/ E | "B7"^D3/2 ^C/ ^D | "Em"E3 | E2 z |""",
    ),
    "Angels We Have Heard on High": _Text(
        "F",
        4,
        116,
        """
        [verse .6] "F"A A A c | "C7"c3/2 B/ "F"A2 | A G A c | "C7"A3/2 G/ "F"F2 | A A A c | "C7"c3/2 B/ "F"A2 |
        A G A c |
        "C7"A3/2 G/ "F"F2 | [chorus .9] "F"c2 "Dm"d/c/B/A/ | "Gm"B2 "C"c/B/A/G/ | "F"A2 "Dm"B/A/G/F/ | "C"G3/2 C/ C2 |
        "F"F "C"G "F"A "Bb"B | "F"A2 "C"G2 | "F"c2 "Dm"d/c/B/A/ | "Gm"B2 "C"c/B/A/G/ | "F"A2 "Dm"B/A/G/F/ |
        "C"G3/2 C/ C2 | "F"F "C"G "F"A "Bb"B | "F"A2 "C7"G2 | "F"F4 |""",
    ),
    "O Little Town of Bethlehem": _Text(
        "G",
        4,
        92,
        """
        [verse .4] "G"z3 B | "G"B B ^A B | "C"d c E A | "G/D"G "D7"F/G/ A D | "G"B3 B | "G"B B "E7"e d | "Am"d c E A |
        "G/D"G "D7"F/G/ B3/2 A/ | "G"G3 B | "G"B B "Am"A "Em"G | "B"F2 F F | "Em"E F G "C"A | "B"B3 B |
        "G"B B ^A B | "C"d c E e | "G/D"d G "D7"B3/2 A/ | "G"G3 z |""",
    ),
    "In dulci jubilo": _Text(
        "F",
        3,
        168,
        """
        [verse .6] "F"z2 F | "F"F2 F | A2 B | "F"c2 d | "C"c2 c | "F"F2 F | A2 B | "F"c2 d | "C"c2 z | "F"c2 d |
        "C7"c2 B | "F"A2 "C"G | "Dm"F3 | "Bb"G2 G | "F/C"A2 "C7"G | "F"F2 G | A2 z | "F"c2 d | "C7"c2 B | "F"A2 "C"G |
        "Dm"F2 F | "Bb"G2 G | "F/C"A2 "C7"G | "F"F2 G | A2 z | [chorus .85] "Dm"D2 D | "C"E2 E | "Dm"F3 | "C"c3 |
        "F"A2 "Dm"A | "Bb"G2 "C7"G | "F"F3 | z3 |""",
    ),
    "Coventry Carol": _Text(
        "Gm",
        3,
        96,
        """
        [verse .35] "Gm"G G "D"^F | "Gm"G2 "Eb"B | "F"A/A/ A "Gm"G | "D"^F3 | "Gm"G "F"A "Bb"B | "Cm"c "D"A2 | "G"=B3 |
        "Gm"G G "D"^F | "Gm"G2 "Eb"B | "F"A2 "Gm"G | "D"^F3 | "Gm"G "F"A "Bb"B | "Cm"c "D"A2 | "Gm"G2 "Bb"d |
        [chorus .5] "F"c2 "Gm"B | "Dm"A2 "Gm"B | "F"A2 "Cm"G | "D"^F3 | "Gm"G "D"^F "Gm"G | "Cm"c "D"A2 | "G"=B3 |""",
    ),
    "O Come, O Come, Emmanuel": _Text(
        "Em",
        4,
        96,
        """
        [verse .35] "Em"z3 E | "Em"G B B B | "Am"A c "D"B A | "G"G3 A | "G"B "Em"G E G | "Am"A F "Bm"E D | "Em"E3 A |
        "Am"A E "Em"E "B"F | "Em"G2 "D"F E | "D"D3 "Em"G | "D"A B "G"B B | "Am"A c "D"B A | "G"G3 d |
        [chorus .65] "D"d3 B | "Bm"B3 "Em"B | "Am"A c "D"B A | "Em"G3 A | "G"B "Em"G E G | "Am"A F "B7"E D |
        "Em"E3 z |""",
    ),
    "Pat-a-Pan": _Text(
        "Am",
        4,
        120,
        """
        [verse .55] "Am"z2 A A | "E"e e d e | "Am"c B/c/ "Dm"d "E"B | "Am"e2 c2 | "E"B2 B c | B ^G "Am"A "E"B |
        "Am"c2 "F"A/B/c/d/ | "C"e2 "F"d/e/d/c/ | "G"B2 "Em"B c | "E"B ^G "Am"A "E"B | "Am"c B/c/ "Dm"d "E"c/B/ |
        "Am"e2 "E7"B2 | "Am"A2 z2 |""",
    ),
    "Ding Dong! Merrily on High": _Text(
        "G",
        4,
        144,
        """
        [verse .65] "G"G G "D7"A/G/F/E/ | "G"D3 D | "C"E "G"G "Em"G "D"F | "G"G2 G2 | "G"G G "D7"A/G/F/E/ | "G"D3 D |
        "C"E "G"G "Em"G "D"F | "G"G2 G2 | [chorus .95] "G"d3/2 c/ B/c/ d/B/ | "Am"c3/2 B/ A/B/c/A/ |
        "G"B3/2 A/ G/A/B/G/ |
        "D"A3/2 G/ F/G/A/F/ | "Em"G3/2 F/ E/F/G/E/ | "D"F3/2 E/ D D | "C"E "G"G "D7"G F | "G"G2 G2 |""",
    ),
    "Jolly Old Saint Nicholas": _Text(
        "G",
        4,
        132,
        """
        [verse .55] "G"B B B B | "D"A A A2 | "Em"G G G G | "Bm"B4 | "C"E E E E | "G"D D G2 | "A7"A G A B | "D7"A4 |
        "G"B B B B | "D"A A A2 | "Em"G G G G | "Bm"B4 | "C"E E E E | "G"D D G2 | "D7"A G A B | "G"G4 |""",
    ),
    "Arirang": _Text(
        "G",
        3,
        92,
        """
        [verse .4] "G"D3/2 E/ D/E/ | G3/2 A/ G/A/ | "Em"B A/G/ E | "D"D3/2 E/ D/E/ | "G"G3/2 A/ G/E/ | "D"D3/2 E/ D/E/ |
        "G"G3/2 A/ "D7"G | "G"G3 | [chorus .7] "G"d2 d | "G"d B "D"A | "Em"B A/G/ E | "D"D3/2 E/ D/E/ |
        "G"G3/2 A/ G/E/ | "D"D3/2 E/ D/E/ | "G"G3/2 A/ "D7"G | "G"G3 |""",
    ),
    "Amazing Grace": _Text(
        "G",
        3,
        84,
        """
        [verse .4] "G"z2 D | "G"G2 B/G/ | B2 A | "C"G2 E | "G"D2 D | "G"G2 B/G/ | "Em"B2 A | "D"d3- | d2 B |
        "G"d3/2 B/ d/B/ | G2 D | "C"E3/2 G/ G/E/ | "G"D2 D | "Em"G2 B/G/ | "D7"B2 A | "G"G3- | G2 z |""",
    ),
    "Auld Lang Syne": _Text(
        "F",
        4,
        96,
        """
        [verse .5] "F"z3 C | "F"F3/2 F/ F A | "C7"G3/2 F/ G A | "F"F3/2 F/ A c | "Bb"d3 d | "F"c3/2 A/ A F |
        "C7"G3/2 F/ G A | "Bb"F3/2 D/ "C7"D C | "F"F3 d | [chorus .8] "F"c3/2 A/ A F | "C7"G3/2 F/ G d |
        "F"c3/2 A/ A c | "Bb"d3 d | "F"c3/2 A/ A F | "C7"G3/2 F/ G A | "Bb"F3/2 D/ "C7"D C | "F"F3 z |""",
    ),
    "Scarborough Fair": _Text(
        "Dm",
        3,
        108,
        """
        [verse .4] "Dm"D2 D | "Dm"A2 A | "C"E3/2 F/ E | "Dm"D3 | z A c | "Dm"d2 c | "F"A "G"=B G | "Dm"A3 | z2 d |
        "Dm"d2 d | "F"c2 A | "F"A G F | "C"E C2- | C2 D | "Dm"A2 G | "F"F E D | "C"C3 | "Dm"D3 |""",
    ),
    "Oh Susanna": _Text(
        "G",
        4,
        132,
        """
        [verse .6] "G"z3 G/A/ | "G"B d d3/2 e/ | d B G3/2 A/ | B B A G | "D7"A3 G/A/ | "G"B d d3/2 e/ | d B G3/2 A/ |
        B B "D7"A A | "G"G4 | [chorus .85] "C"c2 c2 | e e2 e | "G"d d B G | "D7"A3 G/A/ | "G"B d d3/2 e/ | d B G3/2 A/ |
        B B "D7"A A | "G"G4 |""",
    ),
    "When the Saints Go Marching In": _Text(
        "C",
        4,
        138,
        """
        [verse .7] "C"z C E F | G4 | z C E F | G4 | z C E F | G2 E2 | C2 E2 | "G7"D4 | "C"z E E D | C3 C | "C7"E G2 G |
        "F"F4 | z2 E F | "C"G2 E2 | "G7"C2 D2 | "C"C4 |""",
    ),
    "My Bonnie": _Text(
        "C",
        3,
        138,
        """
        [verse .5] "C"z2 G | "C"e d c | "F"d c A | "C"G2 E- | E2 G | "C"e d c | "D7"c B c | "G"d3- | d2 G | "C"e d c |
        "F"d c A | "C"G2 E- | E2 G | "F"A d c | "G7"B A B | "C"c3- | c2 z | [chorus .8] "C"G3 | c3 | "F"A3 | d2 c |
        "G7"B2 B | B A B | "C"c2 d | e3 | "C"G3 | c3 | "F"A3 | d2 c | "G7"B2 B | B A B | "C"c3- | c3 |""",
    ),
    "Londonderry Air": _Text(
        "C",
        4,
        76,
        """
        [verse .45] "C"z5/2 B,/ C/D/ | "C"E3/2 D/ E/A/G/E/ | "F"D/C/A,3/2 C/E/F/ | "C"G3/2 A/ G/E/C/E/ |
        "G"D5/2 B,/ C/D/ | "C"E3/2 D/ E/A/G/E/ | "F"D/C/A,3/2 B,/C/D/ | "C/G"E3/2 F/ "G7"E/D/C/D/ |
        "C"C5/2 G/ A/B/ | [chorus .8] "C"c3/2 B/ "F"B/A/G/A/ | "C"G/E/C3/2 G/A/B/ | "Am"c3/2 B/ "F"B/A/G/E/ |
        "G"D5/2 G/ G/G/ | "C"e3/2 d/ "F"d/c/A/c/ | "C"G/E/C3/2 B,/C/D/ | "C/G"E/A/G/E/ "G7"D/C/A,/B,/ | "C"C4 |""",
    ),
    "Frere Jacques": _Text(
        "F",
        4,
        116,
        """
        [verse .5] "F"F G A F | F G A F | A "C7"B "F"c2 | A "C7"B "F"c2 | c/d/c/B/ A F | c/d/c/B/ A F | F "C"C "F"F2 |
        F "C"C "F"F2 |""",
    ),
    "Twinkle Twinkle Little Star": _Text(
        "C",
        4,
        112,
        """
        [verse .45] "C"C C G G | "F"A A "C"G2 | "F"F F "C"E E | "G7"D D "C"C2 | "C"G G "F"F F | "C"E E "G7"D2 |
        "C"G G "F"F F | "C"E E "G7"D2 | "C"C C G G | "F"A A "C"G2 | "F"F F "C"E E | "G7"D D "C"C2 |""",
    ),
    "Ode to Joy": _Text(
        "D",
        4,
        126,
        """
        [verse .6] "D"F F G A | "A"A G F E | "D"D D E F | "A7"F3/2 E/ E2 | "D"F F G A | "A"A G F E | "D"D D E F |
        "A7"E3/2 D/ "D"D2 | [chorus .85] "A"E E "D"F D | "A"E F/G/ "D"F D | "A"E F/G/ "B7"F E | "Em"D E "A"A,2 |
        "D"F F G A | "A"A G F E | "D"D D E F | "A7"E3/2 D/ "D"D2 |""",
    ),
    "Sur le pont d'Avignon": _Text(
        "F",
        4,
        132,
        """
        [chorus .7] "F"F F F2 | "C7"G G G2 | "F"A B c F | "C7"E F G C | "F"F F F2 | "C7"G G G2 | "F"A B c F |
        "C7"G E "F"F2 |""",
    ),
    "London Bridge": _Text(
        "G",
        4,
        126,
        """
        [verse .6] "G"d3/2 e/ d c | B c d2 | "D7"A B c2 | "G"B c d2 | d3/2 e/ d c | B c d2 | "D7"A2 d2 |
        "G"B G2 z |""",
    ),
    "Yankee Doodle": _Text(
        "G",
        4,
        144,
        """
        [verse .65] "G"G G A B | G B A "D"D | "G"G G A B | G2 "D"F2 | "G"G G A B | "C"c B A G | "D"F D E F | "G"G2 G2 |
        [chorus .8] "C"E3/2 F/ E D | E F G2 | "G"D3/2 E/ D C | B,2 D2 | "C"E3/2 F/ E D | E F G E | "D7"D G F A |
        "G"G2 G2 |""",
    ),
    "Brahms' Lullaby": _Text(
        "F",
        3,
        88,
        """
        [verse .3] "F"z2 A/A/ | "F"c3/2 A/ A | c2 A/c/ | "F"f e3/2 d/ | d c G/A/ | "C7"B G G/A/ | B2 G/B/ | e/d/ c e |
        "F"f2 F/F/ | [chorus .5] "Bb"f2 d/B/ | "F"c2 A/F/ | "C7"B c d | "F"c2 F/F/ | "Bb"f2 d/B/ | "F"c2 A/F/ |
        "C7"B A G | "F"F2 z |""",
    ),
    "Clementine": _Text(
        "F",
        3,
        120,
        """
        [verse .5] "F"z2 F3/4F// | "F"F C A3/4A// | A F F3/4A// | c c B3/4A// | "C7"G2 G3/4A// | B B A3/4G// |
        "F"A F F3/4A// | "C7"G C E3/4G// | "F"F2 z |""",
    ),
    "Au clair de la lune": _Text(
        "G",
        4,
        112,
        """
        [verse .4] "G"G G G A | B2 "D"A2 | "G"G B "D7"A A | "G"G4 | G G G A | B2 "D"A2 | "G"G B "D7"A A | "G"G4 |
        [bridge .55] "Am"A A A A | "Em"E2 E2 | "A7"A G F E | "D"D4 | "G"G G G A | B2 "D"A2 | "G"G B "D7"A A |
        "G"G4 |""",
    ),
    "Lightly Row": _Text(
        "C",
        4,
        126,
        """
        [verse .5] "C"G E E2 | "G7"F D D2 | "C"C D E F | G G G2 | G E E2 | "G7"F D D2 | "C"C E G G | C4 |
        "G7"D D D D | D E F2 | "C"E E E E | E F G2 | G E E2 | "G7"F D D2 | "C"C E G G | C4 |""",
    ),
    "Sakura": _Text(
        "Am",
        4,
        84,
        """
        [verse .35] "Am"A A B2 | A A B2 | A B c B | "F"A B/A/ F2 | "Am"E C E "F"F | "Am"E E/C/ "E"B,2 | "Am"A B c B |
        "F"A B/A/ F2 | "Am"E C E "F"F | "Am"E E/C/ "E"B,2 | "Am"A A B2 | A A B2 | "F"E F B/A/ F | "E"E4 |""",
    ),
    "Korobeiniki": _Text(
        "Am",
        4,
        132,
        """
        [verse .75] "E7"e B/c/ d c/B/ | "Am"A A/c/ e d/c/ | "E7"B3/2 c/ d e | "Am"c A A2 | "Dm"z/ d f/ a g/f/ |
        "C"e3/2 c/ e d/c/ | "E7"B B/c/ d e | "Am"c A A2 | "E7"e B/c/ d c/B/ | "Am"A A/c/ e d/c/ | "E7"B3/2 c/ d e |
        "Am"c A A2 | "Dm"z/ d f/ a g/f/ | "C"e3/2 c/ e d/c/ | "E7"B B/c/ d e | "Am"c A A2 |""",
    ),
    "Drunken Sailor": _Text(
        "Dm",
        4,
        150,
        """
        [verse .7] "Dm"A A/A/ A A/A/ | A D F A | "C"G G/G/ G G/G/ | G C E G | "Dm"A A/A/ A A/A/ | A =B c d |
        "C"c A G E | "Dm"D2 D2 | [chorus .9] "Dm"A3 A | A D F A | "C"G3 G | G C E G | "Dm"A3 A | A =B c d | "C"c A G E |
        "Dm"D2 D2 |""",
    ),
    "Minuet in G": _Text(
        "G",
        3,
        116,
        """
        [verse .5] "G"d G/A/B/c/ | d G G | "C"e c/d/e/f/ | "G"g G G | "Am"c d/c/B/A/ | "G"B c/B/A/G/ | "D7"F G/A/B/G/ |
        "D"A3 | "G"d G/A/B/c/ | d G G | "C"e c/d/e/f/ | "G"g G G | "Am"c d/c/B/A/ | "G"B c/B/A/G/ | "D7"A B/A/G/F/ |
        "G"G3 |""",
    ),
}

TITLES: tuple[str, ...] = tuple(_TEXTS)


@cache
def tune(title: str) -> LeadSheet:
    """The public-domain tune of this title; raises KeyError with the titles there are."""
    if title not in _TEXTS:
        raise KeyError(f"expected one of {', '.join(TITLES)}, found {title!r}: choose one of them")
    written = _TEXTS[title]
    return read_tune(title, written.key, written.beats_per_bar, written.tempo_bpm, written.text)


def tunes() -> dict[str, LeadSheet]:
    """All tunes by title, parsed once."""
    return {title: tune(title) for title in TITLES}
