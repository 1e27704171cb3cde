"""Facts about work side by side: order, exceptions, autocast, and PyTorch's own threads afterwards."""

import threading

import pytest
import torch

from kcarol.audio.parallel import n_at_once, side_by_side, unshared


@pytest.fixture
def two_threads():
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


def test_results_come_in_the_order_of_the_items(two_threads):
    assert list(side_by_side(lambda n: n * n, range(50))) == [n * n for n in range(50)]


def test_each_piece_is_computed_by_one_thread_and_afterwards_all_are_there_again(two_threads):
    assert set(side_by_side(lambda _: torch.get_num_threads(), range(6))) == {1}
    assert torch.get_num_threads() == 2


def test_what_is_made_of_a_result_meanwhile_is_computed_by_one_thread(two_threads):
    assert [torch.get_num_threads() for _ in side_by_side(lambda n: n, range(5))] == [1] * 5
    assert torch.get_num_threads() == 2


def test_unshared_work_is_done_by_one_thread_and_still_given_to_all_side_by_side(two_threads):
    with unshared():
        assert torch.get_num_threads() == 1 and n_at_once() == 2
        with unshared():
            assert n_at_once() == 2
        together = threading.Barrier(2, timeout=30)  # passed only by two at once
        # each of which has but its own
        assert set(side_by_side(lambda _: (together.wait(), n_at_once())[1], range(2))) == {1}
        assert torch.get_num_threads() == 1
    assert torch.get_num_threads() == n_at_once() == 2 and n_at_once("cuda") == 1


def test_unshared_work_that_fails_puts_threads_back(two_threads):
    with pytest.raises(ValueError, match="no"), unshared():
        raise ValueError("no")
    assert torch.get_num_threads() == n_at_once() == 2


def test_autocast_and_the_lack_of_gradients_are_those_of_the_caller(two_threads):
    weight = torch.ones(4, 4, requires_grad=True)
    with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16):
        products = list(side_by_side(lambda x: x @ weight, [torch.ones(4, 4)] * 3))
    assert {p.dtype for p in products} == {torch.bfloat16} and not any(
        p.requires_grad for p in products
    )
    assert {p.dtype for p in side_by_side(lambda x: x @ weight, [torch.ones(4, 4)] * 3)} == {
        torch.float32
    }


def test_what_a_piece_raises_is_raised_and_threads_are_put_back(two_threads):
    def work(n):
        if n == 3:
            raise ValueError("the fourth")
        return n

    results = side_by_side(work, range(8))
    with pytest.raises(ValueError, match="the fourth"):
        list(results)
    assert torch.get_num_threads() == 2


def test_left_early_it_puts_threads_back(two_threads):
    results = side_by_side(lambda n: n, range(8))
    assert next(results) == 0
    results.close()
    assert torch.get_num_threads() == 2
