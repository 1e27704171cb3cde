"""Work in parallel: order, exceptions, autocast, and PyTorch's own threads afterwards."""

import threading

import pytest
import torch
from threadpoolctl import threadpool_info

from kcarol.audio.parallel import n_workers, on_one_core, parallel_map, single_threaded


@pytest.fixture
def two_threads():
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


def test_results_come_in_the_order_of_the_items(two_threads):
    assert list(parallel_map(lambda n: n * n, range(50))) == [n * n for n in range(50)]


def test_items_are_taken_one_after_another_and_not_all_at_once(two_threads):
    taken = []
    items = (taken.append(n) or n for n in range(50))
    results = parallel_map(lambda n: n, items)
    assert next(results) == 0 and taken == [0, 1, 2]
    assert list(results) == list(range(1, 50))


def test_each_piece_is_computed_by_one_thread_and_afterwards_all_are_there_again(two_threads):
    assert set(parallel_map(lambda _: torch.get_num_threads(), range(6))) == {1}
    assert torch.get_num_threads() == 2


def test_what_is_made_of_a_result_meanwhile_is_computed_by_one_thread(two_threads):
    assert [torch.get_num_threads() for _ in parallel_map(lambda n: n, range(5))] == [1] * 5
    assert torch.get_num_threads() == 2


def test_single_threaded_work_is_still_given_to_all_threads_by_parallel_map(two_threads):
    with single_threaded():
        assert torch.get_num_threads() == 1 and n_workers() == 2
        with single_threaded():
            assert n_workers() == 2
        together = threading.Barrier(2, timeout=30)  # passed only by two at once
        # each of which has but its own
        assert set(parallel_map(lambda _: (together.wait(), n_workers())[1], range(2))) == {1}
        assert torch.get_num_threads() == 1
    assert torch.get_num_threads() == n_workers() == 2 and n_workers("cuda") == 1


def test_workers_beyond_the_items_are_shared_out_among_them(two_threads):
    assert list(parallel_map(lambda _: n_workers(), range(1))) == [2]
    assert list(parallel_map(lambda _: n_workers(), range(2))) == [1, 1]
    together = threading.Barrier(2, timeout=30)  # passed only by two at once
    inner = list(parallel_map(lambda _: list(parallel_map(lambda _: together.wait(), "ab")), "a"))
    assert sorted(inner[0]) == [0, 1]


def test_single_threaded_work_that_fails_restores_the_threads(two_threads):
    with pytest.raises(ValueError, match="no"), single_threaded():
        raise ValueError("no")
    assert torch.get_num_threads() == n_workers() == 2


def test_autocast_and_the_lack_of_gradients_are_those_of_the_caller(two_threads):
    weight = torch.ones(4, 4, requires_grad=True)
    with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16):
        products = list(parallel_map(lambda x: x @ weight, [torch.ones(4, 4)] * 3))
    assert {p.dtype for p in products} == {torch.bfloat16} and not any(
        p.requires_grad for p in products
    )
    assert {p.dtype for p in parallel_map(lambda x: x @ weight, [torch.ones(4, 4)] * 3)} == {
        torch.float32
    }


def test_what_a_piece_raises_is_raised_and_restores_the_threads(two_threads):
    def work(n):
        if n == 3:
            raise ValueError("the fourth")
        return n

    results = parallel_map(work, range(8))
    with pytest.raises(ValueError, match="the fourth"):
        list(results)
    assert torch.get_num_threads() == 2


def test_left_early_it_restores_the_threads(two_threads):
    results = parallel_map(lambda n: n, range(8))
    assert next(results) == 0
    results.close()
    assert torch.get_num_threads() == 2


def test_on_one_core_products_of_numpy_and_pytorch_take_one_thread_each(two_threads):
    def of_blas():
        return {pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"}

    before = torch.get_num_threads(), of_blas()
    with on_one_core():
        assert torch.get_num_threads() == 1 and of_blas() <= {1}
    assert (torch.get_num_threads(), of_blas()) == before
