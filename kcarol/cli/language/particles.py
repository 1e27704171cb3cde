"""Korean particles, whose form depends on the sound before them."""

from __future__ import annotations

import re

FORMS = {  # as a catalogue writes them: after a consonant, after a vowel
    "이(가)": ("이", "가"),
    "을(를)": ("을", "를"),
    "은(는)": ("은", "는"),
    "과(와)": ("과", "와"),
    "(으)로": ("으로", "로"),
}
OPEN_PARTICLE = re.compile(
    r"(?P<word>\w+)(?P<closing>[^\w\s]*)(?P<form>" + "|".join(map(re.escape, FORMS)) + ")"
)
FIRST_SYLLABLE, LAST_SYLLABLE = "가", "힣"
N_FINALS = 28  # of a syllable in Unicode, none first
NO_FINAL, RIEUL = 0, 8
DIGITS = "영일이삼사오육칠팔구"


def with_particles(text: str) -> str:
    """`text` with each 을(를) and the like in its right form; after Latin words both stay."""
    return OPEN_PARTICLE.sub(_closed, text)


def _closed(found: re.Match[str]) -> str:
    final = _final(found["word"])
    if final is None:
        return found[0]
    after_consonant, after_vowel = FORMS[found["form"]]
    like_vowel = final == NO_FINAL or (final == RIEUL and found["form"] == "(으)로")
    return found["word"] + found["closing"] + (after_vowel if like_vowel else after_consonant)


def _final(word: str) -> int | None:
    """The number of its last syllable's final consonant; None of one that is not Korean."""
    last = DIGITS[int(word[-1])] if word.isdecimal() else word[-1]
    if not FIRST_SYLLABLE <= last <= LAST_SYLLABLE:
        return None
    return (ord(last) - ord(FIRST_SYLLABLE)) % N_FINALS
