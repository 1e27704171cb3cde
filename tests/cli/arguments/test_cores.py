"""Cores that may be used: affinity and limits of control groups."""

import os

import pytest

from kcarol.cli.arguments import cores


@pytest.fixture
def limits(tmp_path, monkeypatch):
    """Writes files of a made-up /sys/fs/cgroup and the process's membership."""
    monkeypatch.setattr(cores, "CGROUPS", tmp_path)
    monkeypatch.setattr(cores, "MEMBERSHIP", tmp_path / "membership")
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: set(range(8)), raising=False)
    monkeypatch.setattr(os, "process_cpu_count", lambda: 8, raising=False)

    def write(membership: str, **files: str) -> int:
        (tmp_path / "membership").write_text(membership)
        for name, text in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return cores.available_cores()

    return write


@pytest.mark.parametrize(
    "membership, files, n_cores",
    [
        ("0::/\n", {}, 8),
        ("0::/\n", {"cpu.max": "max 100000\n"}, 8),
        ("0::/\n", {"cpu.max": "200000 100000\n"}, 2),
        ("0::/\n", {"cpu.max": "50000 100000\n"}, 1),
        ("0::/\n", {"cpu.max": "250000 100000\n"}, 3),
        ("0::/a/b\n", {"a/b/cpu.max": "max 100000\n", "a/cpu.max": "400000 100000\n"}, 4),
        ("0::/elsewhere\n", {"cpu.max": "300000 100000\n"}, 3),
        (
            "1:cpu,cpuacct:/\n",
            {"cpu/cpu.cfs_quota_us": "-1\n", "cpu/cpu.cfs_period_us": "1000\n"},
            8,
        ),
        (
            "4:memory:/x\n1:cpu,cpuacct:/docker/1\n",
            {"cpu/cpu.cfs_quota_us": "200000\n", "cpu/cpu.cfs_period_us": "100000\n"},
            2,
        ),
        ("0::/\n", {"cpu.max": "1600000 100000\n"}, 8),
    ],
)
def test_control_groups_limit_the_cores(membership, files, n_cores, limits):
    assert limits(membership, **files) == n_cores


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="no affinity on this system")
def test_affinity_limits_the_cores():
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(before)})
    try:
        assert cores.available_cores() == 1
    finally:
        os.sched_setaffinity(0, before)


def test_jobs_are_the_cores_that_may_be_used():
    from kcarol.cli.main import make_parser

    assert make_parser().parse_args(["convert", "a.wav"]).jobs == cores.available_cores()
