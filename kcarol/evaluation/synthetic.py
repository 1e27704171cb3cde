"""Evaluation on synthetic pairs: the target carol and its labels are known."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from kcarol.audio.log_mel import LogMel
from kcarol.audio.parallel import on_one_core
from kcarol.config import AudioConfig
from kcarol.evaluation import metrics
from kcarol.evaluation.baselines import band_levels, coloured_noise, equalised
from kcarol.evaluation.listening_page import write_listening_page
from kcarol.evaluation.real import OURS, POOLED
from kcarol.evaluation.recordings import checked, log_mel_of
from kcarol.evaluation.table import Table, mean_columns
from kcarol.page.language import ENGLISH, Language

MonoConvert = Callable[[np.ndarray, Any], np.ndarray]  # wave (T,) at 16 kHz, style -> wave (T,)
Vocode = Callable[[np.ndarray, int], np.ndarray]  # log-mel (F, M), samples -> wave (T,)
Predict = Callable[[np.ndarray, Any], np.ndarray]  # wave (T,), style -> log-mel (F, M)
MEANS = "mse lsd lsd_db tune chord chroma onset_f beat_f crest length".split()
N_LISTEN = 6  # pairs on the listening page


@dataclass(frozen=True, eq=False)
class Target:
    """A pair, and the analysis of its carol, made once."""

    name: str
    style: Any  # as given: a name, a reference carol
    pop: np.ndarray  # (T,)
    carol: np.ndarray  # (T,)
    labels: Any  # tune, onset, chord and beat by frame, or None
    log_mel: np.ndarray  # (F, M)
    chroma: np.ndarray  # (12, F) at hop 256
    copy_lsd_db: float  # of the song itself

    @classmethod
    def of(cls, pair: Mapping, number: int, log_mel: LogMel) -> Target:
        pop, carol = pair["pop"], pair["carol"]
        return cls(
            name=str(pair.get("name") or f"pair{number:03d}"),
            style=pair.get("style", ""),
            pop=pop,
            carol=carol,
            labels=pair.get("labels"),
            log_mel=log_mel_of(carol, log_mel),
            chroma=metrics.tune_and_full_chroma(metrics.set_level(carol))[1],
            copy_lsd_db=metrics.lsd_db(carol, pop),
        )

    @property
    def sound(self) -> str:
        return self.style if isinstance(self.style, str) else getattr(self.style, "name", "")

    def compare(self, wave: np.ndarray) -> dict[str, float]:
        """The figures of an output (T,)."""
        levelled = metrics.set_level(wave)
        register, chroma = metrics.tune_and_full_chroma(levelled)
        lsd_db = metrics.lsd_db(self.carol, wave)
        figures = {
            "lsd_db": lsd_db,
            "lsd": lsd_db / max(self.copy_lsd_db, 1e-9),
            "chroma": metrics.chroma_similarity(self.chroma, chroma),
            "onset_f": metrics.onset_f(metrics.set_level(self.carol), levelled),
            "crest": metrics.crest_db(levelled),
            "length": len(wave) - len(self.pop),
        }
        if self.labels is not None:
            onset = getattr(self.labels, "onset", None)
            beats_s = np.flatnonzero(self.labels.beat) * metrics.LABEL_HOP / metrics.SAMPLE_RATE
            found_s = metrics.beat_times(metrics.onset_envelope(levelled))
            figures["tune"] = metrics.tune_share(register, self.labels.tune, onset)
            figures["chord"] = metrics.chord_share(chroma, self.labels.chord)
            figures["beat_f"] = metrics.beat_f(beats_s, found_s)
        return figures


@on_one_core()
def evaluate_synthetic(
    convert: MonoConvert,
    pairs: Iterable[Mapping],
    baselines: bool = True,
    out_dir: Path | str | None = None,
    *,
    predict: Predict | None = None,
    vocoders: Mapping[str, Vocode] | None = None,
    on: str = "synthetic",
    language: Language = ENGLISH,
) -> Table:
    """Converts the pop side of held-out pairs and compares the results with their carols.

    pairs: mappings with `pop` (T,), `carol` (T,), and where known `labels` (with tune, onset,
        chord and beat by frame), `style` (passed to `convert`) and `name`.
    baselines: whether to add the rows target, copy, eq, wrong and mean, and those of `vocoders`.
    out_dir: where audio and the listening page go.
    predict: the converter's log-mel before the vocoder, for `mse`; else that of the output.
    vocoders: by name; each is given the target's log-mel.
    on: name of the set.
    language: of the page.

    `mse` is on log-mels standardised by the targets, `lsd` the ratio to copy. Raises ValueError
    without pairs.
    """
    cfg = AudioConfig()
    log_mel = LogMel(cfg)
    targets = [Target.of(pair, number, log_mel) for number, pair in enumerate(pairs)]
    if not targets:
        raise ValueError("expected at least one pair of pop and carol, found none")
    frames = np.concatenate([target.log_mel for target in targets])
    mean, std = frames.mean(axis=0), frames.std(axis=0) + 1e-3

    waves = {
        OURS: [checked(convert(t.pop, t.style), OURS) for t in tqdm(targets, OURS, leave=False)]
    }
    mels = {OURS: [predict(t.pop, t.style) for t in targets]} if predict else {}
    if baselines:
        waves |= _baselines(targets, waves[OURS], mean, cfg)
        mels["mean"] = [np.broadcast_to(mean, t.log_mel.shape) for t in targets]
        if OURS in mels:
            mels["wrong"] = mels[OURS][1:] + mels[OURS][:1]
        for name, vocode in (vocoders or {}).items():
            waves[name] = [
                vocode(t.log_mel, len(t.carol)) for t in tqdm(targets, name, leave=False)
            ]

    details = []
    for system, outputs in waves.items():
        for i, target in enumerate(tqdm(targets, f"measure {system}", leave=False)):
            mel = mels[system][i] if system in mels else log_mel_of(outputs[i], log_mel)
            row = {"on": on, "system": system, "sound": target.sound, "name": target.name}
            row["mse"] = metrics.mse_ratio(mel, target.log_mel, mean, std)
            details.append(row | target.compare(outputs[i]))

    rows = [_row(on, system, details) for system in waves]
    seconds = sum(len(t.pop) for t in targets) / cfg.sample_rate
    settings = {f"{on}_pairs": len(targets), f"{on}_s": seconds}
    table = Table(f"{on.capitalize()} pairs", rows, details, settings)
    if out_dir:
        _write_page(Path(out_dir), on, targets[:N_LISTEN], waves, table, language)
    return table


def _baselines(
    targets: Sequence[Target], ours: list[np.ndarray], mean: np.ndarray, cfg: AudioConfig
) -> dict[str, list[np.ndarray]]:
    """The waves of each baseline."""
    levels = band_levels([target.carol for target in targets])
    waves = {
        "target": [target.carol for target in targets],
        "copy": [target.pop for target in targets],
        "eq": [equalised(target.pop, levels) for target in targets],
        "mean": [coloured_noise(mean, len(target.pop), cfg) for target in targets],
    }
    if len(targets) > 1:
        waves["wrong"] = ours[1:] + ours[:1]
    return waves


def _row(on: str, system: str, details: Sequence[Mapping]) -> dict:
    mine = [row for row in details if row["system"] == system]
    names = {"on": on, "system": system, "sound": POOLED, "n": len(mine)}
    return names | mean_columns(mine, MEANS)


def _write_page(
    out_dir: Path,
    on: str,
    targets: Sequence[Target],
    waves: Mapping[str, Sequence[np.ndarray]],
    table: Table,
    language: Language,
) -> None:
    shown = {"pop": [t.pop for t in targets], **waves}
    songs = (
        (
            target.name,
            {
                system: metrics.set_level(shown[system][i])
                for system in shown
                if system != "copy"  # the same as pop
            },
        )
        for i, target in enumerate(targets)
    )
    write_listening_page(out_dir, on, songs, table, language=language)
