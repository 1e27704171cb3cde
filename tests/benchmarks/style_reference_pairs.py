"""Does a single carol determine the sound of a conversion?

style_reference_pairs.py REAL_DIR [--weights DIR]

Converts each song of REAL_DIR/pop with each reference: two renders of each named style (data/pairs)
and the recordings of REAL_DIR/carol. Given references A and B, a conversion with A should be closer
to A than to B in timbre (`metrics.style_windows`), and keep the content of the song. "given" counts
where it is closer, the strict question. "direction" counts where its preference for A over B is
larger than that of the conversion of the same song with B.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping
from itertools import combinations
from pathlib import Path

import numpy as np

from kcarol.audio.decoding import load_audio
from kcarol.conversion.converter import MAX_STYLE_S, Converter
from kcarol.dataset.pair_set import read_pairs
from kcarol.evaluation import metrics

SOUNDS = (".mp3", ".ogg", ".wav", ".flac")


def waves_of(folder: Path, length_s: float) -> dict[str, np.ndarray]:
    """The sound files (T,) of a folder at 16 kHz, by name. Raises FileNotFoundError if there are
    none.
    """
    found = {
        p.stem: load_audio(p, duration_s=length_s)
        for p in sorted(folder.iterdir())
        if p.suffix in SOUNDS
    }
    if not found:
        raise FileNotFoundError(
            f"{folder}: expected sound files, found none: "
            "give the folder that holds pop/ and carol/"
        )
    return found


def rendered_references(pairs: Path) -> dict[str, np.ndarray]:
    """The held-out carols of each style, concatenated (T,), by the name of the style."""
    styles: dict[str, list[np.ndarray]] = {}
    for pair in read_pairs(pairs):
        styles.setdefault(pair["style"], []).append(pair["carol"])
    return {name: np.concatenate(waves) for name, waves in styles.items()}


class Timbre:
    """Timbre statistics and their distances, relative to that from real pop to real carols."""

    def __init__(self, real: Path):
        self.reference = metrics.StyleReference.load(real / "style_reference.npz")

    def windows(self, wave: np.ndarray, heard_s: float = MAX_STYLE_S) -> np.ndarray:
        """(T,) at 16 kHz -> (W, 69)."""
        return metrics.style_windows(metrics.prepare(wave, heard_s))

    def distance(self, a: np.ndarray, b: np.ndarray) -> float:
        """Distance between pooled style windows (W, 69) and (V, 69)."""
        reference = self.reference
        pop_to_carol = reference.distances(reference.pop, reference.carol).sum()
        return float(reference.distances(a, b).sum() / pop_to_carol)


def chromas(waves: Mapping[str, np.ndarray]) -> list[np.ndarray]:
    return [metrics.chromagram(metrics.prepare(wave)) for wave in waves.values()]


def convert_all(
    converter: Converter,
    songs: Mapping[str, np.ndarray],
    references: Mapping[str, np.ndarray],
    timbre: Timbre,
) -> Iterator[tuple[str, list[np.ndarray], float, float]]:
    """Yields, for each reference: its name, the style windows (W, 69) of each conversion, and the
    mean chroma and the retrieval of all.
    """
    sources = chromas(songs)
    for name, wave in references.items():
        sound = converter.measure_style(wave)
        outputs = {song: converter.mono_carol(source, sound) for song, source in songs.items()}
        matrix = metrics.chroma_matrix(chromas(outputs), sources)
        yield (
            name,
            [timbre.windows(x) for x in outputs.values()],
            float(np.diag(matrix).mean()),
            metrics.retrieval(matrix),
        )


def count_pairs(
    distances: Mapping[str, Mapping[str, float]], names: list[str]
) -> tuple[int, int, int, list[str]]:
    """Counts over distances[given][other]: closer to the given one, right direction, comparisons;
    and the pairs that fail the strict question.
    """
    given = right = total = 0
    failed = []
    for a, b in combinations(names, 2):
        margins = distances[a][b] - distances[a][a], distances[b][a] - distances[b][b]
        given, right, total = (
            given + sum(m > 0 for m in margins),
            right + 2 * (sum(margins) > 0),
            total + 2,
        )
        failed += [
            f"{x} nearer {y}" for x, y, m in ((a, b, margins[0]), (b, a, margins[1])) if m <= 0
        ]
    return given, right, total, failed


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("real", type=Path)
    parser.add_argument("--weights", type=Path)
    parser.add_argument("--pairs", type=Path, default=Path("data/pairs"))
    parser.add_argument("--songs", type=int, help="number of songs at most (default: all)")
    parser.add_argument("--heard-s", type=float, default=60.0, help="seconds of each song")
    args = parser.parse_args()
    converter, timbre = Converter.load(args.weights), Timbre(args.real)
    songs = dict(list(waves_of(args.real / "pop", args.heard_s).items())[: args.songs])
    carols = waves_of(args.real / "carol", MAX_STYLE_S)
    references = rendered_references(args.pairs) | carols
    own = {name: timbre.windows(wave) for name, wave in references.items()}
    made = {}
    print(
        "| reference | chroma | retrieval | "
        + " | ".join(f"to {name}" for name in references)
        + " |"
    )
    print("|-" * (3 + len(references)) + "|")
    for name, rows, chroma, retrieval in convert_all(converter, songs, references, timbre):
        made[name] = rows
        cells = [f"{timbre.distance(np.vstack(rows), own[other]):.2f}" for other in references]
        print(
            f"| {name} | {chroma:.2f} | {retrieval:.2f} | " + " | ".join(cells) + " |", flush=True
        )
    for label, names in {
        "all": list(references),
        "renders": [n for n in references if n not in carols],
        "real carols": list(carols),
    }.items():
        pooled = {a: {b: timbre.distance(np.vstack(made[a]), own[b]) for b in names} for a in names}
        one_by_one = [
            {a: {b: timbre.distance(made[a][i], own[b]) for b in names} for a in names}
            for i in range(len(songs))
        ]
        given, right, total, failed = count_pairs(pooled, names)
        counts = np.sum([count_pairs(d, names)[:3] for d in one_by_one], axis=0)
        print(
            f"{label}: songs pooled: given {given} of {total}, direction {right} of {total}; "
            f"song by song: given {counts[0]} of {counts[2]}, direction {counts[1]} of {counts[2]}"
        )
        print("  fails:", "; ".join(failed) or "none")


if __name__ == "__main__":
    main()
