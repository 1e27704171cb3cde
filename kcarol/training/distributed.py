"""The processes of a training run: one, or those that torchrun started."""

from __future__ import annotations

import atexit
import os
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from kcarol.model.device import best_device


def rank() -> int:
    """Number of this process under torchrun, else 0; only process 0 writes and prints."""
    return int(os.environ.get("RANK", 0))


class Processes:
    """This process's place among all of them, its device, and their communication."""

    def __init__(self, device: str | torch.device | None = None):
        self.count = int(os.environ.get("WORLD_SIZE", 1))
        self.rank = rank()
        self.device = torch.device(device) if device else best_device()
        if self.device.type == "cuda":
            if self.device.index is None:
                self.device = torch.device("cuda", int(os.environ.get("LOCAL_RANK", 0)))
            torch.cuda.set_device(self.device)
        if self.count > 1 and not dist.is_initialized():
            dist.init_process_group("nccl" if self.device.type == "cuda" else "gloo")
            # at exit: a process that leaves and joins again for a second run can hang
            atexit.register(dist.destroy_process_group)

    def parallel(self, module: nn.Module) -> nn.Module:
        """The module, with its gradients averaged over all processes after every backward pass."""
        if self.count == 1:
            return module
        # Buffers are constants here. A process's batches may leave parameters out; finding those
        # takes some 2 % of a step. Averaging all gradients at once, after the backward pass, took
        # 1.1 to 1.3 times as long.
        return DistributedDataParallel(module, broadcast_buffers=False, find_unused_parameters=True)

    def mean(self, values: Tensor) -> Tensor:
        if self.count > 1:
            dist.all_reduce(values)
            values = values / self.count
        return values

    def highest(self, values: Tensor) -> Tensor:
        if self.count > 1:
            dist.all_reduce(values, op=dist.ReduceOp.MAX)
        return values

    def any(self, flag: bool) -> bool:
        if self.count == 1:
            return flag
        return bool(self.highest(torch.tensor(int(flag), device=self.device)).item())

    def gather(self, value: Any) -> list:
        """Every process's value, by rank."""
        if self.count == 1:
            return [value]
        values = [None] * self.count
        dist.all_gather_object(values, value)
        return values

    def first(self, value: Any) -> Any:
        """The first process's value, in all of them."""
        if self.count == 1:
            return value
        values = [value]
        dist.broadcast_object_list(values, 0, device=self.device)
        return values[0]

    def share_(self, module: nn.Module) -> None:
        """Give all processes the first one's parameters and buffers."""
        if self.count > 1:
            for tensor in [*module.parameters(), *module.buffers()]:
                dist.broadcast(tensor.data, 0)


def averaging_gradients(module: nn.Module, is_last: bool) -> AbstractContextManager:
    """Context of a forward and backward pass: only the last one of a step averages gradients."""
    if isinstance(module, DistributedDataParallel) and not is_last:
        return module.no_sync()
    return nullcontext()


def average_gradients_(module: nn.Module) -> None:
    """Mean of a module's gradients over all processes, for networks that a loss trains itself.

    DistributedDataParallel wants one forward pass before each backward pass; discriminators have
    two, of real and of generated sound.
    """
    if not (dist.is_available() and dist.is_initialized()):
        return
    for parameter in module.parameters():
        if parameter.grad is not None:
            dist.all_reduce(parameter.grad)
            parameter.grad /= dist.get_world_size()
