"""Logs of a run: progress bar, log.csv, validation.csv and TensorBoard."""

from __future__ import annotations

import csv
import time
from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor

from kcarol.audio.files import atomic_write
from kcarol.training.distributed import Processes


class Meter:
    """Means of named scalars since the last reading, kept on their device: only reading waits."""

    def __init__(self) -> None:
        self.sums: dict[str, Tensor] = {}
        self.counts: dict[str, int] = {}

    def add(self, terms: Mapping[str, Tensor]) -> None:
        for name, value in terms.items():
            self.sums[name] = self.sums[name] + value if name in self.sums else value
            self.counts[name] = self.counts.get(name, 0) + 1

    def read(self, processes: Processes) -> dict[str, float]:
        """Means over steps and processes; resets the sums."""
        names = list(self.sums)
        means = torch.stack([self.sums[name].float() / self.counts[name] for name in names])
        self.sums, self.counts = {}, {}
        return dict(zip(names, processes.mean(means).tolist(), strict=True))

    def state_dict(self) -> dict:
        return {"sums": dict(self.sums), "counts": dict(self.counts)}

    def load_state_dict(self, state: dict, device: torch.device) -> None:
        self.sums = {name: value.to(device) for name, value in state["sums"].items()}
        self.counts = dict(state["counts"])


class RunLog:
    """Writes to a run's folder; silent where `active` is false, in all processes but the first."""

    def __init__(
        self, out: Path, step: int, steps: int, step_seconds: float, active: bool, quiet: bool
    ):
        """`step`: where the run begins or resumes. `step_seconds`: of audio in a step."""
        self.step_seconds = step_seconds
        self.active = active
        self.restart_clock()
        if active:
            from torch.utils.tensorboard import SummaryWriter
            from tqdm import tqdm

            out.mkdir(parents=True, exist_ok=True)
            self.writer = SummaryWriter(out / "tensorboard", purge_step=step + 1 if step else None)
            self.tables = {name: Table(out / f"{name}.csv", step) for name in ("log", "validation")}
            self.bar = tqdm(total=steps, initial=step, unit="step", disable=quiet, mininterval=1.0)

    def __enter__(self) -> RunLog:
        return self

    def __exit__(self, *_: object) -> None:
        if self.active:
            self.bar.close()
            self.writer.close()

    def restart_clock(self) -> None:
        self.since = time.monotonic()
        self.steps = 0

    def tick(self) -> None:
        """One step done."""
        self.steps += 1
        if self.active:
            self.bar.update()

    def losses(self, step: int, means: Mapping[str, float], learning_rate: float) -> None:
        elapsed = time.monotonic() - self.since
        speed = self.steps * self.step_seconds / max(elapsed, 1e-9)
        self.restart_clock()
        if self.active:
            row = {**means, "learning_rate": learning_rate, "audio_s_per_s": speed}
            self._write("log", "train", step, row)
            self.bar.set_postfix(loss=f"{means['loss']:.4g}", refresh=False)

    def validation(self, step: int, values: Mapping[str, float]) -> None:
        row = {name: float(value) for name, value in values.items()}
        self._write("validation", "validation", step, row)
        self.restart_clock()  # validation time does not count as training

    def _write(self, table: str, group: str, step: int, row: Mapping[str, float]) -> None:
        self.tables[table].add({"step": step, **row})
        for name, value in row.items():
            self.writer.add_scalar(f"{group}/{name}", value, step)


class Table:
    """A CSV file to which rows and columns are added."""

    def __init__(self, path: Path, step: int):
        """Keeps the rows of an existing file up to `step`: later ones are written again."""
        self.path = path
        self.rows: list[Mapping[str, object]] = []
        if step and path.exists():
            with path.open(newline="", encoding="utf-8") as file:
                self.rows = [row for row in csv.DictReader(file) if int(row["step"]) <= step]
        self.columns = list(dict.fromkeys(name for row in self.rows for name in row))
        if self.rows or path.exists():
            self._rewrite()

    def add(self, row: Mapping[str, object]) -> None:
        self.rows.append(row)
        new = [name for name in row if name not in self.columns]
        if new:
            self.columns += new
            self._rewrite()
        else:
            with self.path.open("a", newline="", encoding="utf-8") as file:
                csv.DictWriter(file, self.columns).writerow(row)

    def _rewrite(self) -> None:
        with (
            atomic_write(self.path) as temporary,
            temporary.open("w", newline="", encoding="utf-8") as file,
        ):
            writer = csv.DictWriter(file, self.columns)
            writer.writeheader()
            writer.writerows(self.rows)
