"""The demo set: six songs in the manner of K-pop, written by this project, and one carol (rendered
elsewhere).
"""

from __future__ import annotations

from dataclasses import replace

from kcarol.corpus.lead_sheet.tunes import read_tune, tune
from kcarol.transcription.lead_sheet import LeadSheet

DANCE = (1.0, 0.2, 1.0, 0.2, 1.0, 0.2, 1.0, 0.2)
BACKBEAT = (0.9, 0.2, 1.0, 0.3, 0.8, 0.3, 1.0, 0.3)
HALF_TIME = (1.0, 0.0, 0.1, 0.6, 0.9, 0.0, 0.7, 0.2)
SLOW = (1.0, 0.2, 0.5, 0.3, 0.9, 0.2, 0.5, 0.4)
WALTZ = (1.0, 0.2, 0.5, 0.2, 0.6, 0.3)


def _song(title, key, beats_per_bar, tempo_bpm, accents, text, swing=0.0) -> LeadSheet:
    return replace(
        read_tune(title, key, beats_per_bar, tempo_bpm, text), accents=accents, swing=swing
    )


_SNOWLIT = _song(
    "Snowlit Signal",
    "F#m",
    4,
    124,
    DANCE,
    """
    [intro .45] "D"z4 | "E"z4 | "F#m"z4 | "C#m"z4 |
    [verse .6] "F#m"z/ c/c/c/ c/B/ A | "D"z/ A/A/A/ B/A/ F | "A"z/ E/A/B/ c/B/ A/B/ | "E"B2 z2 |
    "F#m"z/ c/c/c/ c/B/ A | "D"z/ A/A/A/ B/c/ d | "A"c/A/A/E/ A/B/ c | "E"B3 z |
    [chorus 1.0] "D"d d/c/ d/f3/2 | "E"e e/d/ c/B3/2 | "F#m"c c/B/ c/e3/2 | "C#m"c2 z/ c/d/e/ |
    "D"f3/2 e/ d/c/ d | "E"e3/2 d/ c/B/ c | "F#m"A/A/B/c/- c A | "F#m"F3 z |""",
)

_PAPER_MOON = _song(
    "Paper Moon Letter",
    "Eb",
    4,
    68,
    SLOW,
    """
    [intro .2] "Ab"z4 | "Bb"z4 |
    [verse .35] "Eb"z B,/B,/ E3/2 F/ | "Bb/D"F/D/ B,2 z/ B,/ | "Cm"C/D/E/C/ G3/2 F/ | "Gm"D3 z/ B,/ |
    [chorus .7] "Ab"C/E/ G3/2 F/ E/C/ | "Eb/G"E3/2 D/ E/F/ G | "Fm7"F/E/ C2 E/F/ | "Bbsus4"F2 "Bb"D z |
    "Ab"C/E/ G3/2 F/ E/C/ | "Bb"D3/2 E/ F/B,/ D | "Cm"E3/2 D/ "Abm"C/B,/ C | "Eb"E3 z |""",
)

_ROOFTOP = _song(
    "Rooftop Radio",
    "D",
    4,
    112,
    BACKBEAT,
    """
    [intro .6] "Gmaj7"z4 | "A7"z4 | "F#m7"z4 | "Bm7"z4 |
    [verse .6] "Em7"z/ B/B/A/ G/F/ G/B/ | "A7"A/ E3/2 z2 | "Dmaj7"z/ A/A/G/ F/E/ F/A/ | "Bm7"F/ D3/2 z D/E/ |
    "Em7"G/G/G/F/ G/A/ B | "A7"c/c/c/B/ A/G/ A | "Dmaj7"F/A/ d3/2 c/ d | "D7"c/B/ A2 z |
    [chorus .9] "Gmaj7"B/d/ d/e/- e/d/ B | "A7"c/e/ e/c/- c/A/ c | "F#m7"A/c/ c/d/- d/c/ A | "Bm7"B3 z |
    "Gmaj7"B/d/ d/e/- e/d/ B | "A7"c/e/ e/f/- f/e/ c | "Dmaj7"f/e/ d/A/- A/B/ d | "Dmaj7"d3 z |""",
)

_NEON = _song(
    "Neon Ink",
    "Cm",
    4,
    140,
    HALF_TIME,
    """
    [intro .4] "Cm"z4 | z4 | "Ab"z4 | "G"z4 |
    [verse .6] "Cm"C/C/C/C/ E/C/ z | C/C/C/C/ E/F/ G | "Ab"E/E/E/E/ C/B,/ z | C/C/ E/C/ z2 |
    "Fm"F/F/F/F/ E/C/ z | F/F/E/F/ G/E/ C | "G"D/D/D/D/ =B,/G,/ z | G,/=B,/ D z2 |
    [chorus .85] "Ab"E3/2 C/- C E | "Bb"F3/2 D/- D F | "Cm"G2 z/ G/F/E/ | "Cm"C3 z |
    "Ab"E3/2 C/- C E | "Bb"F3/2 F/- F E/F/ | "G"G2 F/D/ =B, | "G"D2 z2 |
    [drop 1.0] "Cm"z4 | z4 | "Ab"z4 | "G"z4 |""",
)

_TANGERINE = _song(
    "Tangerine Bicycle",
    "A",
    3,
    156,
    WALTZ,
    """
    [intro .4] "A"z3 | z3 | "D"z3 | "E"z3 |
    [verse .55] "A"E2 A | c2 B | "F#m"A2 F | F3 | "D"A2 B | d2 c | "E"B3- | B2 z |
    "A"E2 A | c2 B | "F#m"A2 c | e3 | "D"d2 c | B2 A | "E"B3- | B z2 |
    [chorus .9] "D"f2 e | d2 c | "E"e3 | B2 B | "C#m"c2 e | "F#m"c2 A | "Bm"B3 | "E"z B c |
    "D"d2 c | d2 f | "E"e2 d | c2 B | "F#m"A2 A | "Bm"d2 c | "E"B2 A | "A"A3 |""",
)

_HARBOUR = _song(
    "Harbour at Two",
    "Ab",
    4,
    92,
    SLOW,
    """
    [intro .35] "Dbmaj7"z4 | "Eb7"z4 |
    [verse .5] "Abmaj7"c/E/ A/c/- c z/ B/ | "Fm7"A/c/ e2 z | "Bbm7"d/B/ F/A/- A z/ G/ | "Eb7"G/B/ e2 z |
    "Abmaj7"c/E/ A/c/- c e | "Ab7"f/e/ c2 B/A/ | "Dbmaj7"F/A/ c3/2 B/ A | "Dbm"_F/A/ A2 z |
    [chorus .75] "Cm7"e/c/ G/B/- B c | "F7"=A/c/ e2 z/ c/ | "Bbm7"d/B/ F/A/- A B | "Eb7"G/B/ d2 c/B/ |
    "Abmaj7"c/ A3/2 "Fm7"A/ c3/2 | "Abmaj7"A3 z |""",
    swing=0.3,
)

# For each song: its sheet, the hints for `arrange_pop` (band, groove, sounds, voice) and the seed
# of all other choices.
# sounds: part -> kind of sound or General MIDI program.
DEMO_SONGS: tuple[dict, ...] = (
    {
        "title": "Snowlit Signal",
        "sheet": _SNOWLIT,
        "band": "idol",
        "groove": "four_on_floor",
        "voice": "female",
        "sounds": {
            "lead": "voice",
            "bass": "synth",
            "chords": "synth",
            "pad": "synth",
            "drums": "drumsynth",
        },
        "seed": 11,
    },
    {
        "title": "Paper Moon Letter",
        "sheet": _PAPER_MOON,
        "band": "ballad",
        "groove": "ballad",
        "voice": "male",
        "sounds": {"lead": "voice", "chords": 0, "strings": 48, "bass": 33},
        "seed": 24,
    },
    {
        "title": "Rooftop Radio",
        "sheet": _ROOFTOP,
        "band": "city",
        "groove": "disco",
        "voice": "female",
        "sounds": {"lead": "voice", "chords": 4, "bass": 36, "brass": 61, "strings": 48},
        "seed": 33,
    },
    {
        "title": "Neon Ink",
        "sheet": _NEON,
        "band": "rnb",
        "groove": "trap",
        "voice": "male",
        "sounds": {"lead": "voice", "bass": "synth", "pad": 89, "drums": "drumsynth"},
        "seed": 44,
    },
    {
        "title": "Tangerine Bicycle",
        "sheet": _TANGERINE,
        "band": "folk",
        "groove": "waltz_rock",
        "voice": "female",
        "sounds": {"lead": "voice", "chords": 25, "bass": 32, "second": "voice"},
        "seed": 55,
    },
    {
        "title": "Harbour at Two",
        "sheet": _HARBOUR,
        "band": "jazz",
        "groove": "swing",
        "voice": None,
        "sounds": {"lead": 65, "lead2": 11, "chords": 0, "bass": 32},
        "seed": 66,
    },
)

DEMO_CAROL: dict = {
    "title": "Joy to the World",
    "sheet": replace(tune("Joy to the World"), tempo_bpm=104),
    "seed": 77,
}
