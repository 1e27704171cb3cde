"""Chunks: their spans cover everything, and joining unchanged chunks changes nothing."""

import itertools

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from kcarol.audio.chunks import chunk_spans, overlap_add, overlap_add_stream


@settings(max_examples=60, deadline=None)
@given(n=st.integers(1, 300), size=st.integers(1, 80), share=st.floats(0, 0.99))
def test_spans_cover_all_and_overlap_enough(n, size, share):
    overlap = int(share * size)
    spans = chunk_spans(n, size, overlap)
    assert spans[0][0] == 0 and spans[-1][1] == n
    assert all(stop - start == min(size, n) for start, stop in spans)
    for left, right in itertools.pairwise(spans):
        assert left[1] - right[0] >= overlap and left[0] < right[0]


@settings(max_examples=60, deadline=None)
@given(n=st.integers(1, 300), size=st.integers(1, 80), share=st.floats(0, 0.99))
def test_unchanged_chunks_are_joined_to_the_whole_as_soon_as_no_later_one_reaches(n, size, share):
    frames = torch.arange(2 * n * 3, dtype=torch.float32).reshape(2, n, 3) / n
    spans = chunk_spans(n, size, int(share * size))
    requested = []

    def chunks():
        for start, stop in spans:
            requested.append(start)
            yield frames[:, start:stop]

    begin = 0
    for start, rows in overlap_add_stream(chunks(), spans, n):
        assert start == begin
        begin += rows.shape[1]
        assert torch.allclose(rows, frames[:, start:begin], rtol=1e-5, atol=1e-5)
        assert begin == (spans[len(requested)][0] if len(requested) < len(spans) else n)
    assert begin == n
    assert torch.allclose(overlap_add(chunks(), spans, n), frames, rtol=1e-5, atol=1e-5)


def test_cross_fades_are_linear():
    spans = [(0, 10), (6, 16)]
    whole = overlap_add([torch.zeros(10, 1), torch.ones(10, 1)], spans, 16)[:, 0]
    assert torch.allclose(whole[5:11], torch.tensor([0, 0.2, 0.4, 0.6, 0.8, 1]))


def test_spans_and_chunks_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="overlap < size"):
        chunk_spans(10, 4, 4)
    with pytest.raises(ValueError, match="per span"):
        overlap_add([torch.zeros(3, 1)], [], 3)
    with pytest.raises(ValueError, match="expected 3 frames"):
        overlap_add([torch.zeros(2, 1)], [(0, 3)], 3)
    with pytest.raises(ValueError, match="frame 3 has none"):
        overlap_add([torch.zeros(3, 1)], [(0, 3)], 4)
