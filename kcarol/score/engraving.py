"""Scores as pages: MusicXML engraved by Verovio, as SVG and PDF, and when its bars sound."""

from __future__ import annotations

import re
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple
from unicodedata import east_asian_width
from xml.sax.saxutils import escape, unescape

from kcarol.audio.files import atomic_write, write_text
from kcarol.score.errors import check_packages
from kcarol.score.notated import notate
from kcarol.score.pages.sizes import MARGIN_MM, PAGE_MM, size_of
from kcarol.score.score import Score

if TYPE_CHECKING:
    import verovio

UNITS_PER_MM = 10  # of Verovio's lengths at full size
SIDES = ("Left", "Right", "Top", "Bottom")
# Verovio prints these all the same
UNPRINTED = re.compile(r'<degree print-object="no">.*?</degree>', re.DOTALL)

TITLE = re.compile("(?<=<work-title>).*?(?=</work-title>)", re.DOTALL)
TITLE_LETTERS = 62  # that fit into a line at full size
BAR_REST = re.compile(  # of the first voice
    r'(?=<note>\s*<rest measure="yes" />\s*<duration>\d+</duration>\s*<voice>1<)'
)
HIDDEN_NOTE = (
    '<note print-object="no"><grace/><pitch><step>B</step><octave>4</octave></pitch>'
    "<voice>1</voice><type>quarter</type><stem>none</stem><notehead>none</notehead></note>"
)


class BarTime(NamedTuple):
    """When a bar of an engraved score sounds."""

    measure_id: str  # of its group in the SVG
    page: int  # from 0
    start_s: float  # seconds from the beginning of the record


def svg_pages(musicxml: str, *, is_printed: bool = False) -> list[str]:
    """Pages of a score; bars are groups of class "measure". The same score, the same pages.

    is_printed: on whole sheets of A4, which the music fills; else for the screen, as high as the
    music is, with the same bars on each page.
    """
    engraver = _engraver(musicxml, is_printed=is_printed)
    return [engraver.renderToSVG(page + 1) for page in range(engraver.getPageCount())]


def time_map(musicxml: str, score: Score) -> tuple[BarTime, ...]:
    """When each bar of `svg_pages(musicxml)` sounds, in the order in which they are played."""
    engraver = _engraver(musicxml)
    bars = [
        event
        for event in engraver.renderToTimemap({"includeMeasures": True, "includeRests": True})
        if "measureOn" in event
    ]
    starts_s = notate(score).time_s([bar["qstamp"] for bar in bars])
    return tuple(
        BarTime(name, engraver.getPageWithElement(name) - 1, start_s)
        for name, start_s in zip((bar["measureOn"] for bar in bars), starts_s.tolist(), strict=True)
    )


def write_svg(musicxml: str, path: Path) -> None:
    """All pages in one file, one below the other. ScoreError without Verovio; OSError."""
    check_packages(path, "verovio")
    width, height = (UNITS_PER_MM * length for length in PAGE_MM)
    pages = [
        page.replace("<svg ", f'<svg y="{number * height}" width="{width}" height="{height}" ', 1)
        for number, page in enumerate(svg_pages(musicxml, is_printed=True))
    ]
    whole = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{PAGE_MM[0]}mm" '
        f'height="{len(pages) * PAGE_MM[1]}mm" viewBox="0 0 {width} {len(pages) * height}">\n'
        '<rect width="100%" height="100%" fill="white"/>\n'
    )
    write_text(path, whole + "\n".join(pages) + "\n</svg>\n")


def write_pdf(musicxml: str, path: Path) -> None:
    """All pages as one PDF. ScoreError without Verovio or ReportLab; OSError."""
    check_packages(path, "verovio", "reportlab")
    from kcarol.score.pages.pdf import draw_pdf

    with atomic_write(path) as unfinished:
        draw_pdf(svg_pages(musicxml, is_printed=True), unfinished)


def _engraver(musicxml: str, *, is_printed: bool = False) -> verovio.toolkit:
    import verovio

    scale = size_of(n_staves(musicxml))
    most = round(TITLE_LETTERS * 100 / scale)
    musicxml = TITLE.sub(lambda title: escape(shortened(unescape(title[0]), most)), musicxml)
    units = UNITS_PER_MM * 100 / scale
    engraver = verovio.toolkit(False)
    # by default its fonts are found in the thread alone that imported it: Jupyter has others
    engraver.setResourcePath(str(files("verovio") / "data"))
    engraver.setOptions(
        {
            "pageWidth": round(PAGE_MM[0] * units),
            "pageHeight": round(PAGE_MM[1] * units),
            "scale": scale,
            "svgViewBox": True,
            "xmlIdChecksum": True,  # the same names in every run
            "footer": "none",
            "justifyVertically": is_printed,
            "adjustPageHeight": not is_printed,
            **{f"pageMargin{side}": round(MARGIN_MM * units) for side in SIDES},
        }
    )
    engraver.loadData(_with_first_staff_kept(UNPRINTED.sub("", musicxml)))
    return engraver


def _with_first_staff_kept(musicxml: str) -> str:
    """With a grace note that is not drawn in every bar in which the first part rests: Verovio
    leaves out staves without notes, and with them the chord symbols above.
    """
    if n_staves(musicxml) == 1:
        return musicxml
    start, end = musicxml.find("<part id="), musicxml.find("</part>")
    return musicxml[:start] + BAR_REST.sub(HIDDEN_NOTE, musicxml[start:end]) + musicxml[end:]


def shortened(title: str, most: int) -> str:
    """What fits into the width of so many Latin letters; others take two."""
    if _width(title) <= most:
        return title
    while _width(title) > most - 2:
        title = title[:-1]
    return f"{title.rstrip()} …"


def _width(title: str) -> int:
    return sum(2 if east_asian_width(sign) in "WF" else 1 for sign in title)


def n_staves(musicxml: str) -> int:
    more = sum(int(n) - 1 for n in re.findall(r"<staves>(\d+)</staves>", musicxml))
    return len(re.findall("<score-part ", musicxml)) + more
