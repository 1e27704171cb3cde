"""Pieces of work side by side: a thread each, on a core of its own.

PyTorch shares every single operation out among its threads; on the small, cache-sized tensors of a
conversion they wait for each other longer than they work. Here each thread takes a whole piece and
computes alone.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import ContextVar

import torch

# inside `unshared`: PyTorch's threads before
CORES: ContextVar[int | None] = ContextVar("cores", default=None)


@contextmanager
def unshared() -> Iterator[None]:
    """Inside, PyTorch shares no operation out: this thread computes alone, but for what it gives to
    `side_by_side`.
    """
    n_threads = torch.get_num_threads()
    entered = CORES.set(n_at_once())
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(n_threads)
        CORES.reset(entered)


def n_at_once(device: torch.device | str = "cpu") -> int:
    """How many pieces of work `side_by_side` takes at once: on CPU as many as PyTorch has threads,
    elsewhere one.
    """
    return (CORES.get() or torch.get_num_threads()) if torch.device(device).type == "cpu" else 1


def side_by_side(work: Callable, items: Sequence, device: torch.device | str = "cpu") -> Iterator:
    """work(item) for each item, in their order, `n_at_once` at once; what is made of a result
    meanwhile, by one thread, too.

    Autocast is as it is where this is called; there is no gradient. What `work` raises is raised
    here.
    """
    n_workers, n_threads = min(n_at_once(device), len(items)), torch.get_num_threads()
    if n_at_once(device) < 2 or not n_workers:
        yield from map(work, items)
        return
    enabled, dtype = torch.is_autocast_enabled("cpu"), torch.get_autocast_dtype("cpu")

    def begin() -> None:  # none of it is inherited by a thread
        torch.set_num_threads(1)
        # until the thread ends: weights are cast once for all items
        torch.autocast("cpu", dtype, enabled=enabled).__enter__()

    def alone(item):
        with torch.inference_mode():
            return work(item)

    with ThreadPoolExecutor(n_workers, initializer=begin) as pool:
        try:
            torch.set_num_threads(1)
            waiting, rest = deque(), iter(items)
            for item in rest:
                waiting.append(pool.submit(alone, item))
                if len(waiting) > n_workers:  # no more than one ahead: results may be large
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            torch.clear_autocast_cache()
            # a thread's own number is its own, but the library of products has but one
            torch.set_num_threads(n_threads)
