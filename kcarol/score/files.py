"""Score files, read and written by the ending of their name."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from kcarol.audio.files import write_text
from kcarol.score.errors import ScoreError
from kcarol.score.score import Score
from kcarol.transcription.lead_sheet import Part
from kcarol.transcription.transcription import Transcription, TranscriptionError

MUSICXML = (".musicxml", ".xml", ".mxl")
MIDI = (".mid", ".midi")
CHORD_LISTS = (".lab", ".txt")
ENGRAVED = (".pdf", ".svg")
NOTATION = (*MUSICXML, *ENGRAVED)
READABLE = (*MUSICXML, *MIDI, ".json")
WRITABLE = (*READABLE, *CHORD_LISTS, *ENGRAVED)


def write_score(score: Score, path: Path | str, transcription: Transcription | None = None) -> None:
    """Write a score; `transcription`: what .json is written from.

    ScoreError for an unknown ending, a package that is missing, or .json without a transcription;
    OSError naming the file.
    """
    path = Path(path)
    ending = path.suffix.lower()
    if ending == ".json":
        if transcription is None:
            way_out = "write .musicxml, which plays the same"
            raise ScoreError.of(path, "what was heard of a song", "a score", way_out)
        transcription.save(path)
    elif ending in NOTATION:
        from kcarol.score.musicxml.writing import musicxml_of

        _write_notation(musicxml_of(score), path)
    elif ending in MIDI:
        from kcarol.score.midi.writing import write_midi

        write_midi(score, path)
    elif ending in CHORD_LISTS:
        from kcarol.score.chord_list import write_chord_list

        write_chord_list(score, path)
    else:
        raise _unknown(path, WRITABLE)


def write_arrangement(parts: Sequence[Part], score: Score, style: str, path: Path | str) -> None:
    """Write the parts of a score's carol, as `Converter.arrange` has them, for those who would
    play them. style: the arrangement's name.

    Raises as `write_score`, and ScoreError where nobody plays.
    """
    path = Path(path)
    ending = path.suffix.lower()
    if not any(part.strokes for part in parts):
        raise ScoreError.of(path, "parts of a carol", "silence", "give a song with music")
    if ending in NOTATION:
        from kcarol.score.arrangement.writing import arrangement_xml

        _write_notation(arrangement_xml(parts, score, style), path)
    elif ending in MIDI:
        from kcarol.score.midi.writing import write_arrangement_midi

        write_arrangement_midi(parts, score, path)
    else:
        raise _unknown(path, (*NOTATION, *MIDI))


def read_score(path: Path | str) -> Score:
    """The score of a file. ScoreError for a file that is none; OSError."""
    path = Path(path)
    ending = path.suffix.lower()
    if ending == ".json":
        try:
            return Score.of_transcription(Transcription.load(path))
        except TranscriptionError as error:
            raise ScoreError(f"{error}: write it again by kcarol score") from None
    if ending in MUSICXML:
        return _read_musicxml(path)
    if ending in MIDI:
        from kcarol.score.midi.reading import read_midi

        return read_midi(path)
    raise _unknown(path, READABLE)


def _unknown(path: Path, endings: tuple[str, ...]) -> ScoreError:
    found = path.suffix or "no ending"
    return ScoreError.of(path, "a score's ending", found, f"choose one of {', '.join(endings)}")


def _write_notation(musicxml: str, path: Path) -> None:
    """MusicXML, plain, packed or engraved."""
    ending = path.suffix.lower()
    if ending == ".mxl":
        from kcarol.score.musicxml.archive import write_packed

        write_packed(path, musicxml)
    elif ending in ENGRAVED:
        from kcarol.score.engraving import write_pdf, write_svg

        write = write_pdf if ending == ".pdf" else write_svg
        write(musicxml, path)
    else:
        write_text(path, musicxml)


def _read_musicxml(path: Path) -> Score:
    """As it was written, where notes and chords still stand where they did."""
    from kcarol.score.elsewhere.tempo_edits import at_edited_tempi
    from kcarol.score.mended import with_extras
    from kcarol.score.musicxml.archive import read_root
    from kcarol.score.musicxml.reading import (
        ForeignNotation,
        extras_of,
        is_ours,
        score_in,
        seen_bpm_of,
    )

    root = read_root(path)
    try:
        score = score_in(root) if is_ours(root) else _from_elsewhere(path)
    except ForeignNotation:
        score = _from_elsewhere(path)
    except ScoreError:
        raise
    except (ValueError, OverflowError, ZeroDivisionError) as error:
        raise ScoreError.of(
            path, "a lead sheet", str(error), "mend it, or export it again"
        ) from None
    try:
        text = extras_of(root)
        if text is None:
            return score
        mended = with_extras(score, text)
        return at_edited_tempi(mended, score, text, path, seen_bpm_of(root))
    except ValueError as error:
        expected = "kcarol's field or source as it was written"
        way_out = "take it out to play the score at its written tempo"
        raise ScoreError.of(path, expected, str(error), way_out) from None


def _from_elsewhere(path: Path) -> Score:
    from kcarol.score.elsewhere.reading import score_from_elsewhere

    return score_from_elsewhere(path)
