"""A policy for vLLM's expert-parallel load balancer; needs vLLM and torch.

With BALLAST_EPLB=1 in its environment vLLM runs `use` in each of its processes, as a plugin of the group `vllm.general_plugins`.
"""

from __future__ import annotations

import torch
from vllm.distributed.eplb import policy as policies
from vllm.distributed.eplb.policy.abstract import AbstractEplbPolicy

from .packing import rebalance_experts
from .slots import keep_slots


class BallastEplbPolicy(AbstractEplbPolicy):
    """Places experts from nothing and keeps those that stay on a rank in their slots."""

    @classmethod
    def rebalance_experts(cls, weight: torch.Tensor, num_replicas: int, num_groups: int, num_nodes: int, num_ranks: int,
                          old_global_expert_indices: torch.Tensor | None = None) -> torch.Tensor:
        """The expert of each replica, int64 [layers, num_replicas] on the CPU; weight is [layers, experts]."""
        placed, _, _ = rebalance_experts(weight, num_replicas, num_groups, num_nodes, num_ranks)
        if old_global_expert_indices is None:
            return placed
        old = old_global_expert_indices.cpu().numpy()
        return torch.from_numpy(keep_slots(placed.numpy(), old, num_ranks))


def use() -> None:
    """Makes Ballast's policy the one vLLM calls "default", in this process."""
    policies.EPLB_POLICIES["default"] = BallastEplbPolicy
