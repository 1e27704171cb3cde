from kcarol.score.musicxml.chord_symbols import KINDS, NO_CHORD, QUALITY_OF
from kcarol.transcription.lead_sheet import QUALITIES


def test_every_quality_has_a_kind_and_comes_back():
    assert set(KINDS) == set(QUALITIES)
    assert {QUALITY_OF[kind] for kind, _ in KINDS.values()} == set(QUALITIES) - {"add9"}
    assert NO_CHORD not in QUALITY_OF
