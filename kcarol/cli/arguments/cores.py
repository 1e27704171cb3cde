"""How many processor cores this process may use."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

CGROUPS = Path("/sys/fs/cgroup")
MEMBERSHIP = Path("/proc/self/cgroup")


def available_cores() -> int:
    """Cores of the machine within its CPU affinity (taskset) and its containers' limits.

    loky's count passes over groups below the root, to which systemd gives its limits, and takes
    .2 s to import.
    """
    if hasattr(os, "process_cpu_count"):  # since Python 3.13
        n_cores = os.process_cpu_count()
    elif hasattr(os, "sched_getaffinity"):
        n_cores = len(os.sched_getaffinity(0))
    else:
        n_cores = os.cpu_count()
    return max(1, min([n_cores or 1, *map(math.ceil, _cgroup_limits())]))


def _cgroup_limits() -> Iterator[float]:
    """Cores granted to the control groups that this process is in, of versions 1 and 2.

    CFS bandwidth control: docs.kernel.org/admin-guide/cgroup-v2.html, .../scheduler/sched-bwc.html.
    """
    for group in _groups():
        yield from _ratio(_read(CGROUPS / group / "cpu.max"))
        version_1 = CGROUPS / "cpu" / group
        quota, period = (
            _read(version_1 / "cpu.cfs_quota_us"),
            _read(version_1 / "cpu.cfs_period_us"),
        )
        yield from _ratio(f"{quota} {period}")


def _groups() -> set[str]:
    """Paths of the groups of this process and of those above them: a limit holds for all below.

    Inside a container the file may tell the path outside, of which the root alone is there.
    """
    groups = {""}
    for line in _read(MEMBERSHIP).splitlines():
        _, controllers, path = line.split(":", 2)
        if not controllers or "cpu" in controllers.split(","):
            inner = PurePosixPath(path.strip("/"))
            groups |= {str(group) for group in (inner, *inner.parents)}
    return groups


def _ratio(limit: str) -> Iterator[float]:
    """Of "QUOTA PERIOD" in microseconds; nothing where there is no limit (max, -1)."""
    match limit.split():
        case [quota, period] if quota.isdigit() and period.isdigit() and int(period):
            yield int(quota) / int(period)


def _read(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except OSError:
        return ""
