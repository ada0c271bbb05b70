"""Arrays are read and written where they are: nothing of a batch's size is allocated, and addresses are those of the caller."""

import tracemalloc

import numpy as np
import pytest

import ballast
from ballast.planning import numbers
from ballast.selection import selection

TOKENS = 65_536


def allocated(body):
    """The most bytes that Python and NumPy held at once for `body`."""
    body()
    tracemalloc.start()
    try:
        body()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.fixture
def large(batch):
    return np.tile(batch, (TOKENS // len(batch), 1))


@pytest.mark.parametrize("kind", ["uint8", "int16", "int32", "int64"])
def test_a_dispatch_makes_no_array(lane, large, kind):
    ids = large.astype(kind)
    gates, mask = np.ones(ids.shape, np.float32), np.ones(TOKENS, bool)
    least, into = np.full(TOKENS, 3, np.uint8), ballast.Dispatch.room_for(ids.size, 4)
    arrays = {name: getattr(into, name) for name in ("runs", "device_runs", "rows", "gates", "entry_of_assignment")}
    peak = allocated(lambda: lane.dispatch(0, ids, gates=gates, mask=mask, least_precision=least, into=into))
    assert peak < 16_384 < ids.nbytes
    assert all(getattr(into, name) is array for name, array in arrays.items())
    assert allocated(lambda: lane.record(0, ids, mask=mask)) < 16_384
    starts = np.arange(0, ids.size + 1, 2, dtype=np.int32)
    assert allocated(lambda: lane.record(0, ids.ravel(), row_starts=starts)) < 16_384


def test_what_the_library_is_given_is_the_callers(batch):
    gates, mask, starts = np.ones(batch.size, np.float32), np.ones(256, np.uint8), np.arange(0, 513, 2, dtype=np.int32)
    given = selection(batch.ravel(), gates=gates, mask=mask, row_starts=starts)
    for address, array in ((given.experts, batch), (given.gates, gates), (given.mask, mask), (given.row_starts, starts)):
        assert address == array.ctypes.data


def test_loads_that_are_float64_are_read_in_place():
    loads = np.ones((3, 16))
    assert np.shares_memory(numbers(loads, "loads"), loads)
    assert not np.shares_memory(numbers(loads.astype(np.int64), "loads"), loads)


def test_a_forward_writes_into_the_array_of_the_caller_and_copies_no_weights():
    model = ballast.Model(1, 2, 1, full_precision=ballast.Precision.FLOAT32)
    weights = np.random.default_rng(1).standard_normal((3, 256, 256), np.float32) * 0.05
    states, out = np.ones((2048, 256), np.float32), np.zeros((2048, 256), np.float32)
    ids, gates = np.zeros((2048, 1), np.int32), np.ones((2048, 1), np.float32)
    with ballast.Executor(model, hidden=256, inner=256, devices=1) as executor:
        assert allocated(lambda: [executor.load(0, expert, *weights) for expert in (0, 1)]) < 16_384
        with ballast.Balancer.on(executor, settings={"planner.memoryBudgetShare": 2}) as balancer, balancer.lane() as lane:
            assert lane.forward(0, ids, gates, states, out=out) is out
            assert np.abs(out).min() > 0
            assert allocated(lambda: lane.forward(0, ids, gates, states, out=out)) < 16_384
