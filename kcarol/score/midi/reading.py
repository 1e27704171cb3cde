"""Any MIDI file as a score that plays: our own as it was written, others as they are."""

from __future__ import annotations

from pathlib import Path

from kcarol.score.elsewhere.sheet import score_of
from kcarol.score.elsewhere.tempo_edits import at_edited_tempi
from kcarol.score.elsewhere.written import Unplayable
from kcarol.score.errors import ScoreError
from kcarol.score.extras import FIELD
from kcarol.score.mended import with_extras
from kcarol.score.midi.file import MidiSong, read_song
from kcarol.score.midi.lead_sheet_tracks import lead_sheet_in
from kcarol.score.midi.written import written_of
from kcarol.score.score import Score


def read_midi(path: Path | str) -> Score:
    """A lead sheet that we wrote, exactly, where its notes still stand where they did; of any other
    file its tune and chords, at its tempi. ScoreError for what is no song; OSError.
    """
    path = Path(path)
    song = read_song(path)
    text = extras_in(song)
    try:
        if text is None:
            return score_of(written_of(song))
        read = lead_sheet_in(song, text)
        return at_edited_tempi(with_extras(read, text), read, text, path)
    except Unplayable as error:
        raise ScoreError.of(path, *error.reasons) from error
    except ValueError as error:
        way_out = "take kcarol's text event out to play the notes alone"
        raise ScoreError.of(path, "a lead sheet of kcarol", str(error), way_out) from None


def extras_in(song: MidiSong) -> str | None:
    """The text of `extras_text` in a file, if there is one."""
    texts = (text for _, text in song.texts if text.startswith(f"{FIELD} "))
    return next((text.removeprefix(f"{FIELD} ") for text in texts), None)
