"""The policies inside the engines' own modules, which come from the engines' distributions: `Library/engines` fetches them.

The modules stand in the folder BALLAST_ENGINES names; torch must be installed. What they import of the rest of an engine is
replaced by the least that loads them.
"""

import importlib
import importlib.metadata
import os
import sys
import types
from typing import Literal

import numpy as np
import pytest

import ballast

FOLDER = os.environ.get("BALLAST_ENGINES", "")
torch = pytest.importorskip("torch", reason="torch is not installed")

# The example its authors publish with EPLB: two layers of 12 experts, 16 copies on 8 devices of 2 nodes, 4 groups.
PUBLISHED = [[90, 132, 40, 61, 104, 165, 39, 4, 73, 56, 183, 86], [20, 107, 104, 64, 19, 197, 187, 157, 172, 86, 16, 27]]


def load(engine, monkeypatch):
    if not os.path.isdir(os.path.join(FOLDER, engine)):
        pytest.skip(f"no {engine}: fetch it with Library/engines, and name the folder in BALLAST_ENGINES")
    for name in [name for name in sys.modules if name.split(".")[0] == engine or name == f"ballast.{engine}"]:
        monkeypatch.delitem(sys.modules, name)
    for name, folder in PACKAGES[engine]:
        package = types.ModuleType(name)
        package.__path__ = [os.path.join(FOLDER, folder)] if folder else []
        monkeypatch.setitem(sys.modules, name, package)


PACKAGES = {
    "vllm": [("vllm", ""), ("vllm.config", ""), ("vllm.config.parallel", ""), ("vllm.distributed", ""),
             ("vllm.distributed.eplb", "vllm/distributed/eplb")],
    "sglang": [("sglang", ""), ("sglang.srt", ""), ("sglang.srt.eplb", "sglang/srt/eplb"), ("sglang.srt.elastic_ep", ""),
               ("sglang.srt.managers", ""), ("sglang.srt.utils", ""),
               ("sglang.srt.managers.schedule_batch", ""), ("sglang.srt.elastic_ep.elastic_ep", "")],
}


@pytest.fixture
def vllm(monkeypatch):
    load("vllm", monkeypatch)
    sys.modules["vllm.config.parallel"].EPLBPolicyOption = Literal["default"]
    return importlib.import_module("ballast.vllm")


@pytest.fixture
def sglang(monkeypatch):
    load("sglang", monkeypatch)
    return importlib.import_module("ballast.sglang")


def busiest(placed, weight, ranks):
    """[layer]: the load of the busiest rank, an expert's tokens shared evenly by its copies."""
    loads = []
    for row, tokens in zip(np.asarray(placed), np.asarray(weight, float)):
        share = tokens / np.bincount(row, minlength=len(tokens))
        loads.append(share[row].reshape(ranks, -1).sum(axis=1).max())
    return np.array(loads)


def doubled(placed, ranks):
    """[layer]: whether a rank has an expert twice, which Ballast never does: there the engines' own may come out more even."""
    ordered = np.sort(np.asarray(placed).reshape(len(placed), ranks, -1))
    return (np.diff(ordered) == 0).any(axis=(1, 2))


def check(ours, theirs, weight, ranks):
    assert not doubled(ours, ranks).any()
    assert ((busiest(ours, weight, ranks) <= busiest(theirs, weight, ranks) + 1e-6) | doubled(theirs, ranks)).all()


CASES = [
    (PUBLISHED, 16, 4, 2, 8), ([[10, 20, 30, 40]], 4, 1, 1, 1), ([[10, 20, 30, 40]], 8, 1, 1, 4),
    ([[1, 1, 1, 1, 1, 1, 1, 1]] * 3, 16, 1, 2, 4), ([[100, 1, 1, 1, 1, 1, 1, 1]], 16, 2, 2, 4),
    ([[5, 6, 7, 8, 9, 10, 11, 12]], 12, 3, 2, 4), ([[0] * 8], 16, 1, 1, 4),
    # The cases of vLLM's own tests.
    ([[50] * 8], 8, 2, 2, 4), ([[1000, 1, 1, 1, 1, 1, 1, 1]], 12, 2, 2, 4),
    ([[10, 20, 30, 40, 50, 60], [60, 50, 40, 30, 20, 10], [25] * 6], 8, 2, 2, 4), ([[10, 20, 30, 40]], 8, 3, 2, 4),
    ([[100, 50, 200, 75, 150, 25, 300, 80]], 12, 4, 2, 4), ([[10, 20, 30, 40, 50, 60]], 8, 3, 2, 4),
    ([[10, 20, 30, 40]], 6, 2, 1, 2),
    ([[50, 100, 75, 120, 90, 60, 80, 110, 40, 70, 95, 85, 65, 55, 45, 35]], 24, 8, 4, 8),
    ([[200, 150, 100, 50, 25, 12], [12, 25, 50, 100, 150, 200]], 10, 3, 1, 2),
]


@pytest.mark.parametrize("weight, replicas, groups, nodes, ranks", CASES)
def test_vllm_places_as_its_own_policy_promises(vllm, weight, replicas, groups, nodes, ranks):
    policies = importlib.import_module("vllm.distributed.eplb.policy")
    own = policies.DefaultEplbPolicy
    tensor = torch.tensor(weight)
    assert issubclass(vllm.BallastEplbPolicy, policies.AbstractEplbPolicy)
    theirs = own.rebalance_experts(tensor, replicas, groups, nodes, ranks)
    ours = vllm.BallastEplbPolicy.rebalance_experts(tensor, replicas, groups, nodes, ranks)
    assert ours.shape == theirs.shape and ours.dtype == theirs.dtype and ours.device == theirs.device
    for row in ours:
        assert set(row.tolist()) == set(range(tensor.shape[1]))
    check(ours, theirs, weight, ranks)


def test_vllm_keeps_what_stays_on_a_rank_in_its_slot(vllm):
    weight = torch.tensor(PUBLISHED)
    policy = vllm.BallastEplbPolicy
    new = policy.rebalance_experts(weight, 16, 4, 2, 8)
    old = new.reshape(2, 8, 2).flip(2).reshape(2, 16)
    assert torch.equal(policy.rebalance_experts(weight, 16, 4, 2, 8, old), old)
    other = policy.rebalance_experts(weight.flip(1), 16, 4, 2, 8)
    kept = policy.rebalance_experts(weight, 16, 4, 2, 8, other)
    assert torch.equal(kept.reshape(2, 8, 2).sort().values, new.reshape(2, 8, 2).sort().values)
    for before, after in zip(other.reshape(-1, 2).tolist(), kept.reshape(-1, 2).tolist()):
        if len(set(before)) == len(set(after)) == 2:
            assert all(before.index(expert) == after.index(expert) for expert in set(before) & set(after))
    assert torch.equal(policy.rebalance_experts(weight, 16, 4, 2, 8, torch.zeros(2, 12, dtype=torch.int64)), new)


@pytest.mark.parametrize("old, new, ranks", [
    ([0, 1, 2, 3, 4, 5, 6, 7], [1, 5, 0, 4, 6, 2, 7, 3], 2),
    ([0, 1, 0, 2, 3, 4, 5, 6, 1, 2], [0, 5, 4, 0, 1, 6, 2, 3, 2, 1], 2),
    ([0, 1, 2, 3] * 3, [0] * 8 + [1, 2, 3, 0], 3),
])
def test_slots_are_kept_as_vllm_keeps_them(vllm, old, new, ranks):
    from ballast.slots import keep_slots

    own = importlib.import_module("vllm.distributed.eplb.policy").DefaultEplbPolicy
    old, new = np.array([old]), np.array([new])
    kept, theirs = keep_slots(new, old, ranks), own.preserve_intragpu_slots(new, ranks, old)
    np.testing.assert_array_equal(np.sort(kept.reshape(ranks, -1)), np.sort(new.reshape(ranks, -1)))
    assert (kept == old).sum() == (theirs == old).sum()


def test_vllm_is_told_what_cannot_be(vllm):
    with pytest.raises(ballast.BadValueError):
        vllm.BallastEplbPolicy.rebalance_experts(torch.tensor([[10, 20, 30, 40]]), 7, 2, 2, 4)


def run_plugin(group, monkeypatch, value):
    monkeypatch.setenv("BALLAST_EPLB", value)
    [entry] = [entry for entry in importlib.metadata.entry_points(group=group) if entry.name == "ballast"]
    entry.load()()


def test_vllm_is_switched_on_by_its_plugin(vllm, monkeypatch):
    policies = importlib.import_module("vllm.distributed.eplb.policy")
    run_plugin("vllm.general_plugins", monkeypatch, "0")
    assert policies.EPLB_POLICIES["default"] is policies.DefaultEplbPolicy
    with pytest.raises(ballast.BadSettingError):
        run_plugin("vllm.general_plugins", monkeypatch, "yes")
    run_plugin("vllm.general_plugins", monkeypatch, "1")
    assert policies.EPLB_POLICIES["default"] is vllm.BallastEplbPolicy


def test_sglang_is_switched_on_by_its_plugin(sglang, monkeypatch):
    algorithms = importlib.import_module("sglang.srt.eplb.eplb_algorithms")
    own = algorithms.rebalance_experts
    run_plugin("sglang.srt.plugins", monkeypatch, "0")
    assert algorithms.rebalance_experts is own
    run_plugin("sglang.srt.plugins", monkeypatch, "1")
    assert algorithms.rebalance_experts is sglang.rebalance_experts


@pytest.mark.parametrize("weight, replicas, groups, nodes, ranks", CASES)
@pytest.mark.parametrize("hierarchical", [False, True])
def test_sglang_places_as_its_own_algorithm_promises(sglang, weight, replicas, groups, nodes, ranks, hierarchical):
    algorithms = importlib.import_module("sglang.srt.eplb.eplb_algorithms")
    if hierarchical and groups % nodes != 0:
        groups = nodes
    algorithm = algorithms.EplbAlgorithm.deepseek_hierarchical if hierarchical else algorithms.EplbAlgorithm.deepseek
    windows = torch.tensor([weight, weight])
    arguments = (windows, replicas, replicas // ranks, groups, nodes, algorithm)
    theirs = algorithms.rebalance_experts(*arguments)
    sglang.use()
    ours = algorithms.rebalance_experts(*arguments)
    assert algorithms.rebalance_experts is sglang.rebalance_experts
    for one, other in zip(ours, theirs):
        assert one.dtype == other.dtype == torch.int64 and one.dim() == other.dim()
    assert ours[0].shape == theirs[0].shape and ours[2].shape == theirs[2].shape
    assert ours[1].shape[2] == ours[2].max()
    check(ours[0], theirs[0], weight, ranks)


def test_tensors_in_give_tensors_out():
    found = ballast.rebalance_experts(torch.tensor(PUBLISHED), 16, 4, 2, 8)
    assert all(isinstance(part, torch.Tensor) and part.dtype == torch.int64 for part in found)
