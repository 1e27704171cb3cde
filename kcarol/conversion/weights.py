"""The converter's weights file: the model, its named styles, and what else playing needs."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor

from kcarol.arrangement.styles import STYLES
from kcarol.audio.clips import file_sha256
from kcarol.config import ModelConfig
from kcarol.conversion.styles import Style
from kcarol.model.transformer import MusicTransformer
from kcarol.model.weights_file import (
    MAX_SIZE,
    WeightsError,
    config_from,
    load_module,
    save_module,
    vector,
)

CONVERTER_FILE = "converter.safetensors"
VOCODER_FILE = "vocoder.safetensors"
SYLLABLES_FILE = "syllables.safetensors"
POST_FILTER_FIELDS = ("texture", "balance", "stretch")  # of `Style`, in files as "own_..."
ARRANGEMENTS = "own_arrangement"


class ConverterWeights(NamedTuple):
    model: MusicTransformer
    styles: dict[str, Style]
    window_frames: int  # that the model was trained on
    texture: Tensor  # (2 * n_bands,) of styles that have none of their own


def shipped_weights() -> Path:
    """The folder of the shipped weights."""
    return Path(str(resources.files("kcarol") / "weights"))


class WeightsFiles(NamedTuple):
    converter: Path
    vocoder: Path
    syllables: Path


def find_weights(weights: Path | str | None) -> WeightsFiles:
    """Files in a folder or beside the converter's file; None: the shipped ones.

    Vocoder and syllables that are not beside the converter are the shipped ones.
    """
    place = Path(weights) if weights else shipped_weights()
    converter = place if place.suffix == ".safetensors" else place / CONVERTER_FILE
    beside = (converter.parent / name for name in (VOCODER_FILE, SYLLABLES_FILE))
    others = (path if path.is_file() else shipped_weights() / path.name for path in beside)
    return WeightsFiles(converter, *others)


def weights_sha256(weights: Path | str | None, vocoder: str) -> str:
    """Of the files that `Converter.load` reads. WeightsError if one cannot be read."""
    found = find_weights(weights)
    files = [path for path in found if vocoder == "neural" or path != found.vocoder]
    try:
        return "+".join([vocoder, *map(file_sha256, files)])
    except OSError as error:
        raise WeightsError(
            f"{error.filename}: expected weights, found {error.strerror}: give another --weights"
        ) from error


def save_converter(
    path: Path,
    model: MusicTransformer,
    styles: Mapping[str, Style | Tensor],
    window_frames: int,
    about: dict,
    texture: Tensor | None = None,
) -> None:
    """Write a converter's weights in half precision. `about`: JSON values on their training."""
    named = {name: Style.of(style) for name, style in styles.items()}
    extra = {
        "styles": {name: style.embedding.tolist() for name, style in named.items()},
        "window_frames": window_frames,
        "about": about,
        "texture": (torch.zeros(model.cfg.n_played) if texture is None else texture).tolist(),
        ARRANGEMENTS: {n: s.arrangement for n, s in named.items() if s.arrangement},
    }
    for field in POST_FILTER_FIELDS:
        own = {name: getattr(style, field) for name, style in named.items()}
        extra[f"own_{field}"] = {
            n: values.tolist() for n, values in own.items() if values is not None
        }
    save_module(path, model, model.cfg, extra, torch.float16)


def load_converter(path: Path, device: str | torch.device) -> ConverterWeights:
    """Read a file of `save_converter`. WeightsError for anything else."""
    model, extra = load_module(path, _model_of, device)
    window_frames = extra.get("window_frames")
    if not isinstance(window_frames, int) or not 2 <= window_frames <= MAX_SIZE:
        raise WeightsError(
            f"{path}: expected window_frames from 2 to {MAX_SIZE} beside the weights, found "
            f"{window_frames!r}; get the file again"
        )
    texture = vector(path, "texture", extra.get("texture"), model.cfg.n_played)
    return ConverterWeights(model, _read_styles(path, extra, model.cfg), window_frames, texture)


def _model_of(config: dict) -> MusicTransformer:
    if not config.get("n_bands"):
        raise WeightsError(
            "expected weights whose player reads notes, found those of an earlier kcarol: train "
            "them again (kcarol train), or leave out --weights for the ones that ship"
        )
    return MusicTransformer(config_from(ModelConfig, config))


def _read_styles(path: Path, extra: Mapping, cfg: ModelConfig) -> dict[str, Style]:
    """Named styles; fields that a style lacks are left out of the file."""
    embeddings = extra.get("styles")
    own = {field: extra.get(f"own_{field}", {}) for field in POST_FILTER_FIELDS}
    arrangements = extra.get(ARRANGEMENTS, {})
    if not isinstance(embeddings, dict) or not all(
        isinstance(values, dict) and values.keys() <= embeddings.keys()
        for values in (*own.values(), arrangements)
    ):
        raise WeightsError(
            f"{path}: expected styles by name beside the weights, found others; get the file again"
        )
    styles = {}
    for name, embedding in embeddings.items():
        fields = {
            field: vector(path, f"{field} of {name}", values[name], cfg.n_played)
            for field, values in own.items()
            if name in values
        }
        if arrangements.get(name) not in (None, *STYLES):
            raise WeightsError(
                f"{path}: expected {name} to be arranged as one of {', '.join(STYLES)}, found "
                f"{arrangements[name]!r}; get the file again"
            )
        embedding = vector(path, f"style {name}", embedding, cfg.d_style)
        styles[name] = Style(embedding, **fields, arrangement=arrangements.get(name))
    return styles
