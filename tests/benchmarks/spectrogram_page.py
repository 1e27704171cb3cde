"""A page of whole songs over their carols, the styles in turn: spectrograms of the middle to 20 kHz
with the sung notes drawn in, and below them the levels of middle and side.

spectrogram_page.py REAL_DIR OUT.html [--picture OUT.png --songs NAME ...]

`--picture` saves some songs, or all, as one picture for a model card, too.
"""

from __future__ import annotations

import argparse
import html
import io
from itertools import cycle
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from kcarol.audio.decoding import load_audio, load_stereo
from kcarol.audio.full_band import middle_and_side
from kcarol.config import AudioConfig
from kcarol.conversion.converter import Converter
from kcarol.evaluation import metrics
from kcarol.evaluation.recordings import audio_files
from kcarol.notebook.figures import Picture, level_curves, spectrograms
from kcarol.notebook.figures.picture import SCREEN_DPI
from kcarol.notebook.inspection import bands

STEP_S = 2.0  # of the level curves
CFG = AudioConfig()


def sung_notes(path: Path, n_frames: int) -> np.ndarray | None:
    """MIDI pitch (F,), -1 between notes, from the transcription beside a song, or None without."""
    beside = path.with_name(f"{path.stem}.ultrastar.txt")
    if not beside.exists():
        return None
    tune = np.full(n_frames, -1)
    for note in metrics.read_ultrastar(beside):
        start, stop = (
            round(at * CFG.frame_rate) for at in (note.start_s, note.start_s + note.length_s)
        )
        tune[start:stop] = note.midi
    return tune


def song_pictures(path: Path, converter: Converter, style: str) -> list[Picture]:
    """Spectrograms and level curves of a song and its carol, whole."""
    carol = converter.convert(load_audio(path), style)
    waves = {path.stem: load_stereo(path, CFG.full_rate), f"its carol, {style}": carol}
    shown = {title: bands(wave) for title, wave in waves.items()}
    pair = [middle_and_side(torch.from_numpy(wave)).numpy() for wave in waves.values()]
    curves = {
        f"{who}, {which}": wave[channel : channel + 1]
        for channel, which in enumerate(("middle", "side"))
        for who, wave in zip(("song", "carol"), pair, strict=True)
    }
    tune = sung_notes(path, len(shown[path.stem]))
    return [spectrograms(shown, tune), level_curves(curves, STEP_S)]


def stacked(pictures: list[Picture]) -> Image.Image:
    """One below the other."""
    images = [Image.open(io.BytesIO(picture.png(SCREEN_DPI))) for picture in pictures]
    size = max(image.width for image in images), sum(image.height for image in images)
    page = Image.new("RGB", size, "white")
    top = 0
    for image in images:
        page.paste(image, (0, top))
        top += image.height
    return page


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("real", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--weights", type=Path)
    parser.add_argument("--styles", nargs="+", help="in turn (default: all)")
    parser.add_argument("--songs", nargs="+", help="stems of the songs (default: all)")
    parser.add_argument("--picture", type=Path)
    args = parser.parse_args()
    converter = Converter.load(args.weights)
    styles = cycle(args.styles or converter.styles)
    files = audio_files(args.real / "pop")
    chosen = [path for path in files if path.stem in (args.songs or [path.stem])]
    drawn = {path.stem: song_pictures(path, converter, next(styles)) for path in chosen}
    body = "".join(
        f"<h2>{html.escape(name)}</h2>{''.join(p._repr_html_() for p in pictures)}"
        for name, pictures in drawn.items()
    )
    args.out.write_text(
        f'<!doctype html><meta charset="utf-8"><title>Songs and their carols</title>{body}',
        encoding="utf-8",
    )
    if args.picture:
        page = stacked([picture for pictures in drawn.values() for picture in pictures])
        # keeps colours that few pixels have: of the curves
        method = Image.Quantize.MAXCOVERAGE
        page = page.quantize(method=method, dither=Image.Dither.NONE)
        page.save(args.picture, optimize=True)


if __name__ == "__main__":
    main()
