"""What is chosen for a carol."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from kcarol.config import CHOIRS, DUCK, ENGINES, NETWORK, OF_VOICE, SYLLABLES, VOICE_TUNES

if TYPE_CHECKING:
    from kcarol.conversion.sound.laid_over import Voice
    from kcarol.conversion.styles import AnyStyle


@dataclass(frozen=True)
class CarolSettings:
    """All that a carol depends on besides its song and the weights. ValueError for other values."""

    style: AnyStyle = "bells"  # a name, a carol's sound file, an embedding or a `Style`
    strength: float = 1.0  # share of the carol, 0 to 1; the rest is the song
    rate: int | None = None  # Hz; None: of a file the song's, if it is full, else the full rate
    mono: bool = False  # one channel instead of two
    hall: float | None = None  # share of the hall, 0 to 1; None: the style's
    engine: str = NETWORK  # what turns notes into sound, one of ENGINES
    choir: str = SYLLABLES  # what choirs sing, or who in their place, one of CHOIRS
    # of the song's singer, to be laid over the carol: a sound file, or what was read of it
    voice: Path | Voice | None = None
    voice_tune: str = DUCK  # what becomes of the carol's tune under the voice, one of VOICE_TUNES

    def __post_init__(self) -> None:
        if not 0 <= self.strength <= 1:
            raise ValueError(f"expected a strength of 0 to 1, found {self.strength}")
        if self.hall is not None and not 0 <= self.hall <= 1:
            raise ValueError(f"expected a share of the hall of 0 to 1, found {self.hall}")
        _check("an engine of", self.engine, ENGINES)
        _check("a choir of", self.choir, CHOIRS)
        _check("a tune to", self.voice_tune, VOICE_TUNES)
        if self.choir == OF_VOICE and self.voice is None:
            raise ValueError("expected a recorded voice for a choir of it, found none")

    @property
    def singer(self) -> Voice | None:
        """The voice as it was read. ValueError for a file."""
        if isinstance(self.voice, (str, Path)):
            raise ValueError(
                f"expected a voice in time with its song, found a file ({self.voice}): "
                "`kcarol.convert` takes files"
            )
        return self.voice

    def of_song(self, song: Path) -> CarolSettings:
        """With the file of this song's voice, where `voice` is a folder of voices. AudioError."""
        if not isinstance(self.voice, Path):
            return self
        from kcarol.voice.recording import voice_of  # which imports all that reads sound

        return replace(self, voice=voice_of(song, self.voice))


def _check(what: str, found: str, expected: tuple[str, ...]) -> None:
    if found not in expected:
        raise ValueError(f"expected {what} {', '.join(expected)}, found {found}")
