"""The weights of the network that separates voices: whose they are, and where they are kept."""

from __future__ import annotations

import os
from pathlib import Path

from kcarol.model.weights_file import WeightsError
from kcarol.voice.separation.cache import cache_folder, check_or_note_checksum
from kcarol.voice.separation.download import DownloadError, Progress, download
from kcarol.voice.separation.separator import Separator

# of torchaudio.pipelines.HDEMUCS_HIGH_MUSDB_PLUS
URL = "https://download.pytorch.org/torchaudio/models/hdemucs_high_trained.pt"
NOTICE = f"""\
--voice separate needs the weights of a network that is not part of kcarol: Hybrid Demucs by Meta,
torchaudio's HDEMUCS_HIGH_MUSDB_PLUS.
  from   {URL} (PyTorch's server)
  size   319 MB, fetched once and kept in {{folder}}
  terms  torchaudio names no licence of the weights, and their author says that they are provided
         only for scientific purposes (github.com/facebookresearch/demucs/issues/327). Trained on
         MUSDB-HQ, whose songs are for academic use, and on 150 songs made for Meta."""


def notice() -> str:
    """What is fetched, how large it is, from whom, and under which terms: a few lines."""
    return NOTICE.format(folder=cache_folder())


def cached_weights() -> Path:
    """Where fetched weights are kept."""
    return cache_folder() / URL.rsplit("/", 1)[-1]


def find_weights(
    given: Path | str | None = None, *, fetch: bool = False, progress: Progress | None = None
) -> Path:
    """The file of the weights: the given one, else the user's own, which may be fetched.

    fetch: whether the user agrees to what `notice` says. progress: told bytes.
    WeightsError where there is none, or not the same as at first; DownloadError.
    """
    path = cached_weights() if given is None else Path(given)
    if given is None and fetch and not path.exists():
        _fetch(path, progress)
    elif given is None and path.exists():
        check_or_note_checksum(path)
    if not path.is_file():
        raise WeightsError(
            f"{path}: no weights for separating voices; fetch them by --yes (319 MB from {URL}, "
            "for scientific purposes only), or give their file by --separator-weights"
        )
    return path


def _fetch(path: Path, progress: Progress | None) -> None:
    """Only weights that fit the network, and are those of the first time, get to `path`."""
    part = path.with_name(path.name + ".part")
    try:
        download(URL, part, progress)
    except DownloadError as error:
        raise DownloadError(f"{error}, or give the file by --separator-weights") from error
    try:
        Separator.load(part)
        check_or_note_checksum(path, part)
    except WeightsError:
        part.unlink()
        raise
    os.replace(part, path)
