"""Evaluation on real recordings: no target exists, so content is compared with the song and style
with real carols.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from kcarol.audio.decoding import load_audio
from kcarol.audio.log_mel import LogMel
from kcarol.config import SAMPLES, AudioConfig
from kcarol.evaluation import metrics
from kcarol.evaluation.baselines import band_levels, coloured_noise, equalised
from kcarol.evaluation.listening_page import write_listening_page
from kcarol.evaluation.recordings import (
    Analysis,
    Heard,
    Recording,
    analyse,
    audio_files,
    checked,
    log_mel_of,
)
from kcarol.evaluation.table import Table, mean_columns
from kcarol.page.language import ENGLISH, Language

# a whole song (T,) at 16 kHz, style -> its carol (2, T) at the full rate
Convert = Callable[[np.ndarray, Any], np.ndarray]
JoinsOf = Callable[[int], Sequence[float]]  # number of samples -> times in seconds
OURS = "kcarol"
POOLED = "all"  # the sound of a row that pools all sounds
MEANS = (
    "chroma note@1 shift@1 const@1 note@3 shift@3 const@3 triad onset beat_f crest attack "
    "dyn_r density_r form_r strokes loudness length seam"
).split()


@dataclass(frozen=True, eq=False)
class Output:
    """One converted recording: its system, carol sound and source."""

    system: str
    sound: str
    source: int
    analysis: Analysis
    own: dict  # figures that do not depend on the source
    listened: np.ndarray  # int16, (2, T) at 44.1 kHz, or (T,) at 16 kHz: its first `heard_s`

    @classmethod
    def of(
        cls,
        key: tuple[str, str, int],
        heard: Heard,
        own: Mapping | None = None,
        cache_dir: Path | None = None,
    ) -> Output:
        own = {"loudness": heard.lufs, "length": len(heard.mono), **(own or {})}
        rounded = np.round(_listened(heard).clip(-1, 1) * 32767).astype(np.int16)
        return cls(*key, analyse(heard, cache_dir), own, rounded)


def _listened(heard: Heard) -> np.ndarray:
    """What is to be listened to: (2, T) at 44.1 kHz, or (T,) at 16 kHz, at one level."""
    return heard.begin if heard.stereo is None else metrics.set_level(heard.stereo)


def evaluate_real(
    convert: Convert,
    real_dir: Path | str,
    distractors: Sequence[Path] = (),
    baselines: bool = True,
    out_dir: Path | str | None = None,
    *,
    styles: Sequence[str] = ("",),
    by_samples: Convert | None = None,
    rivals: Mapping[str, Convert] | None = None,
    joins_s: JoinsOf | None = None,
    cache_dir: Path | None = None,
    heard_s: float = metrics.HEARD_S,
    language: Language = ENGLISH,
) -> Table:
    """Converts every song of `real_dir`/pop in each style and measures content, style and blur.

    real_dir: pop/NAME.* with NAME.ultrastar.txt where known, carol/*, and style_reference.npz and
        style_full_reference.npz, without which there is no `style` and no `style_full`.
    distractors: further songs among which `retrieval` must find the true one.
    baselines: whether to add the rows copy, eq, wrong, mean, carol (recorded ones) and samples.
    by_samples: for the last one, the same carols as of `convert` played by samples; None: no row.
    heard_s: of each recording, from its beginning; the form (dyn_r, density_r, form_r, strokes) is
        measured on the whole.
    out_dir: where audio, real.html, the cache, and the table so far (real.md, .csv and .json) after
        each style go.
    rivals: other systems by name, measured in the first style.
    joins_s: when windows were joined, for `seam`.
    language: of real.html.

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

    settings = {
        "songs": [song.name for song in songs],
        "styles": list(styles),
        "heard_s": heard_s,
        "retrieval_chance": metrics.retrieval_chance(len(sources)),
        "sources": len(sources),
    }
    comparison = _Comparison(sources, _References.load(real_dir), settings)
    measuring = _Measuring(songs, heard_s, joins_s)
    systems = [(OURS, convert, style) for style in styles]
    if baselines and by_samples is not None:
        systems += [(SAMPLES, by_samples, style) for style in styles]
    systems += [(name, rival, styles[0]) for name, rival in (rivals or {}).items()]
    outputs: list[Output] = []
    with tqdm(desc="real songs", total=len(systems) * len(songs), leave=False) as bar:
        for system in systems:
            outputs += measuring.converted(*system, bar)
            if out_dir:  # what is measured outlives an interruption
                comparison.table(outputs).write(out_dir, "real")
    carol_files = audio_files(real_dir / "carol") if baselines else []
    if baselines:
        outputs += _wrong_songs(outputs, len(songs))
        outputs += [Output.of(("copy", "", i), song.heard) for i, song in enumerate(songs)]
        outputs += _cheats(songs, carol_files, heard_s, cache_dir)
    carols = [Recording.load(file, heard_s, cache_dir).analysis for file in carol_files]
    table = comparison.table(outputs, carols)
    if out_dir:
        table.write(out_dir, "real")
        _write_page(Path(out_dir), outputs, songs, table, language)
    return table


@dataclass(frozen=True, eq=False)
class _Measuring:
    """Conversions of songs, each measured as soon as it is made: whole carols are large."""

    songs: Sequence[Recording]
    heard_s: float
    joins_s: JoinsOf | None

    def converted(
        self, system: str, convert: Convert, sound: str, progress: tqdm
    ) -> Iterator[Output]:
        for i, song in enumerate(self.songs):
            made = convert(song.heard.mono, sound)
            wave = checked(made, f"{system} of {song.name}", stereo=True)
            heard = Heard.of_carol(wave, self.heard_s)
            yield Output.of((system, sound, i), heard, self._own(system, heard))
            progress.update()

    def _own(self, system: str, heard: Heard) -> dict:
        if system != OURS or self.joins_s is None:
            return {}
        begin = heard.begin
        return {"seam": metrics.seam_ratio(begin, self.joins_s(len(begin)))}


def _wrong_songs(outputs: Sequence[Output], n_songs: int) -> list[Output]:
    """Baseline `wrong`: the next song's carol. It has been measured already."""
    ours = {(o.sound, o.source): o for o in outputs if o.system == OURS}
    return [
        replace(ours[sound, (source + 1) % n_songs], system="wrong", source=source)
        for sound, source in (ours if n_songs > 1 else ())
    ]


def _cheats(
    songs: Sequence[Recording], carol_files: Sequence[Path], heard_s: float, cache_dir: Path | None
) -> list[Output]:
    """Baselines `eq` and `mean`: with the spectrum of real carols, in mono; none without carols."""
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
        wave = song.heard.mono
        made = {"eq": equalised(wave, levels), "mean": coloured_noise(mean, len(wave), cfg)}
        for system, cheat in made.items():
            heard = Heard(cheat, None, heard_s)
            cheats.append(Output.of((system, "", i), heard, cache_dir=cache_dir))
    return cheats


def _figures(output: Output, source: Recording, timbre: tuple[np.ndarray, np.ndarray]) -> dict:
    """The figures of one output; `timbre`: statistics of all songs and outputs."""
    carol, song = output.analysis, source.analysis
    courses = (song.course, carol.course)
    figures = {
        "on": "real",
        "system": output.system,
        "sound": output.sound,
        "name": source.name,
        "chroma": metrics.chroma_similarity(song.chroma, carol.chroma),
        "triad": metrics.chord_agreement(song.chroma, carol.chroma, song.beats_s),
        "onset": metrics.onset_correlation(song.onset, carol.onset),
        "beat_f": metrics.beat_f(song.beats_s, carol.beats_s),
        "dyn_r": metrics.dynamics_correlation(*courses),
        "density_r": metrics.density_correlation(*courses),
        "form_r": metrics.form_correlation(*courses, *timbre),
        "strokes": carol.course.strokes_per_s,
        "crest": carol.crest,
        "attack": carol.attack,
        **output.own,
        "loudness": output.own["loudness"] - source.heard.lufs,
        "length": 0 if output.system == "wrong" else output.own["length"] - len(source.heard.mono),
    }
    for k in (1, 3):
        notes = metrics.note_at_k(carol.chroma, source.notes, k)
        figures |= {f"{name}@{k}": value for name, value in notes.items()}
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


@dataclass(frozen=True, eq=False)
class _References:
    """Statistics of real carols and pop, as far as they are there."""

    mono: metrics.StyleReference | None
    stereo: metrics.FullBandReference | None

    @classmethod
    def load(cls, folder: Path) -> _References:
        mono, stereo = (folder / f"style{kind}_reference.npz" for kind in ("", "_full"))
        return cls(
            metrics.StyleReference.load(mono) if mono.exists() else None,
            metrics.FullBandReference.load(stereo) if stereo.exists() else None,
        )

    def figures(self, analyses: Sequence[Analysis]) -> dict:
        """Style of several recordings pooled."""
        found = {}
        if self.mono is not None:
            windows = np.vstack([analysis.style for analysis in analyses])
            found = {"style": self.mono.style(windows), "p_carol": self.mono.p_carol(windows)}
        if self.stereo is not None:
            windows = np.vstack([analysis.full_band for analysis in analyses])
            found["style_full"] = self.stereo.style_full(windows)
        return found


@dataclass(frozen=True, eq=False)
class _Comparison:
    """What outputs are compared with; the first sources are the songs that were converted."""

    sources: Sequence[Recording]
    references: _References
    settings: dict

    def table(self, outputs: Sequence[Output], carols: Sequence[Analysis] = ()) -> Table:
        """Of the outputs that there are, and of recorded carols."""
        songs = self.sources[: len(self.settings["songs"])]
        courses = [song.analysis.course for song in songs]
        courses += [output.analysis.course for output in outputs]
        timbre = metrics.timbre_statistics(courses)
        details = [_figures(output, self.sources[output.source], timbre) for output in outputs]
        rows = [
            _row(key, outputs, details, self.sources, self.references) for key in _row_keys(outputs)
        ]
        if carols:
            rows.append(_row_of_carols(carols, self.references))
        return Table("Real recordings", rows, details, self.settings)


def _row(
    key: tuple[str, str],
    outputs: Sequence[Output],
    details: Sequence[Mapping],
    sources: Sequence[Recording],
    references: _References,
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
    return row | references.figures([output.analysis for output in mine])


def _row_of_carols(carols: Sequence[Analysis], references: _References) -> dict:
    """Baseline `carol`: recorded carols, of whose sound alone there are figures."""
    figures = [
        {"crest": c.crest, "attack": c.attack, "strokes": c.course.strokes_per_s} for c in carols
    ]
    row = {"on": "real", "system": "carol", "sound": "", "n": len(carols)}
    return row | mean_columns(figures, figures[0]) | references.figures(carols)


def _write_page(
    out_dir: Path,
    outputs: Sequence[Output],
    songs: Sequence[Recording],
    table: Table,
    language: Language,
) -> None:
    def heard_of(number: int) -> dict[str, np.ndarray]:
        """The sounds of one song, itself first."""
        listened = {
            f"{output.system} {output.sound}".strip(): output.listened / np.float32(32768)
            for output in outputs
            # of "wrong" they are the same waves as ours, under other names
            if output.source == number and output.system not in ("copy", "wrong")
        }
        return {"copy": _listened(songs[number].heard), **listened}

    heard = ((song.name, heard_of(number)) for number, song in enumerate(songs))
    write_listening_page(out_dir, "real", heard, table, language=language)
