"""Work in parallel threads, each of which computes on one core.

PyTorch splits every single operation among its threads; on the small tensors of a conversion, which
fit the cache, those threads wait for each other longer than they compute. Here a thread takes a
whole item and computes it alone.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import ContextVar
from operator import length_hint
from typing import Any

import torch

# inside `single_threaded` how many threads PyTorch had outside, inside `parallel_map` the share of
# one item
THREADS_OUTSIDE: ContextVar[int | None] = ContextVar("threads_outside", default=None)


@contextmanager
def single_threaded() -> Iterator[None]:
    """Run PyTorch's operations on one thread; `parallel_map` keeps its number of threads."""
    n_threads = torch.get_num_threads()
    token = THREADS_OUTSIDE.set(n_workers())
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(n_threads)
        THREADS_OUTSIDE.reset(token)


@contextmanager
def on_one_core() -> Iterator[None]:
    """As `single_threaded`, and NumPy's and SciPy's matrix products, too, which are as small in the
    metrics: of ten seconds of sound, two threads take six times as long as one.
    """
    from threadpoolctl import threadpool_limits

    with single_threaded(), threadpool_limits(1, "blas"):
        yield


def n_workers(device: torch.device | str = "cpu") -> int:
    """Items that `parallel_map` computes at once: one per PyTorch thread on CPU, else one."""
    if torch.device(device).type != "cpu":
        return 1
    return THREADS_OUTSIDE.get() or torch.get_num_threads()


def parallel_map(work: Callable, items: Iterable, device: torch.device | str = "cpu") -> Iterator:
    """work(item) for each item, in order, without gradients and under the caller's autocast.

    Results may be large, so at most one is computed ahead of the workers. Workers beyond the number
    of a sequence's items compute what the items themselves map in parallel. While the iterator is
    open, the caller also computes on one thread, and takes `items`. Exceptions of `work` are raised
    here.
    """
    if n_workers(device) == 1:
        yield from map(work, items)
        return
    dtype, enabled = torch.get_autocast_dtype("cpu"), torch.is_autocast_enabled("cpu")
    n_pool = max(1, min(n_workers(device), length_hint(items, n_workers(device))))
    share = n_workers(device) // n_pool

    def run(item: Any) -> Any:
        THREADS_OUTSIDE.set(share)
        torch.set_num_threads(1)  # a new thread inherits none of these three settings
        with torch.inference_mode(), torch.autocast("cpu", dtype, enabled=enabled):
            return work(item)

    # Joblib takes as long (1.02 of the processor time), but runs ahead of its reader without bound
    n_threads = torch.get_num_threads()
    with ThreadPoolExecutor(n_pool) as pool:
        try:
            torch.set_num_threads(1)
            futures: deque[Future] = deque()
            for item in items:
                futures.append(pool.submit(run, item))
                if len(futures) > n_pool:
                    yield futures.popleft().result()
            while futures:
                yield futures.popleft().result()
        finally:
            torch.set_num_threads(n_threads)
