import re
from concurrent.futures import ThreadPoolExecutor

import pytest

from kcarol.score.engraving import shortened, svg_pages, time_map, write_pdf, write_svg
from kcarol.score.score import Score
from kcarol.transcription.lead_sheet import Chord, LeadSheet, Metre, Note

pytest.importorskip("verovio")

BAR = """<measure number="{number}">{head}
<harmony><root><root-step>B</root-step><root-alter>-1</root-alter></root><kind>dominant</kind>
</harmony>
<note><pitch><step>G</step><octave>4</octave></pitch><duration>{beats}</duration><type>{kind}</type>
{dot}</note></measure>"""
HEAD = """<attributes><divisions>1</divisions><time><beats>4</beats><beat-type>4</beat-type></time>
<clef><sign>G</sign><line>2</line></clef></attributes>"""
WALTZ = "<attributes><time><beats>3</beats><beat-type>4</beat-type></time></attributes>"
SHEET = """<score-partwise version="3.1"><work><work-title>Winter 겨울</work-title></work>
<part-list><score-part id="P1"><part-name>Tune</part-name></score-part></part-list>
<part id="P1">{bars}</part></score-partwise>"""


@pytest.fixture(scope="module")
def musicxml():
    bars = [
        BAR.format(number=number, head=head, beats=beats, kind=kind, dot=dot)
        for number, (head, beats, kind, dot) in enumerate(
            [(HEAD, 4, "whole", ""), ("", 4, "whole", ""), (WALTZ, 3, "half", "<dot/>")], start=1
        )
    ]
    return SHEET.format(bars="".join(bars))


@pytest.fixture(scope="module")
def score():
    chords = (Chord(0, 11, 10, "7"),)
    changes = (Metre(8.0, 3),)
    return Score.of_sheet(
        LeadSheet("", 120.0, 4, 10, "major", (Note(0, 4, 67),), chords, (), changes=changes)
    )


def test_a_page_has_title_bars_and_chord_symbols(musicxml):
    (page,) = svg_pages(musicxml)
    assert "Winter 겨울" in page
    assert page.count('class="measure"') == page.count('class="harm"') == 3


def test_the_same_score_gives_the_same_pages(musicxml, tmp_path):
    assert svg_pages(musicxml) == svg_pages(musicxml)
    files = [tmp_path / "a.pdf", tmp_path / "b.pdf"]
    for file in files:
        write_pdf(musicxml, file)
    assert files[0].read_bytes() == files[1].read_bytes()


def test_a_page_on_the_screen_ends_below_its_last_bar(musicxml):
    (shown,), (printed,) = svg_pages(musicxml), svg_pages(musicxml, is_printed=True)
    heights = [int(re.search(r'viewBox="0 0 2100 (\d+)"', page)[1]) for page in (shown, printed)]
    assert heights[0] < heights[1] / 2 and heights[1] == 2970
    bars = re.compile(r'<g id="(\w+)" class="measure"')
    assert bars.findall(shown) == bars.findall(printed)


def test_any_thread_engraves(musicxml):
    """Jupyter answers the buttons of a page in another thread than it runs cells in."""
    with ThreadPoolExecutor(1) as other:
        assert other.submit(svg_pages, musicxml).result() == svg_pages(musicxml)


def test_bars_sound_when_the_record_has_them(musicxml, score):
    bars = time_map(musicxml, score)
    assert [bar.start_s for bar in bars] == [0.0, 2.0, 4.0]
    (page,) = svg_pages(musicxml)
    assert [bar.measure_id for bar in bars] == re.findall(r'<g id="(\w+)" class="measure"', page)
    assert {bar.page for bar in bars} == {0}


def test_an_svg_file_has_all_pages(musicxml, tmp_path):
    write_svg(musicxml, tmp_path / "song.svg")
    text = (tmp_path / "song.svg").read_text(encoding="utf-8")
    assert text.startswith("<svg ")
    assert text.count('class="measure"') == 3


@pytest.mark.parametrize(
    ("title", "short"),
    [("Winter", "Winter"), ("A winter song", "A winter …"), ("겨울 겨울 겨울", "겨울 겨 …")],
)
def test_titles_fit_into_a_line(title, short):
    assert shortened(title, 10) == short
