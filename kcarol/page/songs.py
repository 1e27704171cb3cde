"""The page of carols: each song and its carol, and what was heard of the song."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from kcarol.audio.decoding import stream_stereo
from kcarol.audio.disk_buffer import DiskWave
from kcarol.page.card import Card, level_curves
from kcarol.page.language import ENGLISH, Language
from kcarol.page.page import Page, check_page, files_of
from kcarol.page.sound import Sound, write_tracks
from kcarol.score.chord_list import key_metre_tempo
from kcarol.score.notated import notate
from kcarol.score.score import Score
from kcarol.transcription.transcription import Transcription

CARD_FILE = "card.json"
RATE = 44_100  # Hz of the sounds on the page
LEAD = ("The songs and their carols: what is different, and what is still there?",)
LEAD_OF_ONE = ("The song and its carol: what is different, and what is still there?",)


class CarolPage:
    """Cards of songs, kept beside their sounds, so that those of an earlier call are used again."""

    def __init__(
        self, path: Path, carols: Sequence[Path], force: bool = False, language: Language = ENGLISH
    ):
        """FileExistsError if there is a file that is no page of ours, unless forced."""
        check_page(path, force)
        self.path = path
        self.carols = carols
        self.language = language

    def is_current(self, song: Path, carol: Path) -> bool:
        """Whether there is a card of these very files."""
        card = Card.load(self._folder(carol) / CARD_FILE)
        return card is not None and card.made_of == _state_of(song, carol)

    def add(self, song: Path, carol: Path, heard: Transcription) -> None:
        """Write the sounds of a song's card, the card, and the page so far. Raises AudioError,
        OSError.
        """
        state = _state_of(song, carol)
        with _stereo(song, self.path) as before, _stereo(carol, self.path) as after:
            sounds = [Sound("Song", before, RATE), Sound("Carol", after, RATE)]
            tracks = write_tracks(sounds, self._folder(carol), self.path.parent)
            curves = level_curves({sound.label: (sound.wave, RATE) for sound in sounds})
        card = Card(song.stem, tracks, (describe(heard),), curves, state)
        card.save(self._folder(carol) / CARD_FILE)
        self.write()

    def write(self) -> bool:
        """Write the page of all carols that have a card; False without any."""
        cards = [Card.load(self._folder(carol) / CARD_FILE) for carol in self.carols]
        cards = [card for card in cards if card is not None]
        if not cards:
            return False
        if len(cards) == 1:
            page = Page(f"{cards[0].title} as a carol", LEAD_OF_ONE, cards)
        else:
            page = Page(f"{len(cards)} songs as carols", LEAD, cards)
        page.write(self.path, self.language)
        return True

    def _folder(self, carol: Path) -> Path:
        """Of a carol's card: its name, from the page's folder on."""
        place = Path(os.path.abspath(carol)).relative_to(os.path.abspath(self.path.parent))
        return files_of(self.path) / place.with_suffix("")


def _state_of(*files: Path) -> tuple[tuple[int, int], ...]:
    """Sizes and times of change: other ones, another card."""
    return tuple((file.stat().st_size, file.stat().st_mtime_ns) for file in files)


@contextmanager
def _stereo(file: Path, beside: Path) -> Iterator[DiskWave]:
    """A file's sound at RATE, on the disk of `beside`."""
    with DiskWave(2, beside=beside) as wave:
        for chunk in stream_stereo(file, RATE):
            wave.append(chunk.T)
        yield wave


def describe(heard: Transcription) -> str:
    """Key, metre, tempo and number of bars of a song, in words."""
    score = Score.of_transcription(heard)
    paper = notate(score)
    return f"Heard: {key_metre_tempo(score.sheet, paper)}, {len(paper.bars)} bars"
