"""Figures as functions of arrays, each of which returns a `Picture`: `figures.spectrogram(mel)`."""

from kcarol.notebook.figures.curves import content_against_style, losses, read_losses
from kcarol.notebook.figures.music import arranged, piano_rolls, syllables, transcription
from kcarol.notebook.figures.network import architecture, attention, positional_encodings
from kcarol.notebook.figures.picture import Picture, save, show
from kcarol.notebook.figures.sounds import features, level_curves, waveforms
from kcarol.notebook.figures.spectrograms import spectrograms, thumbnail
from kcarol.notebook.figures.tables import bars, table

__all__ = [
    "Picture",
    "architecture",
    "arranged",
    "attention",
    "bars",
    "content_against_style",
    "features",
    "level_curves",
    "losses",
    "piano_rolls",
    "positional_encodings",
    "read_losses",
    "save",
    "show",
    "spectrograms",
    "syllables",
    "table",
    "thumbnail",
    "transcription",
    "waveforms",
]
