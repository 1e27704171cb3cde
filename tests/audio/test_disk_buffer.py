"""Buffers on disk are read and written as arrays are, and leave nothing on the disk."""

import os
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kcarol.audio import disk_buffer
from kcarol.audio.disk_buffer import DiskBuffer, DiskWave

SPANS = st.tuples(st.integers(0, 60), st.integers(0, 60)).map(lambda ends: slice(*sorted(ends)))


@settings(max_examples=60, deadline=None)
@given(
    width=st.sampled_from([None, 1, 3]),
    spans=st.lists(SPANS, max_size=6),
    more=st.integers(0, 20),
    seed=st.integers(0, 9),
)
def test_it_is_read_and_written_as_an_array_is(width, spans, more, seed):
    rng, row = np.random.default_rng(seed), () if width is None else (width,)
    array = np.zeros((40, *row), np.float32)
    with DiskBuffer(40, width) as buffer:
        for span in spans:
            array[span] = rows = rng.normal(size=array[span].shape)
            buffer[span] = rows
        rest = rng.normal(size=(more, *row)).astype(np.float32)
        buffer.append(rest)
        array = np.concatenate([array, rest])
        assert len(buffer) == len(array) and buffer.shape == array.shape
        for span in (slice(None), *spans):
            assert np.array_equal(buffer[span], array[span])


def test_it_has_no_name_in_the_folder_of_the_output(tmp_path):
    with DiskBuffer(1_000, beside=tmp_path / "new" / "carol.wav") as buffer:
        buffer[:] = 1.0
        assert os.listdir(tmp_path) == []
    with pytest.raises(ValueError, match="closed"):
        buffer[:]


def test_an_error_names_the_output(tmp_path, monkeypatch):
    def full(**options):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(disk_buffer.tempfile, "TemporaryFile", full)
    with pytest.raises(OSError, match=r"No space left on device: '.*carol.wav'"):
        DiskBuffer(10, beside=tmp_path / "carol.wav")


def test_threads_read_at_once():
    array = np.arange(50_000, dtype=np.float32)
    with DiskBuffer(len(array)) as buffer, ThreadPoolExecutor(8) as pool:
        buffer[:] = array
        read = pool.map(
            lambda start: np.array_equal(buffer[start : start + 100], array[start : start + 100]),
            range(0, 49_900, 37),
        )
        assert all(read)


def test_a_wave_of_several_channels_is_read_and_written_as_an_array_is():
    array = np.random.default_rng(0).normal(size=(2, 50)).astype(np.float32)
    with DiskWave(2, 30) as wave, DiskBuffer(30) as mono:
        assert wave.shape == (2, 30) and len(wave) == 2 and not wave[..., :].any()
        wave[..., 10:30] = array[:, 10:30]
        wave[:, :10] = array[:, :10]
        wave.append(array[:, 30:])
        assert np.array_equal(wave[..., :], array) and wave.shape == array.shape
        assert np.array_equal(wave[:, 5:17], array[..., 5:17])
        mono[..., 2:5] = 1.0
        assert mono[..., 1:6].tolist() == [0, 1, 1, 1, 0]
