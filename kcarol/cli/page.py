"""Pages of the command line: where that of `kcarol convert` lies, the card of a song on it, and the
language of all.
"""

from __future__ import annotations

import os
from argparse import Namespace
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from kcarol.cli.language.catalogue import translated
from kcarol.cli.language.locale import reads_korean

if TYPE_CHECKING:
    from kcarol.page.language import Language
    from kcarol.page.songs import CarolPage

PAGE_OF_SEVERAL = "listen.html"


def carol_page(plan: Mapping[Path, Path], arguments: Namespace, several: bool) -> CarolPage:
    """The page of all carols of a call. FileExistsError if another file has its name."""
    from kcarol.page.songs import CarolPage

    carols = list(plan.values())
    if several:
        path = (arguments.out or _common_folder(carols)) / PAGE_OF_SEVERAL
    else:
        path = carols[0].with_suffix(".html")
    return CarolPage(path, carols, arguments.force, page_language())


def page_language() -> Language:
    """The user's."""
    from kcarol.page.language import ENGLISH, Language

    return Language("ko", translated) if reads_korean() else ENGLISH


def _common_folder(files: list[Path]) -> Path:
    """The lowest folder that all are in; of relative paths a relative one."""
    common = os.path.commonpath([os.path.abspath(file.parent) for file in files])
    is_relative = not any(file.is_absolute() for file in files)
    return Path(os.path.relpath(common) if is_relative else common)


@contextmanager
def card_of(page: CarolPage | None, song: Path, carol: Path) -> Iterator[list[Path]]:
    """Within it what was heard is to be saved to the file that it yields, as .json; afterwards the
    song's card is made. Without a page: no file, no card.
    """
    if page is None:
        yield []
        return
    from kcarol.transcription.transcription import Transcription

    with TemporaryDirectory() as folder:
        heard = Path(folder) / "heard.json"
        yield [heard]
        page.add(song, carol, Transcription.load(heard))
