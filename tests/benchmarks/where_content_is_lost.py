"""How much of tune and chords can still be read at each stage from song to carol.

where_content_is_lost.py [--real DIR]

The stages: features -> encoder layers (read by linear probes, fitted on training pairs) -> heads ->
transcription -> the arranger playing it (what an ideal playing half would make of it) -> predicted
log-mel by Griffin-Lim -> stretch and texture -> vocoder.

Synthetic pairs: `tune` and `chord` against the labels, as in evaluation. Real songs: `chroma` and
`note@1` against the song. Stages that are not sound are scored by their posteriors, taken as a
chromagram.
"""

from __future__ import annotations

import argparse
import itertools
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from kcarol.arrangement.styles import STYLES
from kcarol.audio.decoding import load_audio
from kcarol.config import TUNE_LOWEST
from kcarol.conversion.converter import Converter
from kcarol.corpus.dataset.carol_record import render_carol
from kcarol.dataset.labels import unpack
from kcarol.dataset.shards import stored_shards
from kcarol.evaluation import metrics
from kcarol.evaluation.held_out import synthetic_pairs
from kcarol.evaluation.recordings import audio_files
from kcarol.model.content import N_PITCHES, Content
from kcarol.transcription.notation import lead_sheet_of
from kcarol.vocoder.griffin_lim import GriffinLim

WINDOW_FRAMES = 512
PROBE_STEPS, PROBE_RATE, PROBE_FRAMES = 300, 3e-3, 4096
TUNE_FROM_MIDI = 60  # the register of the tune starts here


@dataclass(frozen=True)
class Reading:
    """Chroma (12, F) at the converter's frame rate: in the register of the tune, and in full."""

    tune: np.ndarray
    full: np.ndarray


def folded(values: Tensor, lowest_midi: float, per_semitone: int = 1) -> Tensor:
    """Sums bands (F, K) to pitch classes (F, 12)."""
    pitch = torch.round(lowest_midi + torch.arange(values.shape[1]) / per_semitone).long() % 12
    return torch.zeros(len(values), 12).index_add_(1, pitch, values)


def of_content(content: Content) -> Reading:
    tune = folded(content.tune.float(), TUNE_LOWEST)
    return Reading(tune.T.numpy(), (tune + content.chord.float()).T.numpy())


def of_features(features: Tensor, converter: Converter) -> Reading:
    cfg = converter.audio
    bands = features[:, : cfg.n_pitch_bands].clamp_min(0)
    first = (TUNE_FROM_MIDI - cfg.lowest_midi) * cfg.bands_per_semitone
    tune = folded(bands[:, first:], TUNE_FROM_MIDI, cfg.bands_per_semitone)
    return Reading(tune.T.numpy(), folded(bands, cfg.lowest_midi, cfg.bands_per_semitone).T.numpy())


def of_wave(wave: np.ndarray) -> Reading:
    return Reading(*metrics.tune_and_full_chroma(metrics.set_level(wave)))


# --- linear probes


def activations(converter: Converter, features: Tensor) -> Iterator[tuple[str, Tensor]]:
    """Features (B, F, C) -> names and activations (B, S, D) after the convolutions and after each
    hearing layer.
    """
    model, found = converter.model, []
    hooks = [
        layer.register_forward_hook(lambda _, __, out: found.append(out[0]))
        for layer in model.layers[: model.cfg.n_hearing_layers]
    ]
    first = model.layers[0].register_forward_pre_hook(lambda _, given: found.append(given[0]))
    model.hear(features)
    for hook in (*hooks, first):
        hook.remove()
    yield from zip(
        ["convolutions", *(f"layer {i + 1}" for i in range(len(hooks)))], found, strict=True
    )


class Probe(nn.Module):
    """One linear map from the activation of a step to the chord (12 independent pitch classes) and
    the tune (12 pitch classes or none) of its frames.
    """

    def __init__(self, size: int):
        super().__init__()
        self.linear = nn.Linear(size, 25)

    def fit(self, x: Tensor, chord: Tensor, tune: Tensor) -> Probe:
        """x (N, D), chord (N, 12), tune (N,) in 0..12, where 12 is a rest."""
        adam = torch.optim.Adam(self.parameters(), PROBE_RATE)
        for _ in range(PROBE_STEPS):
            rows = torch.randint(0, len(x), (PROBE_FRAMES,))
            y = self.linear(x[rows])
            loss = F.binary_cross_entropy_with_logits(y[:, :12], chord[rows]) + F.cross_entropy(
                y[:, 12:], tune[rows]
            )
            adam.zero_grad()
            loss.backward()
            adam.step()
        return self

    def read(self, x: Tensor, stride: int) -> Reading:
        y = self.linear(x).repeat_interleave(stride, 0)
        tune = y[:, 12:].softmax(-1)[:, :12]
        return Reading(tune.T.numpy(), (tune + y[:, :12].sigmoid()).T.numpy())


def fit_probes(converter: Converter, corpus: Path, n_groups: int) -> dict[str, Probe]:
    stride, seen = converter.model.cfg.stride, {}
    for group in itertools.islice(stored_shards(corpus), n_groups):
        labels = unpack(torch.from_numpy(group.labels)[:, : 2 * WINDOW_FRAMES])
        with torch.inference_mode():
            wave = (
                torch.from_numpy(group.pop)[
                    :, : 2 * WINDOW_FRAMES * converter.audio.hop_length - 1
                ].float()
                / 32768
            )
            features = converter.features(wave)
            tune = torch.where(labels.tune < N_PITCHES, (labels.tune + TUNE_LOWEST) % 12, 12)[
                :, ::stride
            ].flatten()
            chord = labels.content.chord[:, ::stride].flatten(0, 1)
            for name, x in [("features", features[:, ::stride]), *activations(converter, features)]:
                seen.setdefault(name, []).append((x.flatten(0, 1), chord, tune))
    probes = {}
    for name, parts in seen.items():
        x, chord, tune = (torch.cat(column).clone() for column in zip(*parts, strict=True))
        probes[name] = Probe(x.shape[1]).fit(x, chord, tune)
    return probes


# --- all stages of one song


@torch.inference_mode()
def stages(
    wave: np.ndarray, style, converter: Converter, probes: dict[str, Probe]
) -> Iterator[tuple[str, Reading | np.ndarray]]:
    """(T,) -> the name of each stage with its reading, or with a wave to be read."""
    cfg, stride = converter.audio, converter.model.cfg.stride
    features = converter.features(torch.from_numpy(wave))
    yield "features, folded", of_features(features, converter)
    parts: dict[str, list[Tensor]] = {"features": [features[::stride]]}
    for start in range(0, len(features), WINDOW_FRAMES):
        for name, x in activations(converter, features[None, start : start + WINDOW_FRAMES]):
            parts.setdefault(name, []).append(x[0])
    for name, x in parts.items():
        yield f"probe: {name}", probes[name].read(torch.cat(x), stride)
    logits = converter.hear(wave)
    transcription = converter.transcribe(wave)
    yield "heads", of_content(logits.content(torch.zeros(len(logits), 4)))
    yield "decoded transcription", of_content(transcription.content)
    sheet, grid = lead_sheet_of(transcription, cfg)
    if isinstance(style, str) and style in STYLES:
        yield (
            "arranger playing it",
            render_carol(sheet, grid, STYLES[style], cfg.sample_rate, len(wave) / cfg.sample_rate),
        )
    style, plain = converter.style(style), GriffinLim(cfg)
    mels = {
        "log-mel": converter.predicted_mel(wave, style),
        "log-mel, stretch and texture": converter.carol_mel(transcription, style),
    }
    for name, mel in mels.items():
        yield f"{name}, Griffin-Lim", plain.vocode(mel, len(wave)).numpy()
        yield f"{name}, vocoder", converter.vocode(mel, len(wave))


def score_synthetic(reading: Reading, pair) -> dict[str, float]:
    labels = pair["labels"]
    n = min(reading.full.shape[1], len(labels.tune))
    tune = metrics.tune_share(reading.tune[:, :n], labels.tune[:n], labels.onset[:n])
    return {"tune": tune, "chord": metrics.chord_share(reading.full[:, :n], labels.chord[:n])}


def score_real(found: Reading | np.ndarray, wave: np.ndarray, notes) -> dict[str, float]:
    source = metrics.chromagram(metrics.set_level(wave))
    mine = (
        found.full[:, ::2]
        if isinstance(found, Reading)
        else metrics.chromagram(metrics.set_level(found))
    )
    n = min(mine.shape[1], source.shape[1])
    row = {"chroma": metrics.chroma_similarity(source[:, :n], mine[:, :n])}
    return row | ({"note@1": metrics.note_at_k(mine, notes, 1)["note"]} if notes else {})


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--corpus", type=Path, default=Path("data/corpus"), help="training pairs, for the probes"
    )
    parser.add_argument(
        "--held-out", type=Path, default=Path("data/pairs"), help="pair set or shards"
    )
    parser.add_argument("--pairs", type=int, default=6)
    parser.add_argument("--real", type=Path, help="folder with pop/ in it")
    parser.add_argument(
        "--weights", type=Path, help="folder or converter.safetensors (default: shipped)"
    )
    parser.add_argument(
        "--style", default="bells", help="style to which the real songs are converted"
    )
    args = parser.parse_args()
    if next(stored_shards(args.corpus), None) is None:
        parser.error(
            f"{args.corpus}: expected training pairs, found none; "
            "render some: kcarol corpus --hours 1 --out DIR"
        )
    torch.manual_seed(0)
    converter, table = Converter.load(args.weights), {}
    probes = fit_probes(converter, args.corpus, 40)

    def add(name: str, row: dict[str, float]) -> None:
        for key, value in row.items():
            table.setdefault(name, {}).setdefault(key, []).append(value)

    with tempfile.TemporaryDirectory() as folder:
        for pair in synthetic_pairs(args.held_out, Path(folder), args.pairs):
            found_at = stages(pair["pop"], pair["style"], converter, probes)
            for name, found in itertools.chain([("true carol", pair["carol"])], found_at):
                add(
                    name,
                    score_synthetic(found if isinstance(found, Reading) else of_wave(found), pair),
                )
    for path in audio_files(args.real / "pop") if args.real else []:
        wave, beside = (
            load_audio(path, duration_s=metrics.HEARD_S),
            path.with_name(f"{path.stem}.ultrastar.txt"),
        )
        notes = metrics.read_ultrastar(beside) if beside.exists() else []
        for name, found in itertools.chain(
            [("the song itself", wave)], stages(wave, args.style, converter, probes)
        ):
            add(name, score_real(found, wave, notes))
    columns: tuple[str, ...] = ("tune", "chord", "chroma", "note@1")
    print("| stage | synthetic tune | chord | real chroma | note@1 |\n|-|-|-|-|-|")

    def mean(row, key):
        return f"{np.nanmean(row[key]):.2f}" if key in row else ""

    for name, row in table.items():
        print(f"| {name} | " + " | ".join(mean(row, key) for key in columns) + " |", flush=True)


if __name__ == "__main__":
    main()
