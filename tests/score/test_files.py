import json
import zipfile

import pytest
from scores import assert_same_score, demo_score

from kcarol.arrangement.arrange import arrange_carol
from kcarol.arrangement.styles import STYLES
from kcarol.score.errors import ScoreError
from kcarol.score.extras import FIELD
from kcarol.score.files import READABLE, WRITABLE, read_score, write_arrangement, write_score
from kcarol.score.musicxml.writing import musicxml_of

pytest.importorskip("defusedxml")


@pytest.fixture(scope="module")
def score():
    return demo_score("Harbour at Two")


@pytest.fixture(scope="module")
def text(score):
    return musicxml_of(score)


def refused(path) -> str:
    """The one line in which a file is refused."""
    with pytest.raises(ScoreError) as found:
        read_score(path)
    line = str(found.value)
    assert line.startswith(f"{path}: ") and "expected" in line and "\n" not in line
    return line


@pytest.mark.parametrize("name", ["score.MusicXML", "score.xml", "score.MXL"])
def test_endings_in_any_case(name, score, tmp_path):
    write_score(score, tmp_path / name)
    assert_same_score(read_score(tmp_path / name), score)


@pytest.mark.parametrize("name", ["score.doc", "score", "score.pdf"])
def test_what_cannot_be_read_names_what_can(name, tmp_path):
    line = refused(tmp_path / name)
    assert all(ending in line for ending in READABLE)


def test_what_cannot_be_written_names_what_can(score, tmp_path):
    with pytest.raises(ScoreError) as found:
        write_score(score, tmp_path / "score.doc")
    assert all(ending in str(found.value) for ending in WRITABLE)
    assert list(tmp_path.iterdir()) == []


def test_json_takes_a_transcription(score, tmp_path):
    with pytest.raises(ScoreError, match="musicxml"):
        write_score(score, tmp_path / "score.json")
    assert list(tmp_path.iterdir()) == []


def test_json_of_something_else_is_refused(tmp_path):
    path = tmp_path / "song.json"
    path.write_text(json.dumps({"format": 99}))
    refused(path)


def test_a_file_that_is_not_there_is_an_os_error(tmp_path):
    for ending in (".musicxml", ".json", ".mxl"):
        with pytest.raises(FileNotFoundError):
            read_score(tmp_path / f"none{ending}")


def test_without_defusedxml_what_installs_it_is_named(text, tmp_path, monkeypatch):
    path = tmp_path / "score.musicxml"
    path.write_text(text)
    monkeypatch.setattr("kcarol.score.errors.find_spec", lambda name: None)
    with pytest.raises(ScoreError, match=r"pip install .*\[score\]"):
        read_score(path)


# --- files that are damaged, or made to harm


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.99])
@pytest.mark.parametrize("ending", [".musicxml", ".mxl"])
def test_cut_off(share, ending, score, tmp_path):
    path = tmp_path / f"score{ending}"
    write_score(score, path)
    data = path.read_bytes()
    path.write_bytes(data[: int(share * len(data))])
    refused(path)


@pytest.mark.parametrize(
    "content",
    [
        b"\x00" * 1000,
        b"PK\x03\x04 no archive",
        "<score-partwise/>".encode("utf-16"),
        b"<score-partwise/>",
        b"<score-timewise/>",
        b"<html><body>not found</body></html>",
        b"<?xml version='1.0' encoding='no-such-code'?><score-partwise/>",
        b"<a>" * 100_000,
    ],
)
def test_no_music(content, tmp_path):
    for ending in (".musicxml", ".mxl"):
        path = tmp_path / f"score{ending}"
        path.write_bytes(content)
        refused(path)


def with_entity(text: str, declaration: str, use: str = "&x;") -> str:
    body = text[text.index("<score-partwise") :].replace("Tune", use)
    return f'<?xml version="1.0"?><!DOCTYPE score-partwise [{declaration}]>{body}'


def test_external_entities_are_not_resolved(text, tmp_path):
    secret = tmp_path / "secret.txt"
    secret.write_text("secret")
    path = tmp_path / "score.musicxml"
    path.write_text(with_entity(text, f'<!ENTITY x SYSTEM "{secret.as_uri()}">'))
    assert "secret" not in refused(path).removeprefix(str(path))


def test_entities_are_not_expanded(text, tmp_path):
    laughs = '<!ENTITY x0 "ha">' + "".join(
        f'<!ENTITY x{i} "{10 * f"&x{i - 1};"}">' for i in range(1, 10)
    )
    path = tmp_path / "score.musicxml"
    path.write_text(with_entity(text, laughs, "&x9;"))
    refused(path)


def packed(path, text: bytes, name="score.musicxml", container="score.musicxml"):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(
            "META-INF/container.xml",
            f'<container><rootfiles><rootfile full-path="{container}"/></rootfiles></container>',
        )
        archive.writestr(name, text)
    return path


def test_an_archive_that_unpacks_to_too_much_is_refused(tmp_path):
    line = refused(packed(tmp_path / "bomb.mxl", b" " * (40 * 2**20)))
    assert "MB" in line


def test_an_archive_without_its_score_is_refused(text, tmp_path):
    refused(packed(tmp_path / "a.mxl", text.encode(), container="other.musicxml"))
    refused(packed(tmp_path / "b.mxl", text.encode(), container="../../../etc/passwd"))


def test_a_huge_file_is_refused_before_it_is_read_wholly(tmp_path):
    path = tmp_path / "huge.musicxml"
    with path.open("wb") as file:
        file.truncate(2**40)
    assert "MB" in refused(path)


def test_an_archive_under_another_ending_is_read(score, tmp_path):
    write_score(score, tmp_path / "score.mxl")
    (tmp_path / "score.mxl").rename(tmp_path / "score.xml")
    assert_same_score(read_score(tmp_path / "score.xml"), score)


@pytest.mark.parametrize(
    "old, new",
    [
        ("<divisions>48", "<divisions>0"),
        ("<divisions>48", "<divisions>many"),
        ("<duration>48", "<duration>-48"),
        ("<duration>48", "<duration>"),
        ("<step>E", "<step>H"),
        ("<octave>4", "<octave>40"),
        ('tempo="92"', 'tempo="0"'),
        ('tempo="92"', 'tempo="nan"'),
        ('tempo="92"', 'tempo="1e400"'),
        ("<beats>4", "<beats>0"),
        ("<fifths>-4", "<fifths>x"),
        ("<root-step>A", "<root-step>"),
        ('{"format":1', '{"format":7'),
        ('{"format":1', '"format":1'),
    ],
)
def test_wrong_values(old, new, text, tmp_path):
    path = tmp_path / "score.musicxml"
    assert old in text.replace("&quot;", '"')
    path.write_text(text.replace("&quot;", '"').replace(old, new))
    refused(path)


def test_a_field_that_was_cut_off_is_named(text, tmp_path):
    path = tmp_path / "score.musicxml"
    start = text.index(f'<miscellaneous-field name="{FIELD}">') + 500
    path.write_text(text[:start] + text[text.index("</miscellaneous-field>") :])
    assert "field" in refused(path)


@pytest.mark.parametrize("ending", [".musicxml", ".mxl", ".mid", ".pdf", ".svg"])
def test_arrangements_are_written(ending, score, tmp_path):
    parts = arrange_carol(score.sheet, score.grid, STYLES["piano"])
    path = tmp_path / f"carol{ending}"
    write_arrangement(parts, score, "piano", path)
    assert path.stat().st_size > 1000


def test_silence_is_no_arrangement(score, tmp_path):
    with pytest.raises(ScoreError, match="found silence: give a song with music"):
        write_arrangement((), score, "piano", tmp_path / "carol.pdf")


def test_chords_are_no_arrangement(score, tmp_path):
    parts = arrange_carol(score.sheet, score.grid, STYLES["piano"])
    with pytest.raises(ScoreError, match=r"found \.lab: choose one of \.musicxml"):
        write_arrangement(parts, score, "piano", tmp_path / "carol.lab")
