"""What a MusicXML score says."""

from __future__ import annotations

import re
import warnings
from typing import TYPE_CHECKING
from xml.etree.ElementTree import Element

from kcarol.score.elsewhere.musicxml.contents import Contents
from kcarol.score.elsewhere.musicxml.measures import PlayedMeasures
from kcarol.score.elsewhere.musicxml.playing_order import playing_order
from kcarol.score.elsewhere.written import Unplayable, Written

if TYPE_CHECKING:
    from music21.stream import Score

MOST_NOTES = 60_000  # music21 reads a thousand or two a second
MOST_BEATS = 64  # a bar

# what music21 raises, beside its own, where an element or a number is missing or wrong
BROKEN = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)


def written_of(root: Element) -> Written:
    """Of a `score-partwise`. Unplayable for what is no song."""
    n_notes = sum(1 for _ in root.iter("note"))
    if n_notes > MOST_NOTES:
        raise Unplayable(f"at most {MOST_NOTES} notes", f"{n_notes}", "give a shorter piece")
    _check_tempos(root)
    _check_metres(root)
    _drop_rootless_(root)
    score = _parsed(root)
    parts = {part: list(part.getElementsByClass("Measure")) for part in score.parts}
    parts = {part: measures for part, measures in parts.items() if measures}
    if not parts:
        raise Unplayable("a tune", "no measures", "give a score with notes")
    played = PlayedMeasures.of(list(parts.values()), playing_order(list(parts)))
    contents = Contents()
    for measure in played.measures:
        contents.add_(measure)
    if contents.n_drums and not any(contents.notes.values()):
        raise Unplayable("a tune", "drums alone", "export it with the staff of its melody")
    return Written(
        title=_title(score),
        bars=played.bars,
        parts=tuple(contents.part(number, part) for number, part in enumerate(parts)),
        symbols=tuple(contents.chords(played.bars[-1].end)),
        tempos=tuple(sorted(contents.tempos.items())),
        marks=tuple(contents.marks),
        edges=tuple(sorted(contents.edges)),
        keys=tuple(contents.keys),
        lead=played.lead,
        swing=contents.swing,
    )


def _check_tempos(root: Element) -> None:
    """Unplayable for a tempo of 0, which music21 passes over."""
    for sound in root.iter("sound"):
        tempo = sound.get("tempo", "1")
        if not re.search("[1-9]", tempo):
            raise Unplayable("a tempo", f"{tempo!r}", "correct the metronome mark")


def _check_metres(root: Element) -> None:
    """Unplayable for a time signature of so many beats that music21 would take hours."""
    for beats in root.iter("beats"):
        if any(int(number) > MOST_BEATS for number in re.findall(r"\d+", beats.text or "")):
            found = f"one of {(beats.text or '').strip()[:20]}"
            raise Unplayable(f"time signatures of at most {MOST_BEATS} beats", found, "correct it")


def _drop_rootless_(root: Element) -> None:
    """Takes out chord symbols without a root, such as numerals, of which music21 makes chords that
    have no notes.
    """
    for measure in root.iter("measure"):
        for harmony in measure.findall("harmony"):
            if not (harmony.findtext("root/root-step") or "").strip():
                measure.remove(harmony)


def _parsed(root: Element) -> Score:
    """At sounding pitch."""
    from music21.exceptions21 import Music21Exception
    from music21.musicxml.xmlToM21 import MusicXMLImporter

    importer = MusicXMLImporter()
    score = importer.stream  # parts of several staves go into it whatever is asked for
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            importer.xmlRootToScore(root, score)
            score.toSoundingPitch(inPlace=True)
    except (Music21Exception, *BROKEN) as error:
        found = " ".join(str(error).split()) or type(error).__name__
        way_out = "save it again in MuseScore"
        raise Unplayable("MusicXML that music21 reads", found, way_out) from error
    return score


def _title(score: Score) -> str:
    metadata = score.metadata
    return (metadata and (metadata.title or metadata.movementName)) or ""
