"""Any MusicXML file as a score that plays."""

from __future__ import annotations

from pathlib import Path

from kcarol.score.elsewhere.musicxml.score import written_of
from kcarol.score.elsewhere.sheet import score_of
from kcarol.score.elsewhere.written import Unplayable
from kcarol.score.errors import ScoreError, check_packages
from kcarol.score.musicxml.archive import read_root
from kcarol.score.score import Score


def score_from_elsewhere(path: Path | str) -> Score:
    """Of a MusicXML file (.musicxml, .xml, .mxl) of another program. ScoreError for what is no
    song; OSError.
    """
    root = read_root(path)
    check_packages(path, "music21")
    try:
        return score_of(written_of(root))
    except Unplayable as error:
        raise ScoreError.of(path, *error.reasons) from error
