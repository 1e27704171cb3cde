"""What workers do in tests: in a module of its own, for they import it, and torch would take
seconds.
"""

import os
import signal
import time
from pathlib import Path

from kcarol.conversion.catalogue import Outcome, Settings


def note(song: Path, carol: Path, settings: Settings) -> Outcome:
    """Stands for a conversion; fails if another made the same carol meanwhile. Some songs kill the
    worker, once or always.
    """
    if song.name == "always":
        os.kill(os.getpid(), signal.SIGKILL)
    if song.name == "once" and not (mark := carol.with_name("mark")).exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    if carol.exists():
        return Outcome(str(song), str(carol), "skipped")
    time.sleep(0.005)
    # carol and record in one: a worker is ended at any moment when another dies
    carol.touch(exist_ok=False)
    return Outcome(str(song), str(carol), "done")


def raising(song: Path, carol: Path, settings: Settings) -> Outcome:
    raise KeyError("what no one thought of")


def short_group(seed, cfg, plain=False):
    """Rendered pairs of a second, padded as all are: the real thing in a tenth of the time."""
    from kcarol.corpus.dataset import rendering

    rendering.SONG_S = 1.0
    return rendering.make_shard(seed, cfg, plain)
