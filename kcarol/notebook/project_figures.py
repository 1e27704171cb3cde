"""The project's own pictures: what README and notebooks show, made from the data and the weights in
the repository.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch

from kcarol.audio.decoding import load_audio
from kcarol.audio.encoding import save_audio
from kcarol.audio.features import Features
from kcarol.audio.log_mel import LogMel
from kcarol.audio.loudness import match_loudness
from kcarol.config import AudioConfig, ModelConfig
from kcarol.conversion.converter import Converter
from kcarol.corpus.arrangement.carol import STYLES, arrange_carol
from kcarol.corpus.dataset.demo_set import STYLE, DemoSong, demo_labels, file_name
from kcarol.corpus.lead_sheet.demo_songs import DEMO_SONGS
from kcarol.evaluation.ranking import strength_curve, style_reference
from kcarol.model.content import N_CONTENT
from kcarol.model.transformer import MusicTransformer, positional_encoding
from kcarol.notebook import plotting
from kcarol.transcription.decoding import Transcription
from kcarol.transcription.lead_sheet import LeadSheet, Part
from kcarol.vocoder.neural import GriffinLim

SONG = "Snowlit Signal"  # drawn and heard in the README
START_S, LENGTH_S = 8.0, 12.0  # of what is drawn: where its tune begins
CLIP_S = 10.0  # of the sounds beside the pictures
COLOURS = 96  # of a picture: a third of the size, and no difference to be seen
ENCODING_LENGTHS = (64, 256, 512)  # steps
STRENGTHS = (0.0, 0.25, 0.5, 0.75, 1.0)
JUDGED_S = 20.0  # of each song and carol: two windows of timbre statistics

# part -> (start in s, length in s, MIDI pitch)
Strokes = dict[str, list[tuple[float, float, float]]]


def write_all(
    out: Path | str, data: Path | str = "data", converter: Converter | None = None
) -> Iterator[Path]:
    """Draw everything into `out`, from the folder `data` and the shipped weights; yields each file
    as it is written.

    Raises FileNotFoundError without the demo set, and what `Converter.load` raises.
    """
    out, data = Path(out), Path(data)
    converter = converter or Converter.load(device="cpu")
    song, true_carol = demo_song(SONG, data), demo_carol(SONG, data)
    mel, transcription = converter.predict(song, STYLE)
    carol = match_loudness(converter.vocode(mel, len(song)), song)
    pictures = {
        "pair": plotting.pair_figure(
            *(log_mel(cut(wave)) for wave in (song, carol)), titles=(SONG, f"its carol, {STYLE}")
        ),
        "waveforms": plotting.waveforms(
            {title: cut(demo_song(title, data)) for title in DEMO_SONGS}
        ),
        "features": plotting.features_figure(features(cut(song)), title=SONG),
        "arrangements": plotting.parts_figure(arrangements(SONG), START_S + LENGTH_S),
        "heard": heard(song, transcription, SONG),
        "attention": attention(converter, cut(song)),
        "positions": positions(converter.model.cfg.d_model),
        "model": plotting.model_figure(
            model_stages(converter.model.cfg), "How a song becomes its carol"
        ),
        "parameters": plotting.bars_figure(
            parameter_counts(converter.model), "parameters", "MusicTransformer"
        ),
        "styles": styles(converter, transcription),
        "strength": strength(converter, data),
        "vocoder": plotting.spectrograms(
            {name: log_mel(x) for name, x in resynthesised(cut(true_carol), converter).items()}
        ),
    }
    for name, picture in pictures.items():
        yield plotting.save(picture, out / f"{name}.png", plotting.SCREEN_DPI, COLOURS)
    for name, wave in {"song": song, "carol": carol}.items():
        yield save_audio(out / f"{name}.mp3", cut(wave, START_S, CLIP_S))


def demo_song(title: str, data: Path | str = "data") -> np.ndarray:
    """A song of the demo set, (T,) at 16 kHz. FileNotFoundError if it is not there."""
    return load_audio(_the_one(Path(data) / "raw" / "kpop", title))


def demo_carol(title: str, data: Path | str = "data") -> np.ndarray:
    """The true carol of a song of the demo set, (T,) at 16 kHz. FileNotFoundError if it is not
    there.
    """
    return load_audio(_the_one(Path(data) / "demo_carols", title))


def _the_one(folder: Path, title: str) -> Path:
    found = [
        path
        for path in sorted(folder.glob(f"{file_name(title)}.*"))
        if path.suffix in (".mp3", ".ogg")
    ]
    if not found:
        raise FileNotFoundError(
            f"{folder}: expected {file_name(title)}.mp3 or .ogg of the demo set, found none; run this in the "
            "repository"
        )
    return found[0]


def cut(wave: np.ndarray, start_s: float = START_S, length_s: float = LENGTH_S) -> np.ndarray:
    """The span of (T,) at 16 kHz from `start_s`."""
    rate = AudioConfig.sample_rate
    return wave[round(start_s * rate) : round((start_s + length_s) * rate)]


@torch.inference_mode()
def log_mel(wave: np.ndarray) -> np.ndarray:
    """(T,) -> natural-log mel (F, M), numpy."""
    return LogMel()(torch.from_numpy(np.ascontiguousarray(wave))).numpy()


@torch.inference_mode()
def features(wave: np.ndarray) -> np.ndarray:
    """(T,) -> features (F, C), numpy."""
    return Features()(torch.from_numpy(np.ascontiguousarray(wave))).numpy()


def sheet_of(title: str) -> LeadSheet:
    """The lead sheet of a demo song. KeyError for other titles."""
    return DEMO_SONGS[title].sheet


def arrangements(title: str, style: str = STYLE) -> dict[str, Strokes]:
    """What the pop band and the carol's instruments play of a demo song, drums left out. KeyError
    for other titles.
    """
    demo = DemoSong.of(DEMO_SONGS[title])
    parts = {
        "pop": demo.arrangement.parts,
        f"carol, {style}": arrange_carol(demo.sheet, demo.grid, STYLES[style]),
    }
    return {
        name: {part.name: _strokes(part) for part in found if not part.is_drums}
        for name, found in parts.items()
    }


def _strokes(part: Part) -> list[tuple[float, float, float]]:
    return [(stroke.start_s, stroke.length_s, stroke.pitch) for stroke in part.strokes]


def heard(
    wave: np.ndarray,
    transcription: Transcription,
    title: str,
    start_s: float = START_S,
    length_s: float = LENGTH_S,
) -> plotting.Picture:
    """Tune, chords, beats and bars that were decided, over the song's log-mel; the true tune too,
    for a demo song.
    """
    rate = AudioConfig().frame_rate
    first, last = round(start_s * rate), round((start_s + length_s) * rate)
    inside = lambda frames: frames[(frames >= first) & (frames < last)] - first  # noqa: E731
    known = title in DEMO_SONGS
    return plotting.heard_figure(
        log_mel(wave)[first:last],
        transcription.tune[first:last],
        transcription.content.chord.numpy()[first:last],
        inside(transcription.beats),
        inside(transcription.downbeats),
        title=title,
        true_tune=demo_labels(title).tune[first:last] if known else None,
    )


@torch.inference_mode()
def attention_weights(converter: Converter, wave: np.ndarray) -> list[np.ndarray]:
    """(H, S, S) of each hearing layer, for (T,) of at most one window."""
    collected: list[torch.Tensor] = []
    heard_features = converter.features(
        torch.from_numpy(np.ascontiguousarray(wave)).to(converter.device)
    )
    converter.model.hear(heard_features[None, : converter.window_frames], collected)
    return [weights[0].cpu().numpy() for weights in collected]


def attention(converter: Converter, wave: np.ndarray) -> plotting.Picture:
    step_s = converter.model.cfg.stride / converter.audio.frame_rate
    return plotting.attention_figure(attention_weights(converter, wave), step_s)


def positions(d_model: int, lengths: tuple[int, ...] = ENCODING_LENGTHS) -> plotting.Picture:
    return plotting.positions_figure(
        {f"{n} steps": positional_encoding(n, d_model).numpy() for n in lengths}
    )


def model_stages(cfg: ModelConfig) -> list[tuple[str, str, str]]:
    """From a song to its carol: name, work, and the shape of what leaves each stage (S = F /
    stride).
    """
    hearing, playing = cfg.n_hearing_layers, cfg.n_layers - cfg.n_hearing_layers
    steps = f"(B, S, {cfg.d_model})"
    return [
        ("song", "16 kHz, mono", "(B, T)"),
        ("features", "pitch, onsets, level", f"(B, F, {cfg.n_features})"),
        ("2 x Conv1d", f"{cfg.stride} frames a step", steps),
        ("position", "sinusoids, any length", steps),
        (f"{hearing} layers hear", f"{cfg.n_heads} heads", steps),
        ("8 outputs", "tune, chord, beat ...", "(B, F, n)"),
        ("decide", "over the whole song", f"(F, {N_CONTENT})"),
        (f"{playing} layers play", f"style ({cfg.d_style},) steers", steps),
        ("linear", "carol log-mel", f"(B, F, {cfg.n_mels})"),
        ("vocoder", "inverse STFT", "(B, T)"),
    ]


def parameter_counts(model: MusicTransformer) -> dict[str, int]:
    """Parameters by part; they add up to all of the model's."""
    n = model.cfg.n_hearing_layers
    parts = {
        "2 x Conv1d": [model.conv1, model.conv2],
        f"{n} hearing layers": [*model.layers[:n], model.heard_norm],
        "8 outputs": [model.heads],
        "content in": [model.read_content],
        "style": [model.style_encoder, model.read_style],
        f"{model.cfg.n_layers - n} playing layers": [*model.layers[n:], model.out_norm],
        "log-mel out": [model.out],
    }
    return {
        name: sum(p.numel() for module in modules for p in module.parameters())
        for name, modules in parts.items()
    }


def styles(
    converter: Converter,
    transcription: Transcription,
    start_s: float = START_S,
    length_s: float = 6.0,
) -> plotting.Picture:
    """One content played in every named style."""
    rate = converter.audio.frame_rate
    piece = transcription.content.map(
        lambda x: x[round(start_s * rate) : round((start_s + length_s) * rate)]
    )
    return plotting.spectrograms(
        {name: converter.play(piece, vector).numpy() for name, vector in converter.styles.items()}
    )


def strength(
    converter: Converter, data: Path | str = "data", title: str = SONG
) -> plotting.Picture:
    """Content and style of a demo song at STRENGTHS, the style as judged from the other demo songs
    and their carols.
    """
    others = [other for other in DEMO_SONGS if other != title]
    pops, carols = (
        [cut(load(other, data), length_s=JUDGED_S) for other in others]
        for load in (demo_song, demo_carol)
    )
    song = cut(demo_song(title, data), length_s=JUDGED_S)
    rows = strength_curve(converter, song, style_reference(pops, carols), STRENGTHS, STYLE)
    return plotting.strength_figure(
        STRENGTHS, [row["content"] for row in rows], [row["style"] for row in rows]
    )


def resynthesised(wave: np.ndarray, converter: Converter) -> dict[str, np.ndarray]:
    """A carol (T,), and what the converter's vocoder and Griffin-Lim make of its log-mel, (T,)
    each.
    """
    mel = torch.from_numpy(log_mel(wave))
    searched = GriffinLim().vocode(mel, len(wave)).numpy()
    return {"carol": wave, "vocoder": converter.vocode(mel, len(wave)), "Griffin-Lim": searched}
