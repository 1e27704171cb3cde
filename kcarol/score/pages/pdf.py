"""Verovio's SVG drawn as PDF.

Music glyphs are shapes; words are in the fonts that every PDF reader has. General converters of SVG
to PDF set Verovio's words and accidentals, which follow one another in one line, on top of each
other, and take a second a page.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from fontTools.svgLib.path import parse_path
from reportlab.lib.pagesizes import A4
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfbase.pdfmetrics import registerFont, stringWidth
from reportlab.pdfgen.canvas import Canvas
from reportlab.pdfgen.pathobject import PDFPathObject

FONT = "Leipzig"
EM = 1000  # units of the music font
# as Verovio's style sheet has them
BOLD = {"ending", "fing", "reh", "tempo"}
ITALIC = {"dir", "dynam", "mNum"}
HIDDEN = {"placeholder"}
FACES = ("Times-Roman", "Times-Bold", "Times-Italic", "Times-BoldItalic")
ACCIDENTALS = "♭♮♯"  # which Times lacks
KOREAN = "HYSMyeongJo-Medium"  # letters that Times lacks: the reader has them
Point = tuple[float, float]
HREF = "{http://www.w3.org/1999/xlink}href"


class Style(NamedTuple):
    """What a group hands down to the words in it."""

    is_bold: bool = False
    is_italic: bool = False
    size: float = 0.0
    is_music: bool = False

    @property
    def face(self) -> str:
        return FACES[self.is_bold + 2 * self.is_italic]

    def within(self, element: Element) -> Style:
        kinds = set(element.get("class", "").split())
        weight, slant = element.get("font-weight"), element.get("font-style")
        size = element.get("font-size", "").removesuffix("px")
        family = element.get("font-family")
        return Style(
            bool(kinds & BOLD) or self.is_bold if weight is None else weight == "bold",
            bool(kinds & ITALIC) or self.is_italic if slant is None else slant == "italic",
            float(size) if size else self.size,
            self.is_music if family is None else family == FONT,
        )


class Run(NamedTuple):
    """Words in one style."""

    text: str
    style: Style

    @property
    def face(self) -> str:
        return self.style.face if all(map(_is_latin, self.text)) else KOREAN

    def signs(self) -> list[Run]:
        """One by one."""
        return [self._replace(text=sign) for sign in self.text]

    @property
    def width(self) -> float:
        if self.style.is_music:
            return sum(_advances().get(sign, 0.0) for sign in self.text) * self.style.size / EM
        return stringWidth(self.text, self.face, self.style.size)


class Line(NamedTuple):
    """Runs that follow one another."""

    x: float
    y: float
    anchor: str  # which point of the line is at x: "start", "middle" or "end"
    runs: list[Run]


def draw_pdf(pages: Sequence[str], path: Path) -> None:
    """Pages of SVG as a file; the same pages, the same bytes."""
    registerFont(UnicodeCIDFont(KOREAN))
    canvas = Canvas(str(path), pagesize=A4, invariant=1)
    canvas.setCreator("kcarol")
    for page in pages:
        Drawing(canvas, ElementTree.fromstring(page)).draw()
        canvas.showPage()
    canvas.save()


class Drawing:
    """One page that is being drawn."""

    def __init__(self, canvas: Canvas, page: Element):
        self.canvas = canvas
        self.page = next(element for element in page if element.get("class") == "definition-scale")
        self.glyphs = {
            group.get("id"): group[0].get("d", "") for group in page.iter(_svg("g")) if len(group)
        }

    def draw(self) -> None:
        width, height = map(float, self.page.get("viewBox", "").split()[2:])
        self.canvas.translate(0, A4[1])
        self.canvas.scale(A4[0] / width, -A4[1] / height)
        for child in self.page:
            self._draw(child, Style())

    def _draw(self, element: Element, style: Style) -> None:
        kind = element.tag.rpartition("}")[2]
        if kind == "g":
            self._group(element, style.within(element))
        elif kind == "use":
            x, y, scale, _ = _numbers(element.get("transform", ""))
            self._glyph(element.get(HREF, "")[1:].partition("-")[0], x, y, scale)
        elif kind == "text":
            for line in lines_of(element, style):
                self._line(line)
        elif kind in ("path", "polygon", "polyline", "rect", "ellipse"):
            self._shape(kind, element)

    def _group(self, element: Element, style: Style) -> None:
        if HIDDEN & set(element.get("class", "").split()):
            return
        offset = element.get("transform")
        if offset:
            self.canvas.saveState()
            self.canvas.translate(*_numbers(offset)[:2])
        for child in element:
            self._draw(child, style)
        if offset:
            self.canvas.restoreState()

    def _glyph(self, code: str, x: float, y: float, scale: float) -> None:
        """A sign of the music font; each is kept once in the file."""
        if not _outline(code):
            return
        if not self.canvas.hasForm(code):
            self.canvas.beginForm(code, -EM, -2 * EM, 4 * EM, 3 * EM)
            self.canvas.drawPath(_path(self.canvas, _outline(code)), stroke=0, fill=1)
            self.canvas.endForm()
        self.canvas.saveState()
        self.canvas.transform(scale, 0, 0, -scale, x, y)
        self.canvas.doForm(code)
        self.canvas.restoreState()

    def _line(self, line: Line) -> None:
        width = sum(run.width for run in line.runs)
        x = line.x - {"middle": width / 2, "end": width}.get(line.anchor, 0.0)
        for run in line.runs:
            if run.style.is_music:
                for sign in run.signs():
                    self._glyph(f"{ord(sign.text):X}", x, line.y, run.style.size / EM)
                    x += sign.width
            else:
                self._words(x, line.y, run)
                x += run.width

    def _words(self, x: float, y: float, run: Run) -> None:
        self.canvas.saveState()
        self.canvas.transform(1, 0, 0, -1, x, y)
        self.canvas.setFont(run.face, run.style.size)
        self.canvas.drawString(0, 0, run.text)
        self.canvas.restoreState()

    def _shape(self, kind: str, element: Element) -> None:
        canvas = self.canvas
        width = float(element.get("stroke-width", 0 if kind == "ellipse" else 1))
        canvas.setLineWidth(width)
        dashes = element.get("stroke-dasharray")
        canvas.setDash(_numbers(dashes) if dashes else [])
        canvas.setLineCap({"round": 1, "square": 2}.get(element.get("stroke-linecap", ""), 0))
        canvas.setLineJoin({"round": 1, "bevel": 2}.get(element.get("stroke-linejoin", ""), 0))
        is_filled = element.get("fill") != "none" and element.get("fill-opacity") != "0"
        how = {"stroke": int(width > 0), "fill": int(is_filled and kind != "polyline")}
        if kind == "path":
            canvas.drawPath(_path(canvas, element.get("d", "")), **how)
        elif kind == "rect":
            size = (float(element.get(name, 0)) for name in ("x", "y", "width", "height"))
            canvas.rect(*size, **how)
        elif kind == "ellipse":
            x, y, rx, ry = (float(element.get(name, 0)) for name in ("cx", "cy", "rx", "ry"))
            canvas.ellipse(x - rx, y - ry, x + rx, y + ry, **how)
        else:
            close = " Z" if kind == "polygon" else ""
            canvas.drawPath(_path(canvas, f"M {element.get('points', '')}{close}"), **how)


def lines_of(text: Element, style: Style) -> list[Line]:
    """Lines of a text: a span with a place of its own begins one."""
    lines = [Line(*_place(text, 0.0, 0.0, "start"), [])]
    _add_runs_(lines, text, style.within(text))
    return [line for line in lines if line.runs]


def _add_runs_(lines: list[Line], element: Element, style: Style) -> None:
    """Adds what the spans within an element say to the last line or to new ones."""
    for span in element.iterfind(_svg("tspan")):
        if span.get("x") is not None:
            lines.append(Line(*_place(span, *lines[-1][:3]), []))
        own = style.within(span)
        if own.size and span.text and span.text.strip("\n"):
            lines[-1].runs.extend(_runs(span.text, own))
        _add_runs_(lines, span, own)


def _place(element: Element, x: float, y: float, anchor: str) -> tuple[float, float, str]:
    """Of an element; what it does not say is as given."""
    return (
        float(element.get("x", x)),
        float(element.get("y", y)),
        element.get("text-anchor", anchor),
    )


def _runs(text: str, style: Style) -> list[Run]:
    """Parts in one font: flats and sharps are in that of music."""
    music = style._replace(is_music=True)
    return [
        Run("".join(part), music if is_accidental else style)
        for is_accidental, part in groupby(text, ACCIDENTALS.__contains__)
    ]


def _is_latin(sign: str) -> bool:
    return ord(sign) < 0x300 or 0x2000 <= ord(sign) < 0x2070 or 0xE000 <= ord(sign) < 0xF900


def _path(canvas: Canvas, data: str) -> PDFPathObject:
    path = canvas.beginPath()
    parse_path(data, Pen(path))
    return path


class Pen:
    """What reads an outline, as fontTools has it, on a path of the canvas."""

    def __init__(self, path: PDFPathObject):
        self.path = path

    def moveTo(self, point: Point) -> None:
        self.path.moveTo(*point)

    def lineTo(self, point: Point) -> None:
        self.path.lineTo(*point)

    def curveTo(self, first: Point, second: Point, end: Point) -> None:
        self.path.curveTo(*first, *second, *end)

    def closePath(self) -> None:
        self.path.close()

    def endPath(self) -> None:
        """Open outlines stay open."""


@cache
def _outline(code: str) -> str:
    """Of a sign of the music font; of a space, none."""
    file = _font_data() / FONT / f"{code}.xml"
    if not file.exists():
        return ""
    return " ".join(path.get("d", "") for path in ElementTree.parse(file).getroot().iter("path"))


@cache
def _advances() -> dict[str, float]:
    """Width of each sign of the music font, in its units."""
    signs = ElementTree.parse(_font_data() / f"{FONT}.xml").getroot().iter("g")
    return {chr(int(sign.get("c", ""), 16)): float(sign.get("h-a-x", 0)) for sign in signs}


def _font_data() -> Path:
    import verovio

    return Path(verovio.__file__).parent / "data"


def _svg(name: str) -> str:
    return "{http://www.w3.org/2000/svg}" + name


def _numbers(text: str) -> list[float]:
    return [float(number) for number in re.findall(r"-?[\d.]+", text)]
