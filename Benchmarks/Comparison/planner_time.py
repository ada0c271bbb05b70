"""Planning time through Python beside the expert-parallel load balancers of vLLM and SGLang, on the same loads in one run.

Run it by `make test-engines` first and `Library/engines measure` then. Medians of alternating calls on one thread; the imbalance is
the busiest device over the mean, an expert's tokens shared evenly by its copies, a mean over layers.
"""

import importlib
import os
import statistics
import sys
import time
import types
from typing import Literal

import numpy as np
import torch

import ballast

FOLDER = os.environ["BALLAST_ENGINES"]
# Layers, experts, copies, groups, nodes, devices: DeepSeek-V3 as served on 4 nodes, with and without groups; Qwen3-30B-A3B on one.
SHAPES = [(58, 256, 288, 8, 4, 32), (58, 256, 288, 1, 1, 32), (48, 128, 144, 1, 1, 8)]


def package(name: str, folder: str = "") -> types.ModuleType:
    """A package that finds its modules in a folder of the engines', or nowhere."""
    made = types.ModuleType(name)
    made.__path__ = [os.path.join(FOLDER, folder)] if folder else []
    sys.modules[name] = made
    return made


def engines() -> dict:
    """What each engine would call, from the shape's numbers."""
    for name in ("vllm", "vllm.config", "vllm.distributed", "sglang", "sglang.srt", "sglang.srt.elastic_ep"):
        package(name)
    package("vllm.config.parallel").EPLBPolicyOption = Literal["default"]
    package("vllm.distributed.eplb", "vllm/distributed/eplb")
    package("sglang.srt.eplb", "sglang/srt/eplb")
    vllm = importlib.import_module("vllm.distributed.eplb.policy").DefaultEplbPolicy
    policy = importlib.import_module("ballast.vllm").BallastEplbPolicy
    sglang = importlib.import_module("sglang.srt.eplb.eplb_algorithms.deepseek")
    return {
        "ballast": lambda *arguments: ballast.rebalance_experts(*arguments)[0],
        "vLLM": vllm.rebalance_experts,
        "SGLang": lambda *arguments: sglang.rebalance_experts(*arguments, enable_hierarchical=arguments[2] > 1)[0],
        "ballast, slots kept": lambda *arguments: policy.rebalance_experts(*arguments, placed_before(*arguments)),
        "vLLM, slots kept": lambda *arguments: vllm.rebalance_experts(*arguments, placed_before(*arguments)),
    }


def placed_before(weight: torch.Tensor, copies: int, *_: int) -> torch.Tensor:
    """Where experts were: in order, the first ones twice."""
    return (torch.arange(copies) % weight.shape[1]).repeat(weight.shape[0], 1)


def imbalance(placed: torch.Tensor, weight: np.ndarray, devices: int) -> float:
    """Busiest device over the mean, a mean over layers."""
    found = []
    for row, tokens in zip(placed.numpy(), weight):
        share = tokens / np.bincount(row, minlength=len(tokens))
        loads = share[row].reshape(devices, -1).sum(axis=1)
        found.append(loads.max() / loads.mean())
    return float(np.mean(found))


def main() -> None:
    torch.set_num_threads(1)
    rows = engines()
    for layers, experts, copies, groups, nodes, devices in SHAPES:
        weight = np.random.default_rng(11).lognormal(6, 1, (layers, experts)).round()
        tensor = torch.from_numpy(weight)
        arguments = (tensor, copies, groups, nodes, devices)
        print(f"{layers} layers, {experts} experts, {copies} copies, {groups} groups, {nodes} nodes, {devices} devices")
        times = {name: [] for name in rows}
        for _ in range(5):
            for name, plan in rows.items():
                start = time.perf_counter()
                placed = plan(*arguments)
                times[name].append((time.perf_counter() - start) * 1e3)
        for name, plan in rows.items():
            print(f"  {name:19} {statistics.median(times[name]):8.1f} ms   imbalance "
                  f"{imbalance(plan(*arguments), weight, devices):.4f}")


main()
