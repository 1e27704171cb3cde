"""What training on a user's own carol changed: each song before and after, on a page."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from tqdm import tqdm

from kcarol.evaluation import metrics
from kcarol.evaluation.own_songs import OwnSong, full_rate_stereo
from kcarol.evaluation.recordings import mono_of
from kcarol.page.card import Card
from kcarol.page.language import ENGLISH, Language
from kcarol.page.page import Page, check_page, files_of, remove_page
from kcarol.page.sound import Sound, slug, write_tracks
from kcarol.score.score import Score
from kcarol.transcription.transcription import Transcription

Convert = Callable[[np.ndarray], np.ndarray]  # song (T,) at 16 kHz -> carol (2, T') at 48 kHz
Transcribe = Callable[[np.ndarray], Transcription]
SAME_NOTE_SHARE = 0.07  # by so much do two draws of the carol's texture differ in one song
TITLE = "Your songs, before and after training"
WHAT_IS_MEASURED = (
    "A distance of 0 % would be your carol's own sound, 100 % is how far your songs are from it, "
    "in tone colour and stereo width.",
    "Your own ears decide.",
)


@dataclass(frozen=True)
class Change:
    """One figure before and after."""

    before: float
    after: float

    @property
    def percent(self) -> tuple[int, int]:
        return round(100 * self.before), round(100 * self.after)

    @property
    def is_known(self) -> bool:
        return not np.isnan([self.before, self.after]).any()


@dataclass(frozen=True, eq=False)
class Changed:
    """A song's carols (2, T') at FULL_RATE, and what is different between them."""

    song: OwnSong
    before: np.ndarray
    after: np.ndarray
    sound: Change  # `style_full`: distance to the user's carol over that of the user's songs
    tune: Change  # `note@1`: share of the tune's notes that are strongest in the carol
    n_notes: int

    @property
    def facts(self) -> tuple[str, str]:
        return sound_in_words(self.sound), tune_in_words(self.tune, self.n_notes)


def compare(
    songs: Sequence[OwnSong],
    carols: Sequence[np.ndarray],
    before: Convert,
    after: Convert,
    transcribe: Transcribe,
) -> list[Changed]:
    """Convert each song twice, and measure.

    carols: the user's own, each (2, T') at FULL_RATE. transcribe: whose notes are the tune.
    """
    reference = metrics.FullBandReference(
        *(
            np.vstack([metrics.full_band_windows(wave) for wave in waves])
            for waves in ([song.stereo for song in songs], carols)
        )
    )
    changed = []
    for song in tqdm(songs, "your songs", leave=False, unit="song"):
        notes = sung_notes(transcribe(song.mono))
        made = [convert(song.mono) for convert in (before, after)]
        heard = [full_rate_stereo(carol) for carol in made]
        sound = [reference.style_full(metrics.full_band_windows(carol)) for carol in heard]
        tune = [_note_share(carol, notes) for carol in made]
        changed.append(Changed(song, *heard, Change(*sound), Change(*tune), len(notes)))
    return changed


def sung_notes(heard: Transcription) -> list[metrics.SungNote]:
    """The tune as it was heard."""
    score = Score.of_transcription(heard)
    spans = [(n, score.grid.time_s(n.start), score.grid.end_s(n.end)) for n in score.sheet.notes]
    return [
        metrics.SungNote(float(start_s), float(end_s - start_s), note.pitch)
        for note, start_s, end_s in spans
    ]


def _note_share(carol: np.ndarray, notes: Sequence[metrics.SungNote]) -> float:
    chroma = metrics.chromagram(metrics.prepare(mono_of(carol)))
    return metrics.note_at_k(chroma, notes, 1)["note"]


def sound_in_words(sound: Change) -> str:
    """How much of the distance from the songs to the carol is left."""
    if not sound.is_known:
        return "Sound: one of the carols is silent."
    before, after = sound.percent
    if before == after:
        return f"As near to your carol's sound as before: {after} % of the songs' own distance."
    share = f"{after} % of the songs' own distance, before {before} %."
    if after < before:
        return f"Nearer to your carol's sound: {share}"
    return f"Farther from your carol's sound: {share}"


def tune_in_words(tune: Change, n_notes: int) -> str:
    """In how many of the tune's notes nothing is stronger."""
    if not tune.is_known:
        return "Tune: none was heard in this song."
    before, after = tune.percent
    share = f"the strongest tone in {after} % of its {n_notes} notes, before in {before} %."
    if abs(tune.after - tune.before) <= SAME_NOTE_SHARE:
        return f"The tune is as clear as before: {share}"
    return f"The tune is clearer: {share}" if after > before else f"The tune is less clear: {share}"


def summary(changed: Sequence[Changed]) -> str:
    """Of all songs."""
    percents = [one.sound.percent for one in changed if one.sound.is_known]
    nearer = sum(after < before for before, after in percents)
    farther = sum(after > before for before, after in percents)
    text = f"The sound came nearer to your carol in {nearer} of {len(changed)} songs"
    return text + (f", and went away from it in {farther}." if farther else ".")


def write_before_after(
    path: Path, changed: Sequence[Changed], note: str = "", language: Language = ENGLISH
) -> Path:
    """The page, its sounds beside it in place of those of an earlier training. `note`: a sentence
    more for its head.
    """
    check_page(path, force=False)
    remove_page(path)
    cards = []
    for number, one in enumerate(tqdm(changed, "page", leave=False, unit="song"), start=1):
        folder = files_of(path) / f"{number}-{slug(one.song.title)}"
        sounds = [
            Sound("Song", one.song.stereo, metrics.FULL_RATE),
            Sound(
                "Carol before",
                one.before,
                metrics.FULL_RATE,
                "kcarol as it came, shown your carol as a style",
            ),
            Sound("Carol after", one.after, metrics.FULL_RATE, "after training on your carol"),
        ]
        cards.append(Card(one.song.title, write_tracks(sounds, folder, path.parent), one.facts))
    lead = (summary(changed), *WHAT_IS_MEASURED, *filter(None, [note]))
    return Page(TITLE, lead, cards).write(path, language)
