"""Plans by hand: looked at, applied, taken back, agreed on by processes, saved and restored."""

import numpy as np
import pytest

import ballast
from conftest import SETTINGS


def count(lane, batch):
    for layer in (0, 1):
        for _ in range(8):
            lane.record(layer, batch)


def carry_out(balancer):
    found = []
    for step in balancer.steps(wait_milliseconds=10_000):
        found.append(step)
        balancer.acknowledge(step)
    return found


def places(placement):
    return {(row["layer"], row["expert"], row["device"], row["precision"]) for row in placement}


def test_a_dry_run_changes_nothing_and_can_be_applied(balancer, lane, batch):
    with pytest.raises(ballast.NothingError):
        balancer.dry_run()
    count(lane, batch)
    before = balancer.placement()
    balancer.freeze()
    with balancer.dry_run() as plan:
        np.testing.assert_array_equal(balancer.placement(), before)
        assert plan.forecast.added > 0 and plan.forecast.imbalance_after < plan.forecast.imbalance_before
        assert plan.table_version == balancer.statistics().table_version + 1 and plan.switch_step == 0
        balancer.apply(plan)
        assert [step.kind for step in carry_out(balancer)].count(ballast.StepKind.PUBLISH) == 1
        assert places(balancer.placement()) == places(plan.placement)
        with pytest.raises(ballast.PlacementRefusedError):
            balancer.apply(plan)


def test_a_dry_run_on_a_load_of_elsewhere(balancer, batch):
    with ballast.Load(2, 16) as load:
        tokens = np.bincount(batch.ravel(), minlength=16).astype(np.uint64)
        for layer in (0, 1):
            for _ in range(8):
                load.add(layer, tokens, 256)
        with balancer.dry_run(load) as plan:
            assert plan.forecast.added > 0


def test_rolling_back_and_forth(balancer, lane, batch):
    with pytest.raises(ballast.NothingError):
        balancer.roll_back()
    count(lane, batch)
    first = places(balancer.placement())
    with balancer.dry_run() as plan:
        balancer.apply(plan)
    carry_out(balancer)
    second = places(balancer.placement())
    balancer.roll_back()
    carry_out(balancer)
    assert places(balancer.placement()) == first != second
    # What was taken out is given back in a later turn, before which there is no room for it again.
    balancer.freeze()
    balancer.tick(0)
    assert {step.kind for step in carry_out(balancer)} == {ballast.StepKind.RETIRE}
    balancer.roll_back()
    carry_out(balancer)
    assert places(balancer.placement()) == second


def test_a_placement_by_hand(balancer):
    wanted = balancer.placement()
    wanted["device"] = (wanted["device"] + 1) % 4
    with balancer.plan_to(wanted[::-1].copy()) as plan:
        assert plan.forecast.bytes_moved > 0
        balancer.apply(plan)
    carry_out(balancer)
    assert places(balancer.placement()) == places(wanted)
    with pytest.raises(ballast.ArrayError):
        balancer.plan_to(np.zeros(4))
    with pytest.raises(ballast.BallastError):
        balancer.plan_to(np.zeros(0, ballast.REPLICA))
    wanted["device"] = 9
    with pytest.raises(ballast.BallastError):
        balancer.plan_to(wanted)


def test_processes_switch_at_the_step_the_plan_carries(model, batch):
    with ballast.Balancer(model, 4, settings=SETTINGS) as first, ballast.Balancer(model, 4, settings=SETTINGS) as second:
        with first.lane() as lane:
            count(lane, batch)
        with first.dry_run() as plan:
            plan.switch_step = 77
            data = plan.to_bytes()
        found = []
        for balancer in (first, second):
            with ballast.Plan.from_bytes(data) as received:
                assert received.switch_step == 77
                assert received.forecast == plan_forecast(data)
                balancer.apply(received)
            found.append([(step.kind, step.step, step.layer, step.expert, step.device, step.switch_step)
                          for step in carry_out(balancer)])
        assert found[0] == found[1]
        assert [step[-1] for step in found[0] if step[0] is ballast.StepKind.PUBLISH] == [77]
        assert places(first.placement()) == places(second.placement())
        for damaged in (b"", data[:-1], data[:30] + b"\xff" + data[31:]):
            with pytest.raises(ballast.BallastError):
                ballast.Plan.from_bytes(damaged)
        with pytest.raises(ballast.WrongModeError):
            first.reach(77)


def plan_forecast(data):
    with ballast.Plan.from_bytes(data) as plan:
        return plan.forecast


def test_what_was_learned_is_restored(model, batch, tmp_path):
    path = tmp_path / "learned"
    with ballast.Balancer(model, 4, settings=SETTINGS) as balancer, balancer.lane() as lane:
        count(lane, batch)
        balancer.tick(0)
        carry_out(balancer)
        balancer.save(path)
        learned = places(balancer.placement())
        with pytest.raises(ballast.FileRefusedError):
            balancer.save(tmp_path / "nowhere" / "learned")
    assert places(ballast.saved_placement(path)) == learned
    with ballast.Balancer(model, 4, settings=SETTINGS) as balancer:
        assert places(balancer.placement()) != learned
        balancer.restore(str(path))
        carry_out(balancer)
        assert places(balancer.placement()) == learned
        path.write_bytes(path.read_bytes()[:-1])
        with pytest.raises(ballast.BadBytesError):
            balancer.restore(path)
        with pytest.raises(ballast.BadValueError):
            balancer.restore("a\0b")
    with ballast.Balancer(ballast.Model(2, 12), 4) as other, pytest.raises(ballast.BallastError):
        other.restore(path)
