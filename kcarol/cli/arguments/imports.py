"""A heavy import in less time."""

from __future__ import annotations

import gc
import sys


def import_pytorch() -> None:
    """Import PyTorch out of sight of the garbage collector.

    Its 160,000 objects live as long as the process; going through them now and again, and when the
    process ends, would take half a second.
    """
    if "torch" in sys.modules or not gc.isenabled():
        return
    gc.disable()
    try:
        import torch  # noqa: F401
    finally:
        gc.freeze()
        gc.enable()
