"""The vocoder WORLD, where it is installed.

M. Morise, F. Yokomori, K. Ozawa, "WORLD: a vocoder-based high-quality speech synthesis system",
IEICE Trans. E99-D, 2016; `pyworld`, MIT licence.
"""

from __future__ import annotations

import warnings
from types import ModuleType

from kcarol.config import install_command
from kcarol.synthesis.render import RenderError


def world() -> ModuleType:
    """The module `pyworld`. Raises RenderError, one line, where it cannot be loaded."""
    try:
        with warnings.catch_warnings():  # it imports pkg_resources, which is deprecated
            warnings.simplefilter("ignore", UserWarning)
            import pyworld
    except ImportError as error:
        raise RenderError(
            f"expected WORLD (pyworld) for sung syllables, found none ({error}); install: "
            f"{install_command('voice')}"
        ) from error
    return pyworld
