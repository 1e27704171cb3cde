"""Songs beside their carols, with a choice of song, style, strength and excerpt."""

from __future__ import annotations

import html
from collections.abc import Mapping
from pathlib import Path

import librosa
import numpy as np

from kcarol.audio.decoding import load_audio, load_stereo
from kcarol.config import AudioConfig
from kcarol.conversion.converter import Converter
from kcarol.notebook.excerpts import MAX_EMBEDDED_S, excerpt
from kcarol.notebook.players import Players, players

HEARD_S = 90.0  # of a song's file
SONG = "song"  # label of the song itself


class Comparison:
    """`compare` without its widgets. Conversions are cached, so that changes are quick.

    songs: waves (T,) at 16 kHz, or files, by name; files are played in stereo. ValueError without
    songs.
    """

    def __init__(self, songs: Mapping[str, np.ndarray | Path | str], converter: Converter):
        self.songs = dict(songs)
        self.converter = converter
        if not self.songs:
            raise ValueError("expected at least one song, found none")
        self._carols: dict[tuple, np.ndarray] = {}
        self._originals: dict[str, np.ndarray] = {}

    def song(self, name: str) -> np.ndarray:
        """What is heard of a song, (T,), of a file its first HEARD_S."""
        file = self.songs[name]
        if isinstance(file, (str, Path)):
            heard = self.songs[name] = load_audio(file, duration_s=HEARD_S)
            stereo = load_stereo(file, AudioConfig.full_rate, duration_s=HEARD_S)
            n_samples = AudioConfig().full_factor * len(heard)  # as the carol has
            self._originals[name] = librosa.util.fix_length(stereo, size=n_samples)
        return self.songs[name]

    def original(self, name: str) -> np.ndarray:
        """What is played of a song: (2, T) of a file, else (T,)."""
        heard = self.song(name)
        return self._originals.get(name, heard)

    def carol(self, name: str, style: str, strength: float = 1.0) -> np.ndarray:
        """(2, T) of the whole song, since beats, chords and tune are decoded over all of it."""
        key = (name, style, round(strength, 3))
        if key not in self._carols:
            song = self.song(name)
            original = self._originals.get(name)
            self._carols[key] = self.converter.convert(song, style, strength, original=original)
        return self._carols[key]

    def waves(
        self, name: str, style: str, strength: float = 1.0, start_s: float = 0.0
    ) -> dict[str, np.ndarray]:
        """The same excerpt of song and carol."""
        pair = {SONG: self.original(name), f"carol, {style}": self.carol(name, style, strength)}
        return {label: excerpt(wave, start_s) for label, wave in pair.items()}

    def last_start_s(self, name: str) -> float:
        """The latest beginning of an excerpt, seconds."""
        return max(0.0, len(self.song(name)) / AudioConfig.sample_rate - MAX_EMBEDDED_S)

    def players(
        self, name: str, style: str, strength: float = 1.0, start_s: float = 0.0
    ) -> Players:
        """Song and carol side by side."""
        waves = self.waves(name, style, strength, start_s)
        captions = [f"{name}, from {start_s:g} s", f"strength {strength:g}"]
        return players(waves, dict(zip(waves, captions, strict=True)))


def compare(songs: Mapping[str, np.ndarray | Path | str], converter: Converter):
    """A `Comparison` with its controls, as an ipywidgets VBox; arguments as of `Comparison`.

    Widgets need a kernel: `Comparison(...).players(...)` is the same without one.
    """
    import ipywidgets as widgets

    comparison = Comparison(songs, converter)
    look = {
        "style": {"description_width": "6em"},
        "layout": widgets.Layout(width="32em", max_width="100%"),
    }
    slider = {"continuous_update": False, **look}
    song = widgets.Dropdown(options=list(comparison.songs), description="song", **look)
    style = widgets.Dropdown(options=list(converter.styles), description="style", **look)
    strength = widgets.FloatSlider(1.0, min=0, max=1, step=0.25, description="strength", **slider)
    start = widgets.FloatSlider(
        max=comparison.last_start_s(song.value), step=0.5, description="from, s", **slider
    )
    page = widgets.HTML()

    def draw(change=None) -> None:
        try:
            if change and change["owner"] is song:
                start.max = comparison.last_start_s(song.value)
            chosen = comparison.players(song.value, style.value, strength.value, start.value)
            page.value = chosen.page
        except Exception as error:  # Jupyter hides errors of callbacks: show it on the page
            page.value = f"<p>{html.escape(str(error))}</p>"

    for control in (song, style, strength, start):
        control.observe(draw, "value")
    draw()
    return widgets.VBox([song, style, strength, start, page])
