"""A page of spectrograms: each song above its carol, with the sung notes drawn in.

spectrogram_page.py REAL_DIR OUT.html

With `--picture OUT.png --songs NAME ...` some of them are also saved as a picture for a model card.
"""

from __future__ import annotations

import argparse
import html
import io
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from kcarol.audio.decoding import load_audio
from kcarol.config import AudioConfig
from kcarol.conversion.converter import Converter, to_reference_rms
from kcarol.evaluation import metrics
from kcarol.evaluation.recordings import audio_files
from kcarol.notebook.figures import Picture, spectrograms


def sung_notes(path: Path, n_frames: int, cfg: AudioConfig) -> np.ndarray | None:
    """MIDI pitch (F,), -1 between notes, from the transcription beside a song, or None without."""
    beside = path.with_name(f"{path.stem}.ultrastar.txt")
    if not beside.exists():
        return None
    tune = np.full(n_frames, -1)
    for note in metrics.read_ultrastar(beside):
        start, stop = (
            round(at * cfg.frame_rate) for at in (note.start_s, note.start_s + note.length_s)
        )
        tune[start:stop] = note.midi
    return tune


def song_figure(path: Path, converter: Converter, style: str, heard_s: float) -> Picture:
    wave = load_audio(path, duration_s=heard_s)
    waves = {path.stem: wave, f"its carol, {style}": converter.mono_carol(wave, style)}
    mels = {
        title: converter.log_mel(torch.from_numpy(to_reference_rms(wave))).numpy()
        for title, wave in waves.items()
    }
    tune = sung_notes(path, len(mels[path.stem]), converter.audio)
    return spectrograms(mels, tune)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("real", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--weights", type=Path)
    parser.add_argument("--style", default="bells")
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--songs", nargs="+", help="stems of the songs in --picture")
    parser.add_argument("--picture", type=Path)
    args = parser.parse_args()
    converter = Converter.load(args.weights)
    figures = {
        path.stem: song_figure(path, converter, args.style, args.seconds)
        for path in audio_files(args.real / "pop")
    }
    body = "".join(
        f"<h2>{html.escape(name)}</h2>{figure._repr_html_()}" for name, figure in figures.items()
    )
    args.out.write_text(
        f'<!doctype html><meta charset="utf-8"><title>Songs and their carols</title>{body}',
        encoding="utf-8",
    )
    if args.picture:
        pictures = [Image.open(io.BytesIO(figures[name].png())) for name in args.songs or figures]
        page = Image.new(
            "RGB", (max(p.width for p in pictures), sum(p.height for p in pictures)), "white"
        )
        for number, picture in enumerate(pictures):
            page.paste(picture, (0, sum(p.height for p in pictures[:number])))
        page.save(args.picture)


if __name__ == "__main__":
    main()
