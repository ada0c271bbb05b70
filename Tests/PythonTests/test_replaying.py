import json
import os
import subprocess
from pathlib import Path

import numpy as np
import pytest

import ballast

TRACE = Path(__file__).parents[2] / "Examples/Traces/deepseek-v2-lite/intent.ids.npy"
LOADS = np.random.default_rng(2).poisson(np.random.default_rng(1).pareto(1, (2, 16)) * 100, (6, 2, 16))


@pytest.fixture(scope="module")
def recorded():
    return ballast.count_windows(np.load(TRACE), window=512, batch=128, experts_per_layer=64)


@pytest.mark.parametrize("policy", ballast.Policy)
def test_it_is_what_the_command_says(recorded, policy, tmp_path):
    command = os.environ.get("BALLAST_COMMAND")
    if not command:
        pytest.skip("BALLAST_COMMAND does not name the ballast command")
    found = ballast.replay(recorded, policy=policy, copies=72)
    out = tmp_path / "figures.json"
    subprocess.run([command, "replay", TRACE, "--window", "512", "--batch", "128", "--copies", "72", "--policy",
                    policy.name.lower(), "--json", out], check=True, capture_output=True)
    said = json.loads(out.read_text())
    pairs = {"mean": found.device_imbalance, "p95": found.device_imbalance_p95, "worst": found.device_imbalance_worst,
             "expertImbalance": found.expert_imbalance, "replicaImbalance": found.replica_imbalance,
             "copiesMovedShare": found.copies_moved_share, "bytesMoved": found.bytes_moved,
             "stepMicroseconds": found.batch_microseconds}
    assert {name: said[name] for name in pairs} == pytest.approx(pairs, rel=1e-12)
    for name, key in (("deviceImbalance", "device_imbalance"), ("copiesMoved", "copies_moved")):
        assert [window[name] for window in said["windows"]] == pytest.approx(found.windows[key].tolist(), rel=1e-12)


def test_balancing_pays_on_recorded_traffic(recorded):
    assert recorded.shape == (8, 4, 26, 64) and recorded.sum() == 8 * 512 * 26 * 6
    results = {policy: ballast.replay(recorded, policy=policy, copies=72) for policy in ballast.Policy}
    assert results[ballast.Policy.BALLAST].device_imbalance < results[ballast.Policy.STATIC].device_imbalance
    assert results[ballast.Policy.STATIC].bytes_moved == 0 < results[ballast.Policy.GREEDY].bytes_moved
    assert [len(result.windows) for result in results.values()] == [7] * 3
    assert results[ballast.Policy.GREEDY].windows["window"].tolist() == list(range(1, 8))


def test_counting_agrees_with_counting_one_by_one():
    ids = np.random.default_rng(3).integers(0, 9, (23, 2, 3)).astype(np.uint8)
    found = ballast.count_windows(ids, window=10, batch=4, experts_per_layer=9)
    expected = np.zeros((2, 3, 2, 9), np.uint64)
    for token, layer, choice in np.ndindex(20, 2, 3):
        expected[token // 10, token % 10 // 4, layer, ids[token, layer, choice]] += 1
    np.testing.assert_array_equal(found, expected)
    np.testing.assert_array_equal(ballast.count_windows(ids, window=10, experts_per_layer=9)[:, 0], expected.sum(axis=1))


def test_settings_are_read():
    with pytest.raises(ballast.BadSettingError):
        ballast.replay(LOADS, settings="nonsense = 1")
    still = ballast.replay(LOADS, devices=4, copies=20, settings={"mode": "observe"})
    assert still.device_imbalance > 1.1 > ballast.replay(LOADS, devices=4, copies=20).device_imbalance


@pytest.mark.parametrize("loads", [LOADS[:1], LOADS[0], LOADS.astype(float), -LOADS - 1, np.zeros((2, 0, 4), int), "x", None,
                                   [[1], [1, 2]], np.full((2, 1, 4), 2**62)])
def test_loads_that_cannot_be_are_refused(loads):
    with pytest.raises(ballast.BallastError):
        ballast.replay(loads, devices=2)


@pytest.mark.parametrize("changes", [{"devices": 0}, {"devices": -1}, {"nodes": 3}, {"copies": 17}, {"copies": 8},
                                     {"plan_life": 0}, {"expert_bytes": -1}, {"expert_bytes": 2**64}, {"policy": 7},
                                     {"link_bytes_per_second": float("nan")}])
def test_arguments_that_cannot_be_are_refused(changes):
    with pytest.raises(ballast.BallastError):
        ballast.replay(LOADS, **changes)


@pytest.mark.parametrize("changes", [{"window": 0}, {"window": 24}, {"batch": 0}, {"batch": 11}, {"experts_per_layer": 8},
                                     {"experts_per_layer": -1}, {"window": 1.5}])
def test_windows_that_cannot_be_are_refused(changes):
    ids = np.full((23, 2, 3), 8)
    with pytest.raises(ballast.BallastError):
        ballast.count_windows(ids, **{"window": 10, "experts_per_layer": 9} | changes)
    with pytest.raises(ballast.ArrayError):
        ballast.count_windows(ids[0], window=1, experts_per_layer=9)
