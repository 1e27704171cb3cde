"""Evaluation on real recordings: no target exists, so content is compared with the song and style
with real carols.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from kcarol.audio.decoding import load_audio
from kcarol.audio.log_mel import LogMel
from kcarol.audio.loudness import loudness_lufs
from kcarol.config import AudioConfig
from kcarol.evaluation import metrics
from kcarol.evaluation.baselines import band_levels, coloured_noise, equalised
from kcarol.evaluation.listening_page import write_listening_page
from kcarol.evaluation.recordings import (
    Analysis,
    Recording,
    analyse,
    audio_files,
    checked,
    log_mel_of,
)
from kcarol.evaluation.table import Table, mean_columns

Convert = Callable[[np.ndarray, Any], np.ndarray]  # wave (T,) at 16 kHz, style -> wave (T,)
JoinsOf = Callable[[int], Sequence[float]]  # number of samples -> times in seconds
OURS = "kcarol"
POOLED = "all"  # the sound of a row that pools all sounds
MEANS = (
    "chroma note@1 shift@1 const@1 note@3 shift@3 const@3 triad onset beat_f crest attack "
    "loudness length seam"
).split()


@dataclass(frozen=True, eq=False)
class Output:
    """One converted recording: its system, carol sound and source."""

    system: str
    sound: str
    source: int
    wave: np.ndarray
    analysis: Analysis


def evaluate_real(
    convert: Convert,
    real_dir: Path | str,
    distractors: Sequence[Path] = (),
    baselines: bool = True,
    out_dir: Path | str | None = None,
    *,
    styles: Sequence[str] = ("",),
    rivals: Mapping[str, Convert] | None = None,
    joins_s: JoinsOf | None = None,
    cache_dir: Path | None = None,
    heard_s: float = metrics.HEARD_S,
) -> Table:
    """Converts every song of `real_dir`/pop in each style and measures content, style and blur.

    real_dir: pop/NAME.* with NAME.ultrastar.txt where known, carol/*, and style_reference.npz,
        without which there is no `style`.
    distractors: further songs among which `retrieval` must find the true one.
    baselines: whether to add the rows copy, eq, wrong and mean.
    out_dir: where audio, real.html and the cache go.
    rivals: other systems by name, measured in the first style.
    joins_s: when windows were joined, for `seam`.

    Returns one row for each system and sound; that of sound "all" pools the styles. Raises
    FileNotFoundError without songs.
    """
    real_dir = Path(real_dir)
    files = audio_files(real_dir / "pop")
    if not files:
        raise FileNotFoundError(
            f"{real_dir / 'pop'}: expected audio files, found none; give a folder with pop/ in it"
        )
    cache_dir = cache_dir or (Path(out_dir) / "cache" if out_dir else None)
    songs = [Recording.load(file, heard_s, cache_dir) for file in tqdm(files, "songs", leave=False)]
    sources = songs + [Recording.load(file, heard_s, cache_dir) for file in distractors]

    outputs = list(_converted(OURS, convert, styles, songs, heard_s))
    for name, rival in (rivals or {}).items():
        outputs += _converted(name, rival, styles[:1], songs, heard_s)
    if baselines:
        outputs += _wrong_songs(outputs, len(songs))
        outputs += [Output("copy", "", i, song.wave, song.analysis) for i, song in enumerate(songs)]
        outputs += _cheats(songs, audio_files(real_dir / "carol"), heard_s, cache_dir)

    details = [_figures(output, sources[output.source], joins_s) for output in outputs]
    reference_file = real_dir / "style_reference.npz"
    reference = metrics.StyleReference.load(reference_file) if reference_file.exists() else None
    rows = [_row(key, outputs, details, sources, reference) for key in _row_keys(outputs)]
    settings = {
        "songs": [song.name for song in songs],
        "styles": list(styles),
        "heard_s": heard_s,
        "retrieval_chance": metrics.retrieval_chance(len(sources)),
        "sources": len(sources),
    }
    table = Table("Real recordings", rows, details, settings)
    if out_dir:
        _write_page(Path(out_dir), outputs, songs, heard_s, table)
    return table


def _converted(
    system: str, convert: Convert, sounds: Sequence[str], songs: Sequence[Recording], heard_s: float
) -> Iterator[Output]:
    for sound in sounds:
        for i, song in enumerate(tqdm(songs, f"{system} {sound}", leave=False)):
            wave = checked(convert(song.wave, sound), f"{system} of {song.name}")
            yield Output(system, sound, i, wave, analyse(metrics.prepare(wave, heard_s)))


def _wrong_songs(outputs: Sequence[Output], n_songs: int) -> list[Output]:
    """Baseline `wrong`: the next song's carol. It has been measured already."""
    ours = {(o.sound, o.source): o for o in outputs if o.system == OURS}
    wrong = []
    for sound, source in ours if n_songs > 1 else ():
        other = ours[sound, (source + 1) % n_songs]
        wrong.append(Output("wrong", sound, source, other.wave, other.analysis))
    return wrong


def _cheats(
    songs: Sequence[Recording], carol_files: Sequence[Path], heard_s: float, cache_dir: Path | None
) -> list[Output]:
    """Baselines `eq` and `mean`: with the spectrum of real carols; none without carols."""
    if not carol_files:
        return []
    cfg = AudioConfig()
    log_mel = LogMel(cfg)
    waves = (load_audio(file, duration_s=heard_s) for file in carol_files)
    carols = [metrics.prepare(wave, heard_s) for wave in waves]
    levels = band_levels(carols)
    mean = np.mean([log_mel_of(wave, log_mel).mean(axis=0) for wave in carols], axis=0)
    cheats = []
    for i, song in enumerate(tqdm(songs, "baselines", leave=False)):
        made = {
            "eq": equalised(song.wave, levels),
            "mean": coloured_noise(mean, len(song.wave), cfg),
        }
        for system, wave in made.items():
            analysis = analyse(metrics.prepare(wave, heard_s), cache_dir)
            cheats.append(Output(system, "", i, wave, analysis))
    return cheats


def _figures(output: Output, source: Recording, joins_s: JoinsOf | None) -> dict:
    """The figures of one output that need no other output."""
    carol, song = output.analysis, source.analysis
    figures = {
        "on": "real",
        "system": output.system,
        "sound": output.sound,
        "name": source.name,
        "chroma": metrics.chroma_similarity(song.chroma, carol.chroma),
        "triad": metrics.chord_agreement(song.chroma, carol.chroma, song.beats_s),
        "onset": metrics.onset_correlation(song.onset, carol.onset),
        "beat_f": metrics.beat_f(song.beats_s, carol.beats_s),
        "crest": carol.crest,
        "attack": carol.attack,
        "loudness": loudness_lufs(output.wave) - loudness_lufs(source.wave),
        "length": 0 if output.system == "wrong" else len(output.wave) - len(source.wave),
    }
    for k in (1, 3):
        notes = metrics.note_at_k(carol.chroma, source.notes, k)
        figures |= {f"{name}@{k}": value for name, value in notes.items()}
    if joins_s is not None and output.system == OURS:
        figures["seam"] = metrics.seam_ratio(output.wave, joins_s(len(output.wave)))
    return figures


def _row_keys(outputs: Sequence[Output]) -> Iterator[tuple[str, str]]:
    """(system, sound) of each row: sounds are pooled by system, and ours also shown one by one."""
    sounds: dict[str, list[str]] = {}
    for output in outputs:
        found = sounds.setdefault(output.system, [])
        if output.sound not in found:
            found.append(output.sound)
    for system, found in sounds.items():
        if len(found) > 1:
            yield system, POOLED
        if len(found) == 1 or system == OURS:
            yield from ((system, sound) for sound in found)


def _row(
    key: tuple[str, str],
    outputs: Sequence[Output],
    details: Sequence[Mapping],
    sources: Sequence[Recording],
    reference: metrics.StyleReference | None,
) -> dict:
    """The figures of one system and sound over all songs."""
    system, sound = key
    chosen = [i for i, o in enumerate(outputs) if o.system == system and sound in (POOLED, o.sound)]
    mine = [outputs[i] for i in chosen]
    matrix = metrics.chroma_matrix(
        [output.analysis.chroma for output in mine], [source.analysis.chroma for source in sources]
    )
    row = {"on": "real", "system": system, "sound": sound, "n": len(mine)}
    row["retrieval"] = metrics.retrieval(matrix, np.array([output.source for output in mine]))
    row |= mean_columns([details[i] for i in chosen], MEANS)
    if reference is not None:
        windows = np.vstack([output.analysis.style for output in mine])
        row |= {"style": reference.style(windows), "p_carol": reference.p_carol(windows)}
    return row


def _write_page(
    out_dir: Path,
    outputs: Sequence[Output],
    songs: Sequence[Recording],
    heard_s: float,
    table: Table,
) -> None:
    players = (
        (
            songs[output.source].name,
            f"{output.system} {output.sound}".strip(),
            metrics.prepare(output.wave, heard_s),
        )
        for output in outputs
        if output.system != "wrong"  # the same waves as ours, under other names
    )
    write_listening_page(out_dir, "real", players, table)
