"""Placements from nothing, in the shapes of the published expert-parallel load balancer (EPLB)."""

from __future__ import annotations

import ctypes as c
import sys
from typing import Any, TypeVar

import numpy as np

from . import _library as library
from . import _structures as s
from .planning import numbers

Array = TypeVar("Array")


def rebalance_experts(weight: Array, num_replicas: int, num_groups: int, num_nodes: int,
                      num_gpus: int) -> tuple[Array, Array, Array]:
    """Places copies of experts on devices by their load, with EPLB's signature and results.

    weight: [layers, experts], a NumPy array or a torch tensor, which decides what comes
    back (tensors on the CPU, as EPLB's own): physical_to_logical int64
    [layers, num_replicas]; logical_to_physical int64 [layers, experts, most copies], -1 past an expert's last copy; counts int64
    [layers, experts]. As in EPLB, groups that nodes cannot share evenly do not count: an expert may go to any node.
    """
    torch: Any = sys.modules.get("torch")
    given: Any = weight
    is_tensor = torch is not None and isinstance(weight, torch.Tensor)
    loads = numbers(given.detach().to("cpu", torch.float64).numpy() if is_tensor else given, "weight")
    layers, experts = loads.shape
    replicas = s.whole(num_replicas, s.u32, "num_replicas")
    groups, nodes = s.whole(num_groups, s.u32, "num_groups"), s.whole(num_nodes, s.u32, "num_nodes")
    if groups and nodes and groups % nodes != 0:
        groups = nodes = 1
    most, slots = c.c_uint32(), 8
    while True:
        # More than the library accepts is not made room for, so that it is the library that refuses.
        room = replicas if replicas <= 2**20 else 0
        physical = np.empty((layers, room), np.int64)
        logical = np.empty((layers, experts, slots), np.int64)
        counts = np.empty((layers, experts), np.int64)
        code = library.status(
            "rebalance", loads.ctypes.data, layers, experts, replicas, groups, nodes, num_gpus, slots,
            physical.ctypes.data, logical.ctypes.data, counts.ctypes.data, c.byref(most))
        if code != library.BUFFER_TOO_SMALL:
            break
        slots = most.value
    if code != library.OK:
        raise library.error(code)
    found: Any = (physical, np.ascontiguousarray(logical[:, :, : most.value]), counts)
    if is_tensor:
        found = tuple(torch.from_numpy(array) for array in found)
    first, second, third = found
    return first, second, third
