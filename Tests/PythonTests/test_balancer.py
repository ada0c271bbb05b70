import time

import numpy as np
import pytest

import ballast


def serve(balancer, lane, batch, turns=12):
    held = {int(name) for name in balancer.placement()["replica"]}
    for turn in range(turns):
        for layer in (0, 1):
            for _ in range(4):
                found = lane.dispatch(layer, batch)
                assert set(found.runs["replica"][: found.run_count].tolist()) <= held
        balancer.tick(turn * 1_000_000)
        for step in balancer.steps(wait_milliseconds=10_000):
            if step.kind is ballast.StepKind.STAGE:
                held.add(step.replica)
            if step.kind is ballast.StepKind.RETIRE:
                held.remove(step.replica)
            balancer.acknowledge(step)
    return found.device_times


def test_carrying_out_the_steps_evens_devices_out(balancer, lane, batch):
    before = lane.dispatch(0, batch).device_times
    after = serve(balancer, lane, batch)
    assert before.max() / before.mean() > 1.5
    assert after.max() / after.mean() < 1.1
    statistics = balancer.statistics()
    assert statistics.plans_published >= 1 and statistics.plans_abandoned == 0
    events = list(balancer.events())
    assert len(events) == statistics.ticks == 12
    assert any(event.outcome is ballast.Outcome.PUBLISHED for event in events)
    assert len(balancer.device_memory()) == 4
    assert balancer.next_event() is None and balancer.next_step() is None


def test_loads_of_two_processes_give_both_the_same_steps(model, batch):
    from conftest import SETTINGS

    loads, steps = [], []
    for share in (batch[::2].copy(), batch[1::2].copy()):
        with ballast.Balancer(model, 4, settings=SETTINGS) as one, one.lane() as lane:
            for layer in (0, 1):
                for _ in range(8):
                    lane.record(layer, share)
            with one.load() as load:
                loads.append(load.to_bytes())
    for order in (loads, loads[::-1]):
        with ballast.Balancer(model, 4, settings=SETTINGS) as one, ballast.Load(2, 16) as merged:
            for part in order:
                with ballast.Load.from_bytes(part, 2, 16) as load:
                    merged.merge(load)
            found = []
            one.tick(0, merged)
            for step in one.steps(wait_milliseconds=10_000):
                found.append(step)
                one.acknowledge(step)
            steps.append(found)
    assert steps[0] and steps[0] == steps[1]


def test_a_step_that_fails_leaves_the_placement(balancer, lane, batch):
    before = balancer.placement()
    for layer in (0, 1):
        for _ in range(8):
            lane.record(layer, batch)
    balancer.tick(0)
    step = balancer.next_step(10_000)
    assert step is not None
    balancer.acknowledge(step, failed=True)
    for retired in balancer.steps(wait_milliseconds=10_000):
        assert retired.kind is ballast.StepKind.RETIRE
        balancer.acknowledge(retired)
    np.testing.assert_array_equal(balancer.placement(), before)


def test_freezing_and_devices(balancer):
    balancer.freeze()
    assert balancer.statistics().is_frozen
    balancer.unfreeze()
    assert not balancer.statistics().is_frozen
    balancer.set_device(1, ballast.DeviceStatus.DRAINING)
    with pytest.raises(ballast.BadValueError):
        balancer.set_device(9, ballast.DeviceStatus.LOST)
    with pytest.raises(ballast.NothingError):
        balancer.abort()
    balancer.configure("controller.dwellTicks = 3")


def test_running_ticks_in_a_thread_until_the_context_ends(model, batch):
    with ballast.Balancer(model, 4, settings={"tickMilliseconds": 1}) as balancer:
        with balancer.running() as same:
            assert same is balancer
            while balancer.statistics().ticks < 3:
                time.sleep(0.001)
        ticks = balancer.statistics().ticks
        with pytest.raises(KeyError), balancer.running():
            raise KeyError
        with balancer.running():
            balancer.close()
    assert ticks >= 3


def test_a_second_run_is_refused_and_the_first_goes_on(model):
    with ballast.Balancer(model, 4, settings={"tickMilliseconds": 1}) as balancer, balancer.running():
        while balancer.statistics().ticks < 1:
            time.sleep(0.001)
        with pytest.raises(ballast.BusyError):
            balancer.run()
        with pytest.raises(ballast.BusyError), balancer.running():
            time.sleep(0.2)
        ticks = balancer.statistics().ticks
        while balancer.statistics().ticks == ticks:
            time.sleep(0.001)


@pytest.mark.parametrize("settings", ["nonsense = 1", "controller.dwellTicks = -4", {"planner.memoryBudgetShare": "x"},
                                      "controller.dwellTicks", "\ud800 = 1"])
def test_settings_that_cannot_be_are_refused(model, settings):
    with pytest.raises(ballast.BadSettingError):
        ballast.Balancer(model, 4, settings=settings)


@pytest.mark.parametrize("model", [
    ballast.Model(0, 16), ballast.Model(1, 70_000), ballast.Model(-1, 16), ballast.Model(2**40, 16),
    ballast.Model(2, 16, 17), ballast.Model(2, 16, bytes_per_expert=(1, 2)), ballast.Model(2, 16, full_precision=9),
    ballast.Model("2", 16), ballast.Model(2, 16, bytes_per_expert=(2**64, 1, 1, 1)),
])
def test_models_that_cannot_be_are_refused(model):
    with pytest.raises(ballast.BallastError):
        ballast.Balancer(model, 4)


@pytest.mark.parametrize("devices", [0, -1, 2**32 + 1, 10**30, [], [ballast.Device(relative_speed=float("nan"))],
                                     [ballast.Device(memory_bytes=-1)], [ballast.Device(relative_speed="fast")]])
def test_clusters_that_cannot_be_are_refused(model, devices):
    with pytest.raises(ballast.BallastError):
        ballast.Balancer(model, devices)


def test_damaged_loads_are_refused():
    with ballast.Load(2, 16) as load:
        load.add(1, np.arange(16, dtype=np.uint64), 60)
        assert load.counts()[1, 15] == 15
        written = load.to_bytes()
        for broken in (b"", written[:-1], written[:40] + b"\xff" + written[41:], b"\0" * len(written)):
            with pytest.raises(ballast.BallastError):
                ballast.Load.from_bytes(broken, 2, 16)
        with pytest.raises(ballast.BallastError):
            ballast.Load.from_bytes(written, 2, 17)
        with pytest.raises(ballast.ArrayError):
            load.add(1, np.arange(16), 60)


def test_an_executor_without_weights_is_refused():
    model = ballast.Model(1, 2, 1, full_precision=ballast.Precision.FLOAT32)
    with ballast.Executor(model, hidden=8, inner=8, devices=1) as executor:
        with pytest.raises(ballast.BadValueError, match="weights"):
            ballast.Balancer.on(executor)
        with pytest.raises(ballast.ArrayError):
            executor.load(0, 0, np.zeros((8, 8)), np.zeros((8, 8)), None)


def test_an_executor_computes_what_numpy_computes():
    model = ballast.Model(layers=1, experts_per_layer=4, experts_per_token=2, full_precision=ballast.Precision.FLOAT32)
    random = np.random.default_rng(3)
    gate, up = (random.standard_normal((4, 32, 64), np.float32) * 0.1 for _ in range(2))
    down = random.standard_normal((4, 64, 32), np.float32) * 0.1
    states = random.standard_normal((10, 64), np.float32)
    ids = np.stack([random.permutation(4)[:2] for _ in range(10)]).astype(np.uint8)
    gates = random.random((10, 2), np.float32)
    with ballast.Executor(model, hidden=64, inner=32, devices=1) as executor:
        for expert in range(4):
            executor.load(0, expert, gate[expert], up[expert], down[expert])
        settings = {"planner.memoryBudgetShare": 2, "planner.qualityBudget": 0}
        with ballast.Balancer.on(executor, settings=settings) as balancer, balancer.lane() as lane:
            found = lane.forward(0, ids, gates, states)
            with pytest.raises(ballast.ArrayError):
                lane.forward(0, ids, gates, states[:, :63].copy())
    expected = np.zeros_like(states)
    for token in range(10):
        for choice, expert in enumerate(ids[token]):
            inner = gate[expert] @ states[token]
            inner = inner / (1 + np.exp(-inner)) * (up[expert] @ states[token])
            expected[token] += gates[token, choice] * (down[expert] @ inner)
    np.testing.assert_allclose(found, expected, atol=1e-4)
