import numpy as np
import pytest

import ballast

LOADS = np.random.default_rng(5).pareto(1, (3, 16)) * 100


def test_a_plan_evens_loads_out_within_the_copies():
    plan = ballast.plan(LOADS, copies=24, devices=4)
    assert plan.forecast.imbalance_after < 1.1 < plan.forecast.imbalance_before
    assert len(plan.placement) <= 24 * 3 and plan.placement["device"].max() == 3
    for layer in range(3):
        assert set(plan.placement["expert"][plan.placement["layer"] == layer]) == set(range(16))


def test_planning_from_its_own_result_moves_nothing():
    plan = ballast.plan(LOADS, copies=24, devices=4)
    again = ballast.plan(LOADS, copies=24, devices=4, placement=plan.placement)
    assert again.forecast.bytes_moved == 0
    np.testing.assert_array_equal(again.placement, plan.placement)


@pytest.mark.parametrize("loads", [[], [1, 2], [[float("nan")] * 4], [[-1.0] * 4], [["a"]], None, [[1], [1, 2]],
                                   [[1e300] * 4]])
def test_loads_that_cannot_be_are_refused(loads):
    with pytest.raises(ballast.BallastError):
        ballast.plan(loads, devices=2)


@pytest.mark.parametrize("changes", [{"copies": 15}, {"copies": 2**40}, {"copies": "24"}, {"devices": 0},
                                     {"placement": np.zeros(4)}, {"model": ballast.Model(2, 16)},
                                     {"placement": np.full(1, 2**31, ballast.REPLICA)}])
def test_arguments_that_cannot_be_are_refused(changes):
    with pytest.raises(ballast.BallastError):
        ballast.plan(LOADS, **{"devices": 4} | changes)


@pytest.mark.parametrize("groups, nodes", [(1, 1), (4, 2), (1, 2)])
def test_maps_have_the_published_shapes_and_agree(groups, nodes):
    placed, slots, counts = ballast.rebalance_experts(LOADS, 24, groups, nodes, 4)
    assert placed.shape == (3, 24) and slots.shape == (3, 16, counts.max()) and counts.shape == (3, 16)
    assert {array.dtype for array in (placed, slots, counts)} == {np.dtype(np.int64)}
    for layer in range(3):
        np.testing.assert_array_equal(np.bincount(placed[layer], minlength=16), counts[layer])
        for expert in range(16):
            own = slots[layer, expert]
            assert (own >= 0).sum() == counts[layer, expert]
            assert (placed[layer, own[own >= 0]] == expert).all()


def test_a_hot_expert_gets_more_copies_than_are_made_room_for_at_first():
    weight = np.ones((1, 8))
    weight[0, 3] = 1e6
    _, slots, counts = ballast.rebalance_experts(weight, 32, 1, 1, 16)
    assert counts[0, 3] > 8 and slots.shape[2] == counts.max()


@pytest.mark.parametrize("arguments", [(15, 1, 1, 1), (25, 1, 1, 4), (2**31, 1, 1, 1), (2**40, 1, 1, 1), (24, 0, 0, 0),
                                       (24, 3, 3, 4), (-1, 1, 1, 1), (24.5, 1, 1, 4), (2**20, 1, 1, 1)])
def test_counts_that_cannot_be_are_refused(arguments):
    with pytest.raises(ballast.BadValueError):
        ballast.rebalance_experts(LOADS, *arguments)
