"""One table with its anchors: how much of the song is left, how much of a carol it is, and what a
cheat would get.

On real recordings no target exists: content is compared with the song, style with real carols
(`evaluate_real`). On synthetic pairs the target is known (`evaluate_synthetic`). Definitions are in
`kcarol.evaluation.metrics`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from tqdm import tqdm

from kcarol.audio.decoding import load_audio
from kcarol.audio.files import atomic_write
from kcarol.audio.log_mel import LogMel
from kcarol.audio.loudness import loudness_lufs
from kcarol.config import AudioConfig
from kcarol.evaluation import metrics
from kcarol.evaluation.baselines import band_levels, constant_mel, equalised
from kcarol.evaluation.report import Table, write_listening_page

ConvertFn = Callable[[np.ndarray, Any], np.ndarray]  # wave (T,) at 16 kHz, style -> wave (T,)
VocodeFn = Callable[[np.ndarray, int], np.ndarray]  # log-mel (F, M), samples -> wave (T,)
PredictFn = Callable[[np.ndarray, Any], np.ndarray]  # wave (T,), style -> log-mel (F, M)

AUDIO_SUFFIXES = {".wav", ".mp3", ".flac", ".ogg", ".opus", ".m4a", ".aac", ".wma"}
OURS = "kcarol"
POOLED = "all"  # the `sound` of a row that pools all styles
CACHE_VERSION = "1"  # raise when `Analysis` measures something else
NAN = float("nan")


# --- what is measured of one wave, once
# ------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Analysis:
    """Everything that is compared. chroma (12, F), onset (F,), beats_s (N,), style (W, 69)."""

    chroma: np.ndarray
    onset: np.ndarray
    beats_s: np.ndarray
    style: np.ndarray
    crest: float
    attack: float

    @classmethod
    def of(cls, wave: np.ndarray) -> Analysis:
        """wave (T,) as `metrics.prepare` gives it."""
        onset = metrics.onset_envelope(wave)
        return cls(
            chroma=metrics.chromagram(wave),
            onset=onset,
            beats_s=metrics.beat_times(onset),
            style=metrics.style_windows(wave),
            crest=metrics.crest_db(wave),
            attack=metrics.attack(onset),
        )


def analyse(wave: np.ndarray, cache_dir: Path | None = None) -> Analysis:
    """`Analysis.of`, kept under `cache_dir` by the wave's content: sources and anchors are analysed
    once for all.
    """
    if cache_dir is None:
        return Analysis.of(wave)
    key = hashlib.sha256(CACHE_VERSION.encode() + np.ascontiguousarray(wave).tobytes()).hexdigest()[
        :24
    ]
    path = Path(cache_dir) / f"{key}.npz"
    if path.exists():
        with np.load(path, allow_pickle=False) as arrays:
            return Analysis(**{name: a if a.ndim else float(a) for name, a in arrays.items()})
    found = Analysis.of(wave)
    with atomic_write(path) as temporary, temporary.open("wb") as file:
        np.savez(file, **vars(found))
    return found


@dataclass(frozen=True, eq=False)
class Recording:
    """A song to convert: wave (T,) at 16 kHz as decoded, what is measured of it, its sung notes if
    known.
    """

    name: str
    wave: np.ndarray
    analysis: Analysis
    notes: tuple[metrics.SungNote, ...] = ()

    @classmethod
    def load(cls, path: Path, heard_s: float, cache_dir: Path | None) -> Recording:
        """`path` with NAME.ultrastar.txt beside it where there is one."""
        wave = load_audio(path, duration_s=heard_s)
        transcription = path.with_name(f"{path.stem}.ultrastar.txt")
        notes = tuple(metrics.read_ultrastar(transcription)) if transcription.exists() else ()
        return cls(path.stem, wave, analyse(metrics.prepare(wave, heard_s), cache_dir), notes)


def audio_files(folder: Path | str) -> list[Path]:
    """Readable audio files of a folder, sorted; none if it is absent."""
    folder = Path(folder)
    return (
        sorted(p for p in folder.iterdir() if p.suffix.lower() in AUDIO_SUFFIXES)
        if folder.is_dir()
        else []
    )


def log_mel_of(wave: np.ndarray, log_mel: LogMel) -> np.ndarray:
    """(T,) at rms .1 -> (F, M) natural log-mel."""
    with torch.no_grad():
        return log_mel(torch.from_numpy(metrics.set_level(wave))).numpy()


def checked(wave: np.ndarray, who: str) -> np.ndarray:
    """A converted wave as float32 (T,). Raises ValueError when it is empty, has another shape or is
    not finite.
    """
    wave = np.asarray(wave, dtype=np.float32)
    if wave.ndim != 1 or not len(wave) or not np.isfinite(wave).all():
        raise ValueError(
            f"{who}: expected a finite wave (T,), found shape {wave.shape}, {np.isnan(wave).sum()} NaN"
        )
    return wave


def _mean(values: Iterable[float]) -> float:
    """Mean of what is finite: a song without a transcription has no notes to count."""
    finite = [value for value in values if np.isfinite(value)]
    return float(np.mean(finite)) if finite else NAN


def _mean_rows(rows: Sequence[Mapping], keys: Iterable[str]) -> dict[str, float]:
    return {key: _mean(row.get(key, NAN) for row in rows) for key in keys}


# --- real recordings
# -------------------------------------------------------------------------------------------------

REAL_MEANS = (
    "chroma",
    "note@1",
    "shift@1",
    "const@1",
    "note@3",
    "shift@3",
    "const@3",
    "triad",
    "onset",
    "beat_f",
    "crest",
    "attack",
    "loudness",
    "length",
    "seam",
)


@dataclass(frozen=True, eq=False)
class Output:
    """One converted recording: of which source, by which system, as which carol sound."""

    system: str
    sound: str
    source: int
    wave: np.ndarray
    analysis: Analysis


def evaluate_real(
    convert_fn: ConvertFn,
    real_dir: Path | str,
    distractors: Sequence[Path] = (),
    anchors: bool = True,
    out_dir: Path | str | None = None,
    *,
    styles: Sequence[str] = ("",),
    rivals: Mapping[str, ConvertFn] | None = None,
    style_reference: metrics.StyleReference | Path | None = None,
    joins_s: Callable[[int], Sequence[float]] | None = None,
    cache_dir: Path | None = None,
    heard_s: float = metrics.HEARD_S,
) -> Table:
    """Convert every song of `real_dir`/pop in each of `styles` and measure content, style and blur
    beside the anchors.

    real_dir: pop/NAME.* with NAME.ultrastar.txt where known, carol/*, style_reference.npz (without
    it no `style`). distractors: further songs among which `retrieval` must find the true one.
    anchors: copy, eq, wrong, mean. rivals: other systems by name, such as {"griffin-lim": ...},
    heard in the first style. joins_s: samples -> times in seconds at which windows were joined, for
    `seam`. out_dir: audio, listen.html and the table go there. One row per system and sound; that
    of sound "all" pools the styles. Raises FileNotFoundError without songs.
    """
    real_dir = Path(real_dir)
    paths = audio_files(real_dir / "pop")
    if not paths:
        raise FileNotFoundError(
            f"{real_dir / 'pop'}: expected audio files, found none; give a folder with pop/ in it"
        )
    cache_dir = cache_dir or (Path(out_dir) / "cache" if out_dir else None)
    songs = [Recording.load(path, heard_s, cache_dir) for path in tqdm(paths, "songs", leave=False)]
    sources = songs + [Recording.load(Path(path), heard_s, cache_dir) for path in distractors]
    systems = {
        OURS: (convert_fn, styles),
        **{name: (fn, styles[:1]) for name, fn in (rivals or {}).items()},
    }
    outputs = [
        _output(
            system, sound, i, checked(fn(song.wave, sound), f"{system} of {song.name}"), heard_s
        )
        for system, (fn, sounds) in systems.items()
        for sound in sounds
        for i, song in enumerate(tqdm(songs, f"{system} {sound}", leave=False))
    ]
    if anchors:
        outputs += _real_anchors(
            songs, outputs, audio_files(real_dir / "carol"), heard_s, cache_dir
        )
    details = [_real_detail(output, sources[output.source], joins_s) for output in outputs]
    reference = _reference(style_reference, real_dir)
    rows = [_real_row(key, outputs, details, sources, reference) for key in _groups(outputs)]
    settings = {"songs": [song.name for song in songs], "styles": list(styles), "heard_s": heard_s}
    settings |= {
        "retrieval_chance": metrics.retrieval_chance(len(sources)),
        "sources": len(sources),
    }
    table = Table("Real recordings", rows, details, settings)
    if out_dir:
        # the same waves as ours, under other names
        heard = [o for o in outputs if o.system != "wrong"]
        labels = [f"{o.system} {o.sound}".strip() for o in heard]
        waves = [metrics.prepare(o.wave, heard_s) for o in heard]
        names = [songs[o.source].name for o in heard]
        write_listening_page(
            Path(out_dir), "real", list(zip(names, labels, waves, strict=True)), table
        )
    return table


def _reference(
    given: metrics.StyleReference | Path | None, real_dir: Path
) -> metrics.StyleReference | None:
    if isinstance(given, metrics.StyleReference):
        return given
    path = Path(given) if given else real_dir / "style_reference.npz"
    return metrics.StyleReference.load(path) if given or path.exists() else None


def _output(
    system: str, sound: str, source: int, wave: np.ndarray, heard_s: float, cache_dir=None
) -> Output:
    return Output(system, sound, source, wave, analyse(metrics.prepare(wave, heard_s), cache_dir))


def _real_anchors(songs, outputs, carol_paths, heard_s, cache_dir) -> list[Output]:
    anchors = [Output("copy", "", i, song.wave, song.analysis) for i, song in enumerate(songs)]
    ours = {(o.sound, o.source): o for o in outputs if o.system == OURS}
    for (sound, source), _ in ours.items():  # measured already: costs nothing
        other = ours[sound, (source + 1) % len(songs)]
        if len(songs) > 1:
            anchors.append(Output("wrong", sound, source, other.wave, other.analysis))
    if carol_paths:
        cfg = AudioConfig()
        carols = [
            metrics.prepare(load_audio(path, duration_s=heard_s), heard_s) for path in carol_paths
        ]
        levels = band_levels(carols)[1]
        mean = np.mean([log_mel_of(wave, LogMel(cfg)).mean(axis=0) for wave in carols], axis=0)
        for i, song in enumerate(tqdm(songs, "anchors", leave=False)):
            anchors.append(_output("eq", "", i, equalised(song.wave, levels), heard_s, cache_dir))
            anchors.append(
                _output("mean", "", i, constant_mel(mean, len(song.wave), cfg), heard_s, cache_dir)
            )
    return anchors


def _real_detail(output: Output, source: Recording, joins_s) -> dict:
    """All figures of one output that need no other output."""
    mine, its = output.analysis, source.analysis
    row = {"on": "real", "system": output.system, "sound": output.sound, "name": source.name}
    row["chroma"] = metrics.chroma_similarity(its.chroma, mine.chroma)
    for k in (1, 3):
        notes = metrics.note_at_k(mine.chroma, list(source.notes), k)
        row |= {f"{name}@{k}": value for name, value in notes.items()}
    row["triad"] = metrics.chord_agreement(its.chroma, mine.chroma, its.beats_s)
    row["onset"] = metrics.onset_correlation(its.onset, mine.onset)
    row["beat_f"] = metrics.beat_f(its.beats_s, mine.beats_s)
    row |= {"crest": mine.crest, "attack": mine.attack}
    row["loudness"] = loudness_lufs(output.wave) - loudness_lufs(source.wave)
    row["length"] = len(output.wave) - len(source.wave) if output.system != "wrong" else 0
    if joins_s is not None and output.system == OURS:
        row["seam"] = metrics.seam_ratio(output.wave, np.asarray(joins_s(len(output.wave))))
    return row


def _groups(outputs: Sequence[Output]) -> list[tuple[str, str]]:
    """(system, sound) in order of appearance; a system of several sounds gets a pooled row before
    them.
    """
    sounds: dict[str, list[str]] = {}
    for output in outputs:
        if output.sound not in sounds.setdefault(output.system, []):
            sounds[output.system].append(output.sound)
    pooled = {
        system: [POOLED, *found] if len(found) > 1 else found for system, found in sounds.items()
    }
    # `wrong` and its like are read in one row; only ours is looked at sound by sound
    return [
        (system, s)
        for system, found in pooled.items()
        for s in (found if system == OURS else found[:1])
    ]


def _real_row(key, outputs, details, sources, reference) -> dict:
    system, sound = key
    chosen = [i for i, o in enumerate(outputs) if o.system == system and sound in (POOLED, o.sound)]
    mine = [outputs[i] for i in chosen]
    matrix = metrics.chroma_matrix(
        [o.analysis.chroma for o in mine], [s.analysis.chroma for s in sources]
    )
    row = {"on": "real", "system": system, "sound": sound, "n": len(mine)}
    row["retrieval"] = metrics.retrieval(matrix, np.array([o.source for o in mine]))
    row |= _mean_rows([details[i] for i in chosen], REAL_MEANS)
    if reference is not None:
        windows = np.vstack([o.analysis.style for o in mine])
        row |= {"style": reference.style(windows), "p_carol": reference.p_carol(windows)}
    return row


# --- synthetic pairs
# -------------------------------------------------------------------------------------------------

SYNTHETIC_MEANS = (
    "mse",
    "lsd",
    "lsd_db",
    "tune",
    "chord",
    "chroma",
    "onset_f",
    "beat_f",
    "crest",
    "length",
)


def evaluate_synthetic(
    convert_fn: ConvertFn,
    pairs: Iterable[Mapping],
    anchors: bool = True,
    out_dir: Path | str | None = None,
    *,
    predict: PredictFn | None = None,
    vocoders: Mapping[str, VocodeFn] | None = None,
    mel_stats: tuple[np.ndarray, np.ndarray] | None = None,
    cfg: AudioConfig | None = None,
    on: str = "synthetic",
    n_listen: int = 6,
) -> Table:
    """Convert the pop side of held-out pairs and compare with their carols.

    pairs: mappings with `pop` (T,), `carol` (T,), and where known `labels` (fields tune, onset,
    chord, beat by frame), `style` (handed to `convert_fn` as it is: a name, a reference carol) and
    `name`. predict: the converter's log-mel before the vocoder, for `mse`; else that of the output.
    vocoders: by name, such as {"oracle": neural, "griffin-lim": ...}: each is given the true
    target's log-mel. mel_stats: mean and deviation (M,) for `mse`, those of the targets at hand by
    default. lsd: ratio to copy. Anchors: target, copy, eq, wrong, mean, and the vocoders. Raises
    ValueError without pairs.
    """
    cfg = cfg or AudioConfig()
    pairs = [dict(pair) for pair in pairs]
    if not pairs:
        raise ValueError("expected at least one pair of pop and carol, found none")
    log_mel = LogMel(cfg)
    targets = [log_mel_of(pair["carol"], log_mel) for pair in pairs]
    mean, std = mel_stats or _mel_stats(targets)
    outputs = {
        OURS: [
            checked(convert_fn(p["pop"], p.get("style", "")), OURS)
            for p in tqdm(pairs, OURS, leave=False)
        ]
    }
    predicted = {OURS: [predict(p["pop"], p.get("style", "")) for p in pairs]} if predict else {}
    if anchors:
        outputs |= _synthetic_anchors(pairs, outputs[OURS], mean, cfg)
        predicted["mean"] = [np.broadcast_to(mean, target.shape) for target in targets]
        if predict and "wrong" in outputs:
            predicted["wrong"] = predicted[OURS][1:] + predicted[OURS][:1]
        for name, vocode in (vocoders or {}).items():
            waves = zip(targets, pairs, strict=True)
            outputs[name] = [
                vocode(mel, len(p["carol"]))
                for mel, p in tqdm(waves, name, len(pairs), leave=False)
            ]
    targets_heard = [TargetAnalysis.of(pair["carol"]) for pair in pairs]
    copy_lsd = [metrics.lsd_db(pair["carol"], pair["pop"]) for pair in pairs]
    details = []
    for system, waves in outputs.items():
        mels = predicted.get(system) or [log_mel_of(wave, log_mel) for wave in waves]
        for i, wave in enumerate(tqdm(waves, f"measure {system}", leave=False)):
            figures = _synthetic_detail(wave, pairs[i], targets_heard[i], copy_lsd[i])
            figures["mse"] = metrics.mse_ratio(mels[i], targets[i], mean, std)
            names = {
                "on": on,
                "system": system,
                "sound": _sound(pairs[i]),
                "name": _name(pairs[i], i),
            }
            details.append(names | figures)
    rows = [_synthetic_row(on, system, details) for system in outputs]
    settings = {
        f"{on}_pairs": len(pairs),
        f"{on}_s": float(sum(len(p["pop"]) for p in pairs) / cfg.sample_rate),
    }
    table = Table(f"{on.capitalize()} pairs", rows, details, settings)
    if out_dir:
        shown = {**{"pop": [p["pop"] for p in pairs]}, **outputs}
        shown = {name: waves for name, waves in shown.items() if name != "copy"}
        players = [
            (_name(pairs[i], i), name, metrics.set_level(wave))
            for name, waves in shown.items()
            for i, wave in enumerate(waves[:n_listen])
        ]
        write_listening_page(Path(out_dir), on, players, table)
    return table


def _name(pair: Mapping, i: int) -> str:
    return str(pair.get("name") or f"pair{i:03d}")


def _sound(pair: Mapping) -> str:
    style = pair.get("style", "")
    return style if isinstance(style, str) else str(getattr(style, "name", ""))


def _mel_stats(targets: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    frames = np.concatenate(targets)
    return frames.mean(axis=0), frames.std(axis=0) + 1e-3


def _synthetic_anchors(pairs, ours, mean, cfg) -> dict[str, list[np.ndarray]]:
    levels = band_levels([pair["carol"] for pair in pairs])[1]
    anchors = {"target": [pair["carol"] for pair in pairs], "copy": [pair["pop"] for pair in pairs]}
    anchors["eq"] = [equalised(pair["pop"], levels) for pair in pairs]
    if len(pairs) > 1:
        anchors["wrong"] = ours[1:] + ours[:1]
    anchors["mean"] = [constant_mel(mean, len(pair["pop"]), cfg) for pair in pairs]
    return anchors


@dataclass(frozen=True, eq=False)
class TargetAnalysis:
    """What outputs are compared with: chroma (12, F) at hop 256, wave (T,)."""

    chroma: np.ndarray
    wave: np.ndarray

    @classmethod
    def of(cls, wave: np.ndarray) -> TargetAnalysis:
        return cls(metrics.tune_and_full_chroma(metrics.set_level(wave))[1], wave)


def _synthetic_detail(
    wave: np.ndarray, pair: Mapping, target: TargetAnalysis, copy_lsd: float
) -> dict:
    levelled, labels = metrics.set_level(wave), pair.get("labels")
    register, chroma = metrics.tune_and_full_chroma(levelled)
    row = {"mse": NAN, "lsd_db": metrics.lsd_db(target.wave, wave)}
    row["lsd"] = row["lsd_db"] / max(copy_lsd, 1e-9)
    if labels is not None:
        row["tune"] = metrics.tune_share(register, labels.tune, getattr(labels, "onset", None))
        row["chord"] = metrics.chord_share(chroma, labels.chord)
        true_s = np.flatnonzero(labels.beat) * metrics.TRUTH_HOP / metrics.SAMPLE_RATE
        row["beat_f"] = metrics.beat_f(true_s, metrics.beat_times(metrics.onset_envelope(levelled)))
    row["chroma"] = metrics.chroma_similarity(target.chroma, chroma)
    row["onset_f"] = metrics.onset_f(metrics.set_level(target.wave), levelled)
    return row | {"crest": metrics.crest_db(levelled), "length": len(wave) - len(pair["pop"])}


def _synthetic_row(on: str, system: str, details: Sequence[Mapping]) -> dict:
    mine = [row for row in details if row["system"] == system]
    return {
        "on": on,
        "system": system,
        "sound": POOLED,
        "n": len(mine),
        **_mean_rows(mine, SYNTHETIC_MEANS),
    }


# --- all at once ----------------------------------------------------------------------------------
# -------------------


def evaluate(
    convert_fn: ConvertFn,
    out_dir: Path | str,
    *,
    real_dir: Path | str | None = None,
    pairs: Iterable[Mapping] = (),
    demo: Iterable[Mapping] = (),
    real: Mapping | None = None,
    synthetic: Mapping | None = None,
    anchors: bool = True,
) -> Table:
    """One table of synthetic `pairs`, `demo` songs against their own carols, and the real songs of
    `real_dir`.

    real, synthetic: further keyword arguments of `evaluate_real` and `evaluate_synthetic`. Writes
    table.json, .csv, .md and a listening page of each part under `out_dir`. Raises ValueError when
    there is nothing to evaluate.
    """
    tables = []
    for on, given in (("synthetic", list(pairs)), ("demo", list(demo))):
        if given:
            tables.append(
                evaluate_synthetic(convert_fn, given, anchors, out_dir, on=on, **(synthetic or {}))
            )
    if real_dir is not None:
        tables.append(
            evaluate_real(convert_fn, real_dir, anchors=anchors, out_dir=out_dir, **(real or {}))
        )
    if not tables:
        raise ValueError(
            "nothing to evaluate: expected pairs, demo songs or a folder of real songs, found none"
        )
    whole = tables[0]
    for table in tables[1:]:
        whole = whole.joined(table)
    whole.title = "Evaluation"
    whole.write(out_dir)
    return whole
