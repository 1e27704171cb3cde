"""Choices of an arrangement that are fixed instead of drawn."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from kcarol.corpus.arrangement.pop.bands import BANDS
from kcarol.corpus.arrangement.pop.grooves import GROOVES

KINDS = ("soundfont", "synth", "voice", "rap", "drumsynth")  # sources of a part's sound
VOICES = ("female", "male", None)


@dataclass(frozen=True)
class Hints:
    band: str | None = None  # a key of BANDS
    groove: str | None = None  # a key of GROOVES, or "none"
    has_voice: bool = False  # whether `voice` is a hint: None is one, too
    voice: str | None = None
    # part: one of KINDS or a General MIDI program; the parts named here play
    sounds: Mapping[str, str | int] = field(default_factory=dict)

    @classmethod
    def checked(cls, hints: Mapping) -> Hints:
        """Hints with normalised names; raises ValueError for unknown ones."""
        sounds = dict(hints.get("sounds") or {})
        for part, sound in sounds.items():
            if not (sound in KINDS or isinstance(sound, int) and 0 <= sound <= 127):
                raise ValueError(
                    f"hint 'sounds': expected one of {', '.join(KINDS)} or a program 0 to 127 "
                    f"for {part!r}, found {sound!r}"
                )
        voice = hints.get("voice")
        if voice not in VOICES:
            raise ValueError(f"hint 'voice': expected 'female', 'male' or None, found {voice!r}")
        return cls(
            _name(hints, "band", BANDS),
            _name(hints, "groove", (*GROOVES, "none")),
            "voice" in hints,
            voice,
            sounds,
        )


def _name(hints: Mapping, key: str, known: Collection[str]) -> str | None:
    if hints.get(key) is None:
        return None
    name = str(hints[key]).strip().lower().replace("-", "_").replace(" ", "_")
    if name not in known:
        raise ValueError(
            f"hint {key!r}: expected one of {', '.join(sorted(known))}, found {name!r}"
        )
    return name
