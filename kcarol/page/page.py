"""The page: a template, filled with cards and tables."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from kcarol.audio.files import write_text
from kcarol.page.card import Card
from kcarol.page.language import ENGLISH, Language

if TYPE_CHECKING:
    from jinja2 import Environment, Template

TEMPLATE = "page.html"
GENERATOR = '<meta name="generator" content="kcarol">'  # by which a page of ours is known
HEAD_BYTES = 1000  # in which it stands


@dataclass(frozen=True)
class TableOfFigures:
    """Rows of texts under the names of columns; the first `n_names` of each row name it."""

    caption: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    n_names: int = 1


@dataclass(frozen=True)
class Page:
    """Cards under a title; `lead`: what is heard here, in a few sentences."""

    title: str
    lead: Sequence[str]
    cards: Sequence[Card]
    tables: Sequence[TableOfFigures] = ()

    def write(self, path: Path, language: Language = ENGLISH) -> Path:
        """One HTML file without outside addresses but those of its sounds and pictures. Names of
        songs stay, all other texts are translated.
        """
        texts = {"style": _beside("page.css"), "script": _beside("player.js")}
        html = _template(language).render(
            page=self, language=language.code, generator=GENERATOR, **texts
        )
        write_text(path, html)
        return path


def files_of(page: Path) -> Path:
    """The folder of a page's sounds and pictures: NAME_files, as browsers name it."""
    return page.with_name(f"{page.stem}_files")


def remove_page(path: Path) -> None:
    """Before another is made: the page and the folder of its files."""
    path.unlink(missing_ok=True)
    shutil.rmtree(files_of(path), ignore_errors=True)


def check_page(path: Path, force: bool) -> None:
    """FileExistsError if there is a file that is no page of ours, unless forced."""
    if force or not path.exists():
        return
    with path.open("rb") as file:
        if GENERATOR.encode() not in file.read(HEAD_BYTES):
            raise FileExistsError(f"{path} exists and is no page of kcarol; move it, or --force")


def clock(seconds: float) -> str:
    """1:05, or 1:01:05."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


@cache
def _template(language: Language) -> Template:
    environment = template_environment()
    # the second is for plurals, of which there are none
    environment.install_gettext_callables(  # type: ignore[attr-defined]
        language.translate, language.translate, newstyle=True
    )
    environment.filters |= {"clock": clock, "translated": language.translate}
    return environment.from_string(_beside(TEMPLATE))


def template_environment() -> Environment:
    """Of the template, whose own texts stand between `trans` and `endtrans`."""
    from jinja2 import Environment, StrictUndefined

    environment = Environment(
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
        extensions=["jinja2.ext.i18n"],
    )
    environment.policies["ext.i18n.trimmed"] = True
    return environment


def _beside(name: str) -> str:
    return Path(__file__).with_name(name).read_text(encoding="utf-8")
