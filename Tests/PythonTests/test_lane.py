import numpy as np
import pytest

import ballast


@pytest.mark.parametrize("kind", ["uint8", "int16", "int32", "int64"])
def test_every_choice_meets_a_replica_of_its_expert(balancer, lane, batch, kind):
    ids = batch.astype(kind)
    gates = np.random.default_rng(1).random(ids.shape, np.float32)
    found = lane.dispatch(1, ids, gates=gates)
    assert found.entry_count == ids.size
    names = {row["replica"]: row for row in balancer.placement() if row["layer"] == 1}
    entry_expert = np.full(found.entry_count, -1)
    for run in found.runs[: found.run_count]:
        assert names[run["replica"]]["expert"] == run["expert"]
        assert names[run["replica"]]["device"] == run["home"]
        entry_expert[run["first_entry"]: run["first_entry"] + run["entry_count"]] = run["expert"]
    entries = found.entry_of_assignment
    np.testing.assert_array_equal(entry_expert[entries], ids.ravel())
    np.testing.assert_array_equal(found.rows[entries], np.repeat(np.arange(len(ids)), 2))
    np.testing.assert_array_equal(found.gates[entries], gates.ravel())
    assert found.device_runs[-1] == found.run_count


def test_results_are_written_into_the_arrays_of_the_caller(lane, batch):
    rows = np.full(batch.size, -7, np.int32)
    into = ballast.Dispatch(rows=rows)
    assert lane.dispatch(0, batch, into=into) is into
    assert into.rows is rows and rows.min() >= 0


def test_numbers_of_numpy_are_numbers(lane, batch):
    lane.dispatch(np.int64(1), batch, phase=np.uint8(0))
    with pytest.raises(ballast.BadValueError):
        lane.dispatch(np.int64(-1), batch)


def test_arrays_given_anew_are_the_ones_that_are_written(lane, batch):
    into = ballast.Dispatch(rows=np.zeros(batch.size, np.int32))
    lane.dispatch(0, batch, into=into)
    first, into.rows = into.rows, np.full(batch.size, -7, np.int32)
    first[:] = -7
    lane.dispatch(0, batch, into=into)
    assert into.rows.min() >= 0 and first.max() == -7
    into.rows = np.zeros(3, np.int32)
    with pytest.raises(ballast.BufferTooSmallError):
        lane.dispatch(0, batch, into=into)
    into.rows = None
    into.entry_of_assignment = np.zeros(batch.size - 1, np.int32)
    with pytest.raises(ballast.ArrayError):
        lane.dispatch(0, batch, into=into)


def test_rows_of_different_length_and_masked_tokens(lane):
    ids = np.array([3, 1, 2, 3], np.int32)
    starts = np.array([0, 1, 1, 4], np.int32)
    assert lane.dispatch(0, ids, row_starts=starts).entry_count == 4
    mask = np.array([True, False, False])
    assert lane.dispatch(0, ids, row_starts=starts, mask=mask).entry_count == 1


def test_counting(balancer, lane, batch):
    lane.record(0, batch)
    lane.record(1, batch, phase=ballast.Phase.PREFILL)
    lane.record(1, batch, counted=False)
    with balancer.load() as load:
        np.testing.assert_array_equal(load.counts()[0], np.bincount(batch.ravel(), minlength=16))
        assert load.counts()[1].sum() == 0
        assert load.counts(ballast.Phase.PREFILL)[1].sum() == batch.size


@pytest.mark.parametrize("wrong", [
    lambda ids: ids.astype(np.float32), lambda ids: ids.astype(">i4"), lambda ids: ids.astype(np.uint32),
    lambda ids: ids[::2], lambda ids: ids.T, lambda ids: ids.ravel(), lambda ids: ids.tolist(), lambda ids: None,
    lambda ids: np.frombuffer(b"\0" + ids.tobytes(), np.int32, offset=1, count=ids.size).reshape(ids.shape),
])
def test_arrays_that_cannot_be_read_in_place_are_refused(balancer, lane, batch, wrong):
    with pytest.raises((ballast.ArrayError, ballast.BadPointerError)):
        lane.dispatch(0, wrong(batch))
    assert balancer.statistics().tokens == 0


@pytest.mark.parametrize("changes", [
    {"gates": np.ones((3, 2), np.float32)}, {"gates": np.ones((256, 2), np.float64)},
    {"mask": np.ones(255, np.uint8)}, {"least_precision": np.ones(256, np.int64)},
    {"row_starts": np.array([0, 1], np.int32)}, {"into": ballast.Dispatch(rows=np.zeros(512, np.int64))},
    {"into": ballast.Dispatch(device_runs=np.zeros(4, np.uint32))},
    {"into": ballast.Dispatch(entry_of_assignment=np.zeros(511, np.int32))},
    {"into": ballast.Dispatch(rows=np.broadcast_to(np.int32(0), 512))},
])
def test_companions_that_do_not_fit_are_refused(lane, batch, changes):
    with pytest.raises(ballast.ArrayError):
        lane.dispatch(0, batch, **changes)


@pytest.mark.parametrize("starts", [[0, 5, 4], [1, 4], [], [0, -1, 4], [0]])
def test_row_starts_that_contradict_are_refused(lane, starts):
    with pytest.raises(ballast.BallastError):
        lane.dispatch(0, np.zeros(4, np.int32), row_starts=np.array(starts, np.int32))


def test_values_out_of_range_are_refused(lane, batch):
    for layer in (2, -1, 2**32, 2**70, 1.5, None):
        with pytest.raises(ballast.BadValueError):
            lane.dispatch(layer, batch)
    with pytest.raises(ballast.BadValueError, match="16"):
        lane.dispatch(0, np.full((4, 2), 16, np.int32))
    with pytest.raises(ballast.BadValueError):
        lane.dispatch(0, np.full((4, 2), -1, np.int32))
    with pytest.raises(ballast.BadValueError):
        lane.dispatch(0, batch, phase=9)


def test_room_that_is_too_small_says_what_is_needed(balancer, lane, batch):
    into = ballast.Dispatch(rows=np.zeros(10, np.int32))
    with pytest.raises(ballast.BufferTooSmallError):
        lane.dispatch(0, batch, into=into)
    assert into.entry_count == batch.size
    assert balancer.statistics().tokens == 0


def test_closed_objects_are_refused(balancer, batch):
    lane = balancer.lane()
    lane.close()
    lane.close()
    assert lane.closed
    with pytest.raises(ballast.StaleHandleError):
        lane.dispatch(0, batch)
    orphan = balancer.lane()
    balancer.close()
    with pytest.raises(ballast.StaleHandleError):
        orphan.record(0, batch)
    with pytest.raises(ballast.StaleHandleError):
        balancer.statistics()
    with pytest.raises(ballast.StaleHandleError):
        balancer.lane()


def test_a_lane_keeps_its_balancer(model, batch):
    lane = ballast.Balancer(model, 4).lane()
    assert lane.dispatch(0, batch).entry_count == batch.size


def test_forward_needs_an_executor(lane, batch):
    with pytest.raises((ballast.WrongModeError, ballast.ArrayError)):
        lane.forward(0, batch, np.ones(batch.shape, np.float32), np.ones((256, 8), np.float32))
