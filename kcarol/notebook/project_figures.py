"""The pictures and sounds of the README, from the data and the weights in the repository.

`kcarol figures` makes all of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from kcarol.audio.decoding import load_stereo
from kcarol.audio.encoding import save_audio
from kcarol.audio.files import atomic_write
from kcarol.config import AH, SYLLABLES, AudioConfig
from kcarol.conversion.converter import Converter
from kcarol.evaluation.ranking import strength_curve, style_reference
from kcarol.model.transformer import positional_encoding
from kcarol.notebook import demo_set, figures
from kcarol.notebook.demo_set import DEMO_SONG, STYLE
from kcarol.notebook.excerpts import rate_of
from kcarol.notebook.figures import Picture
from kcarol.notebook.figures.picture import SCREEN_DPI, small_png
from kcarol.notebook.figures.video import write_video
from kcarol.notebook.inspection import (
    architecture_stages,
    attention_weights,
    bands,
    features,
    log_mel,
    parameter_counts,
    resynthesised,
)
from kcarol.notebook.workbench.sheets import upper_page
from kcarol.score.files import write_arrangement
from kcarol.score.score import Score
from kcarol.transcription.transcription import Transcription

START_S, LENGTH_S = 8.0, 12.0  # of what is drawn: where the tune begins
CLIP_S = 10.0  # of the sounds beside the pictures
STYLE_LENGTH_S = 6.0  # of each style
PALETTE = 96  # colours of a picture: a third of the size, and no visible difference
ENCODING_LENGTHS = (64, 256, 512)  # steps
STRENGTHS = (0.0, 0.25, 0.5, 0.75, 1.0)
CHANGING_SONG = "paper-moon-letter"  # soft, then loud
SUNG_SONG = "tangerine-bicycle"  # whose words have many vowels
SUNG_STYLE = "choir"  # of its carols, and of the score
SCORE_SCALE = 2.0  # pixels a point
SCORE_SHARE = 0.36  # of a page that is drawn: its first system
GREYS = 8  # of a drawn page
JUDGED_S = 20.0  # of each song and carol: two windows of timbre statistics


def write_all(
    out: Path | str, data: Path | str = "data", converter: Converter | None = None
) -> Iterator[Path]:
    """Draw everything into `out` from the folder `data` and the shipped weights; yields each file
    as it is written. FileNotFoundError without the demo set.
    """
    out = Path(out)
    data = Path(data)
    title = demo_set.demo_titles()[DEMO_SONG]
    converter = converter or Converter.load(device="cpu")
    song = demo_set.demo_song(data)
    transcription = converter.transcribe(song)
    recorded = load_stereo(demo_set.demo_file(data), AudioConfig.full_rate)
    carol = converter.play(transcription, STYLE)
    pair = {title: recorded, f"its carol, {STYLE}": carol}
    pictures = {
        "pair": figures.spectrograms({name: bands(cut(wave)) for name, wave in pair.items()}),
        "levels": levels(converter, data),
        "waveforms": waveforms(data),
        "features": figures.features(features(cut(song)), title=title),
        "arrangements": figures.piano_rolls(demo_set.arrangements(), START_S + LENGTH_S),
        "heard": figures.transcription(
            log_mel(song),
            transcription,
            START_S,
            LENGTH_S,
            title,
            demo_set.true_tune(data, DEMO_SONG),
        ),
        "attention": attention(converter, cut(song)),
        "positions": positions(converter.model.cfg.d_model),
        "model": figures.architecture(
            architecture_stages(converter.model.cfg), "How a song becomes its carol"
        ),
        "parameters": figures.bars(
            {"MusicTransformer": ("parameters", parameter_counts(converter.model))}
        ),
        "styles": styles(converter, transcription),
        "strength": strength(converter, data),
        "vocoder": vocoders(converter, cut(demo_set.demo_carol(data))),
    }
    for name, picture in pictures.items():
        yield figures.save(picture, out / f"{name}.png", SCREEN_DPI, PALETTE)
    yield write_video(pair, out / "sample.mp4", START_S, LENGTH_S)
    yield from write_choirs(converter, data, out)
    yield from write_scores(Score.of_transcription(transcription, title=title), converter, out)


def cut(wave: np.ndarray, length_s: float = LENGTH_S) -> np.ndarray:
    """The span from START_S of a wave as of `excerpts`."""
    rate = rate_of(wave)
    return wave[..., round(START_S * rate) : round((START_S + length_s) * rate)]


def write_choirs(converter: Converter, data: Path, out: Path) -> Iterator[Path]:
    """A song's text as it is heard, and choirs that sing it, and "ah"."""
    song = demo_set.demo_song(data, SUNG_SONG)
    transcription, title = converter.transcribe(song), demo_set.demo_titles()[SUNG_SONG]
    picture = figures.syllables(log_mel(song), transcription, START_S, LENGTH_S, title)
    yield figures.save(picture, out / "syllables.png", SCREEN_DPI, PALETTE)
    for choir in (SYLLABLES, AH):
        sung = converter.play(transcription, SUNG_STYLE, choir=choir)
        yield save_audio(out / f"choir-{choir}.mp3", cut(sung, CLIP_S), AudioConfig.full_rate)


def write_scores(score: Score, converter: Converter, out: Path) -> Iterator[Path]:
    """The score of a song's carol for a choir, to look at, play from and open elsewhere."""
    parts = converter.arrange(score, SUNG_STYLE)
    for ending in (".musicxml", ".mid", ".pdf"):
        write_arrangement(parts, score, SUNG_STYLE, out / f"carol{ending}")
        yield out / f"carol{ending}"
    yield draw_first_page(out / "carol.pdf", out / "score.png")


def draw_first_page(pdf: Path, out: Path) -> Path:
    """The upper part of a PDF's first page as a picture."""
    with atomic_write(out) as unfinished:
        unfinished.write_bytes(small_png(upper_page(pdf, SCORE_SCALE, SCORE_SHARE), GREYS))
    return out


def levels(converter: Converter, data: Path) -> Picture:
    """Of a song with a soft verse, and of its carol."""
    recorded = load_stereo(demo_set.demo_file(data, CHANGING_SONG), AudioConfig.full_rate)
    carol = converter.convert(demo_set.demo_song(data, CHANGING_SONG), STYLE)
    title = demo_set.demo_titles()[CHANGING_SONG]
    return figures.level_curves({title: recorded, f"its carol, {STYLE}": carol})


def waveforms(data: Path) -> Picture:
    """All demo songs."""
    titles = demo_set.demo_titles()
    return figures.waveforms(
        {title: cut(demo_set.demo_song(data, name)) for name, title in titles.items()}
    )


def attention(converter: Converter, wave: np.ndarray) -> Picture:
    """Of all hearing layers, for a wave (T,) of at most one window."""
    step_s = converter.model.cfg.stride / converter.audio.frame_rate
    return figures.attention(attention_weights(converter, wave), step_s)


def positions(d_model: int) -> Picture:
    """Positional encodings of three lengths."""
    encodings = {f"{n} steps": positional_encoding(n, d_model).numpy() for n in ENCODING_LENGTHS}
    return figures.positional_encodings(encodings)


def styles(converter: Converter, transcription: Transcription) -> Picture:
    """The same content played in every named style."""
    rate = converter.audio.frame_rate
    span = slice(round(START_S * rate), round((START_S + STYLE_LENGTH_S) * rate))
    mels = {name: converter.carol_mel(transcription, name) for name in converter.styles}
    return figures.spectrograms({name: mel[span, 0].numpy() for name, mel in mels.items()})


def strength(converter: Converter, data: Path) -> Picture:
    """Content and style at STRENGTHS; the other demo songs and carols are the style reference."""
    others = [name for name in demo_set.demo_titles() if name != DEMO_SONG]
    songs = [cut(demo_set.demo_song(data, name), JUDGED_S) for name in others]
    carols = [cut(demo_set.demo_carol(data, name), JUDGED_S) for name in others]
    song = cut(demo_set.demo_song(data), JUDGED_S)
    rows = strength_curve(converter, song, style_reference(songs, carols), STRENGTHS, STYLE)
    return figures.content_against_style(
        STRENGTHS, [row["content"] for row in rows], [row["style"] for row in rows]
    )


def vocoders(converter: Converter, carol: np.ndarray) -> Picture:
    """A carol (T,) beside its log-mel through the vocoder and Griffin-Lim."""
    waves = resynthesised(carol, converter)
    return figures.spectrograms({name: log_mel(wave) for name, wave in waves.items()})
