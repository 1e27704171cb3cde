"""Pieces of work side by side: a thread each, on a core of its own.

PyTorch shares every single operation out among its threads; on the small, cache-sized tensors of a conversion they wait for
each other longer than they work. Here each thread takes a whole piece and computes alone.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

import torch


def side_by_side(work: Callable, items: Sequence, device: torch.device | str = "cpu") -> Iterator:
    """work(item) for each item, in their order: on CPU as many at once as PyTorch has threads, elsewhere one by one.

    Autocast is as it is where this is called; there is no gradient. What `work` raises is raised here.
    """
    n_threads = torch.get_num_threads()
    if torch.device(device).type != "cpu" or n_threads < 2 or not len(items):
        yield from map(work, items)
        return
    enabled, dtype = torch.is_autocast_enabled("cpu"), torch.get_autocast_dtype("cpu")

    def alone(item):
        with torch.inference_mode(), torch.autocast("cpu", dtype, enabled=enabled):  # neither is inherited by a thread
            return work(item)

    with ThreadPoolExecutor(min(n_threads, len(items)), initializer=torch.set_num_threads, initargs=(1,)) as pool:
        try:
            waiting, rest = deque(), iter(items)
            for item in rest:
                waiting.append(pool.submit(alone, item))
                if len(waiting) > n_threads:  # no more than one ahead: results may be large
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            torch.set_num_threads(n_threads)  # a thread's own number is its own, but the library of products has but one


def alone(work: Callable, *args, device: str | torch.device = "cpu"):
    """work(*args) by one thread: small operations take many times as long shared out between threads that others hold up."""
    return list(side_by_side(lambda _: work(*args), [None], device))[0]
