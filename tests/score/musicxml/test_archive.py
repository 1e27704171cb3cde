import pytest

from kcarol.score.errors import ScoreError
from kcarol.score.musicxml.archive import parse, read_bytes, read_root, write_packed

pytest.importorskip("defusedxml")
TEXT = '<?xml version="1.0"?><score-partwise><part id="P1"/></score-partwise>'


def test_what_is_packed_is_unpacked(tmp_path):
    write_packed(tmp_path / "score.mxl", TEXT)
    assert read_bytes(tmp_path / "score.mxl").decode() == TEXT
    assert read_root(tmp_path / "score.mxl").find("part").get("id") == "P1"


def test_a_document_type_is_not_fetched():
    doctype = (
        '<!DOCTYPE score-partwise PUBLIC "-//Recordare//DTD MusicXML 4.0 Partwise//EN"'
        ' "http://www.musicxml.org/dtds/partwise.dtd">'
    )
    root = parse("score.musicxml", TEXT.replace("?>", f"?>{doctype}").encode())
    assert root.tag == "score-partwise"


@pytest.mark.parametrize("code", ["utf-8", "utf-16", "latin-1"])
def test_codes_of_letters(code):
    text = f'<?xml version="1.0" encoding="{code}"?><score-partwise><a>é</a></score-partwise>'
    assert parse("score.musicxml", text.encode(code)).findtext("a") == "é"


def test_entities_in_another_code_are_refused_too():
    text = '<?xml version="1.0" encoding="utf-16"?><!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>'
    with pytest.raises(ScoreError, match="entities"):
        parse("score.musicxml", text.encode("utf-16"))


def test_a_score_of_millions_of_tags_is_refused_before_it_is_parsed(tmp_path):
    path = tmp_path / "long.musicxml"
    path.write_bytes(b"<score-partwise>" + b"<a/>" * 2_000_000 + b"</score-partwise>")
    with pytest.raises(ScoreError, match="2,000,002 tags of XML: give a shorter one"):
        read_root(path)
