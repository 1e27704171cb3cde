"""A line on the terminal that tells how far a song is and how much time is left."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from kcarol.audio.files import printable
from kcarol.cli.language.catalogue import translated

FIRST_LINE = "{desc} {percentage:3.0f}% |{bar}|"
TIME_LEFT = "{remaining} left"
LEAST_SHARE = 0.05  # from which the time left is told
LONGEST_NAME = 30  # columns of a song's name


@contextmanager
def song_progress(song: Path) -> Iterator[Callable[[str, float], None]]:
    """To be told of a conversion's progress, as `kcarol.convert` does; shown on a terminal alone,
    and gone in the end.
    """
    from tqdm import tqdm

    name, time_left = _shortened(printable(song.name)), translated(TIME_LEFT)
    # the time left follows from the whole way so far: the speed of the last blocks would jump
    with tqdm(
        desc=name,
        total=1,
        leave=False,
        disable=None,
        bar_format=FIRST_LINE,
        smoothing=0,
        dynamic_ncols=True,
    ) as bar:

        def tell(part: str, share: float) -> None:
            bar.set_description_str(translated(f"{part} {name}"), refresh=False)
            bar.bar_format = f"{FIRST_LINE} {time_left}" if share > LEAST_SHARE else FIRST_LINE
            bar.update(share - bar.n)

        yield tell


def _shortened(name: str) -> str:
    from tqdm.utils import disp_len, disp_trim

    return name if disp_len(name) <= LONGEST_NAME else disp_trim(name, LONGEST_NAME - 1) + "…"
