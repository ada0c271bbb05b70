"""Ballast as the algorithm of SGLang's expert-parallel load balancer; needs SGLang and torch.

With BALLAST_EPLB=1 in its environment SGLang runs `use` in each of its processes, as a plugin of the group `sglang.srt.plugins`:
whatever `--eplb-algorithm` names, experts are then placed by Ballast. `auto` and the algorithms ending in `_hierarchical` keep groups
of experts on a node, as they do in SGLang.
"""

from __future__ import annotations

import torch
from sglang.srt.eplb import eplb_algorithms

from . import packing


def rebalance_experts(tokens_per_expert: torch.Tensor, num_physical_experts: int, num_local_physical_experts: int,
                      num_groups: int | None, num_nodes: int,
                      algorithm: eplb_algorithms.EplbAlgorithm) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """What SGLang's own returns; tokens_per_expert is [windows, layers, experts].

    int64 [layers, num_physical_experts], [layers, experts, most copies] with -1 past the last, and [layers, experts].
    """
    if algorithm.name.startswith("elasticity_aware"):
        raise NotImplementedError("ballast.sglang does not know which ranks are healthy; take another --eplb-algorithm")
    hierarchical = algorithm.name.endswith("_hierarchical")
    return packing.rebalance_experts(
        tokens_per_expert.sum(dim=0), num_physical_experts, num_groups if hierarchical and num_groups else 1,
        num_nodes if hierarchical else 1, num_physical_experts // num_local_physical_experts)


def use() -> None:
    """Makes SGLang place experts by Ballast, in this process."""
    eplb_algorithms.rebalance_experts = rebalance_experts
