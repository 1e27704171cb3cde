"""The catalogue is whole and true to the sources, and what it lacks stays English."""

import argparse
import ast
import errno
import inspect
import os
import re
from pathlib import Path
from string import Formatter

import pytest

import kcarol
from kcarol.cli.language import catalogue
from kcarol.cli.language.catalogue import KO, PHRASES, Catalogue, read_messages, translated
from kcarol.page.page import TEMPLATE, template_environment

PACKAGE = Path(kcarol.__file__).parent
MESSAGES = read_messages(KO)
OTHERS = (
    "Invalid data found when processing input",  # ffmpeg
    "MemoryError TrainingError ModuleNotFoundError: No module named",
)
JOINTS = re.compile(r"[:;,()']|\b(?:expected|found)\b")
PERCENT = re.compile(r"%\(\w+\)\w|%%")


def fields(text: str) -> list[str]:
    return sorted(field for _, field, *_ in Formatter().parse(text) if field is not None)


def pieces(text: str) -> list[str]:
    """What the sources may write apart from each other."""
    fixed = (piece for fixed, *_ in Formatter().parse(text) for piece in JOINTS.split(fixed))
    return [piece for piece in map(str.strip, fixed) if re.search(r"\w", piece)]


def texts_in(source: str) -> list[str]:
    """All strings of a module."""
    nodes = ast.walk(ast.parse(source))
    return [
        node.value
        for node in nodes
        if isinstance(node, ast.Constant) and node.value.__class__ is str
    ]


def texts_of_page() -> list[str]:
    source = (PACKAGE / "page" / TEMPLATE).read_text(encoding="utf-8")
    return [text for _, _, text in template_environment().extract_translations(source)]


@pytest.fixture(scope="module")
def said() -> str:
    """Everything that the package, its pages, argparse and the system may say."""
    files = [path for path in PACKAGE.rglob("*.py") if "notebook" not in path.parts]
    sources = [path.read_text(encoding="utf-8") for path in files] + [inspect.getsource(argparse)]
    texts = [text for source in sources for text in texts_in(source)] + texts_of_page()
    return "\n".join([*texts, *map(os.strerror, errno.errorcode), *OTHERS])


@pytest.fixture
def korean(monkeypatch):
    monkeypatch.setenv("LANGUAGE", "ko")


def test_no_message_is_left_that_nobody_says(said):
    spoken = said.casefold()  # a command's help is also shown as a sentence
    texts = ((text, piece.casefold().rstrip(".")) for text in MESSAGES for piece in pieces(text))
    assert [text for text, piece in texts if piece not in spoken] == []


def test_every_text_of_a_page_has_a_translation():
    texts = texts_of_page()
    assert len(texts) > 8 and [text for text in texts if text not in MESSAGES] == []


def test_translations_have_the_fields_of_their_messages():
    wrong = [text for text, korean in MESSAGES.items() if fields(text) != fields(korean)]
    assert wrong == []
    wrong = [
        text
        for text, korean in MESSAGES.items()
        if sorted(PERCENT.findall(text)) != sorted(PERCENT.findall(korean))
    ]
    assert wrong == []


def test_each_message_is_there_once():
    originals = re.findall(
        r'^msgid (".*"(?:\n".*")*)', KO.read_text(encoding="utf-8"), re.MULTILINE
    )
    assert len(originals) == len(set(originals)) == len(MESSAGES) + 1  # and the header


def test_every_translation_is_one_that_a_korean_terminal_on_windows_can_show():
    "".join(MESSAGES.values()).encode("cp949")


def test_translators_tools_read_the_same():
    pofile = pytest.importorskip("babel.messages.pofile")
    with KO.open("rb") as file:
        read = pofile.read_po(file)
    assert {message.id: message.string for message in read if message.id} == MESSAGES


def test_lines_are_translated_by_words_and_by_templates(korean):
    assert translated("interrupted") == "중단했습니다"
    line = "kcarol: a: b.mp3: expected a sound file, found nothing there"
    assert translated(line) == "kcarol: a: b.mp3: 파일을 찾을 수 없습니다"
    assert translated("x.mid: expected a tune, found only drums: add a track with a melody") == (
        "x.mid: 선율이 필요한데 드럼뿐입니다. 선율이 든 트랙을 더하세요"
    )


def test_the_last_path_of_a_line_is_the_one_that_it_is_about(korean):
    line = "kcarol: a.mp3: b.mp3: expected samples, found none"
    assert translated(line) == "kcarol: a.mp3: b.mp3: 샘플이 하나도 없습니다"


def test_fields_for_numbers_hold_nothing_else(korean):
    assert translated("expected 0 to 1, found 3") == "0에서 1 사이여야 하는데 3입니다"
    assert translated("expected here to there, found 3") == "expected here to there, found 3"


def test_what_is_not_in_the_catalogue_stays_english_whole(korean):
    unknown = "x.mid: expected a tune, found only drums: throw it away"
    for text in ("", "\n", "song.carol.wav\n", unknown):
        assert translated(text) == text


def test_texts_of_any_length_and_depth_pass(korean):
    for text in (": expected " * 3000, "a: b and c, d; (e): expected 1, found 2 s. " * 100):
        assert translated(text) == text


def test_each_line_of_a_text_is_translated(korean):
    assert translated("file  style\nterminated\n") == "file  style\n종료 신호를 받아 멈췄습니다\n"


def test_english_is_the_default():
    assert translated("interrupted") == "interrupted"


@pytest.mark.parametrize("content", [None, b"", b"\xff\xfe\x00", b'msgid "interrupted"\nmsgstr "'])
def test_without_a_catalogue_all_is_english(content, korean, tmp_path, monkeypatch):
    if content is not None:
        (tmp_path / "ko.po").write_bytes(content)
    monkeypatch.setattr(catalogue, "KO", tmp_path / "ko.po")
    monkeypatch.setattr(catalogue, "_korean", catalogue._korean.__wrapped__)
    assert translated("interrupted") == "interrupted"


def test_phrases_in_fields_are_translated_or_nothing_is():
    book = Catalogue({"{path}: {reason}": "{path} 때문: {reason}", "late": "늦음"})
    assert "reason" in PHRASES
    assert book.translate("a.wav: late") == "a.wav 때문: 늦음"
    assert book.translate("a.wav: early") == "a.wav: early"
