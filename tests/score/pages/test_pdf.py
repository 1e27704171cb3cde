from xml.etree import ElementTree

import pytest

pytest.importorskip("reportlab")

from kcarol.score.pages.pdf import FACES, KOREAN, Run, Style, draw_pdf, lines_of  # noqa: E402

TEXT = """<text xmlns="http://www.w3.org/2000/svg" x="10" y="20" text-anchor="end" font-size="0px">
<tspan class="text"><tspan font-size="400px">B</tspan>
<tspan font-family="Leipzig" font-size="700px">\ue260</tspan><tspan font-size="400px">7</tspan>
</tspan></text>"""


def test_words_and_signs_follow_one_another():
    (line,) = lines_of(ElementTree.fromstring(TEXT), Style())
    assert (line.x, line.y, line.anchor) == (10, 20, "end")
    assert [(run.text, run.style.is_music) for run in line.runs] == [
        ("B", False),
        ("\ue260", True),
        ("7", False),
    ]
    assert all(run.width > 50 for run in line.runs)


def test_titles_in_korean_have_a_font_that_has_them():
    assert Run("겨울", Style(size=1)).face == KOREAN
    assert Run("Winter", Style(size=1)).face == FACES[0]


def test_no_pages_are_an_empty_file(tmp_path):
    draw_pdf([], tmp_path / "none.pdf")
    assert (tmp_path / "none.pdf").read_bytes().startswith(b"%PDF")


def test_signs_follow_one_another():
    run = Run("\ueca5 \uecb7", Style(size=1, is_music=True))
    assert sum(sign.width for sign in run.signs()) == run.width


def test_flats_in_names_are_of_the_music_font():
    text = TEXT.replace("B</tspan>", "Trumpet in B♭</tspan>")
    (line,) = lines_of(ElementTree.fromstring(text), Style())
    assert [(run.text, run.style.is_music) for run in line.runs[:2]] == [
        ("Trumpet in B", False),
        ("♭", True),
    ]
