"""The balancer."""

from __future__ import annotations

import ctypes as c
import os
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np

from . import _library as library
from . import _structures as s
from ._library import Settings
from .errors import BallastError
from .events import Event, Outcome, Statistics
from .executor import Executor
from .lane import Lane
from .load import Load
from .planning import Plan
from .shapes import Cost, Device, DeviceStatus, Model, cluster
from .steps import Step, StepKind


class Balancer(library.Handle):
    """Counts, dispatches and plans; a context manager.

    Made directly it gives advice: the engine owns its weights and carries out `steps`. `Balancer.on` makes one that owns the experts.
    """

    _destroy = "balancer_destroy"
    model: Model
    device_count: int
    # In executor mode the length of what experts read, and the executor, which keeps weights in place.
    _hidden: int | None = None
    _held: Executor | None = None

    def __init__(self, model: Model, devices: int | Sequence[Device], *, cost: Cost | None = None,
                 placement: np.ndarray | None = None, settings: Settings = None) -> None:
        """A balancer in advice mode; placement is `REPLICA` [replica], `None` for one copy of each expert."""
        shape, joined = model._structure(), cluster(devices, cost)
        where = library.address(placement, "placement", (s.REPLICA,), shape=(None,))
        self._handle = library.make(
            "balancer_create", c.byref(shape), c.byref(joined), library.text(settings), where,
            0 if placement is None else len(placement))
        self.model, self.device_count = model, joined.device_count

    @classmethod
    def on(cls, executor: "Executor", *, settings: Settings = None) -> "Balancer":
        """A balancer in executor mode: every expert of `executor` must have been loaded."""
        made = cls.__new__(cls)
        made._handle = library.make("balancer_create_on", executor._handle, library.text(settings))
        made.model, made.device_count, made._hidden = executor.model, executor.device_count, executor.hidden
        made._held = executor
        return made

    def lane(self) -> Lane:
        """A lane for one more serving worker."""
        return Lane(self)

    def configure(self, settings: Settings) -> None:
        """Changes settings that may change while running."""
        library.call("balancer_configure", self._handle, library.text(settings))

    def freeze(self) -> None:
        """Keeps the placement as it is."""
        library.call("balancer_freeze", self._handle)

    def unfreeze(self) -> None:
        """Lets the placement change again."""
        library.call("balancer_unfreeze", self._handle)

    def placement(self) -> np.ndarray:
        """The placement lanes dispatch by, `REPLICA` [replica], ordered by layer, expert, device."""
        return library.listed("balancer_placement", self._handle, s.REPLICA)

    def set_device(self, device: int, status: DeviceStatus) -> None:
        """Says whether a device takes part; one at least must serve."""
        library.call("balancer_set_device", self._handle, device, status)

    def tick(self, nanoseconds: int, load: Load | None = None) -> None:
        """One turn of the control loop, on the balancer's own counts or on `load`."""
        if load is None:
            library.call("balancer_tick", self._handle, nanoseconds)
        else:
            library.call("balancer_tick_load", self._handle, load._handle, nanoseconds)

    def run(self) -> None:
        """Ticks until `stop`; for a thread of its own."""
        library.call("balancer_run", self._handle)

    def stop(self) -> None:
        """Ends `run`."""
        library.call("balancer_stop", self._handle)

    @contextmanager
    def running(self) -> Iterator["Balancer"]:
        """Runs in a thread of its own while the context lasts."""
        failures: list[BallastError] = []

        def work() -> None:
            try:
                self.run()
            except BallastError as failure:
                # Closing ends a run, which may not have begun yet.
                if not self.closed:
                    failures.append(failure)

        thread = threading.Thread(target=work, name="ballast", daemon=True)
        thread.start()
        try:
            yield self
        finally:
            # Another run, if there is one, may take the first stop.
            while thread.is_alive() and not self.closed:
                self.stop()
                thread.join(0.05)
            thread.join()
        if failures:
            raise failures[0]

    def next_step(self, wait_milliseconds: int = 0) -> Step | None:
        """The next step of the plan under way; `None` when there is none."""
        found = s.Step.sized()
        code = library.status("balancer_next_step", self._handle, wait_milliseconds, c.byref(found))
        if code == library.NOTHING:
            return None
        if code != library.OK:
            raise library.error(code)
        named = found.replica
        return Step(StepKind(found.kind), found.step, named.layer, named.expert, named.device, named.precision,
                    named.replica, found.table_version, found.bytes, found.switch_step)

    def steps(self, wait_milliseconds: int = 0) -> Iterator[Step]:
        """Steps until there is none; acknowledge each before asking for the next."""
        while (step := self.next_step(wait_milliseconds)) is not None:
            yield step

    def acknowledge(self, step: Step | int, *, failed: bool = False) -> None:
        """Says that a step is done or could not be done; `NothingError` when it was withdrawn."""
        number = step.step if isinstance(step, Step) else step
        library.call("balancer_acknowledge", self._handle, number, 1 if failed else 0)

    def abort(self) -> None:
        """Abandons the plan under way; `NothingError` when there is none."""
        library.call("balancer_abort", self._handle)

    def dry_run(self, load: Load | None = None) -> Plan:
        """The plan that would be made now, on the balancer's own counts or on `load`; nothing is applied.

        `NothingError` before anything was counted.
        """
        return Plan(library.make("balancer_dry_run", self._handle, 0 if load is None else load._handle))

    def plan_to(self, placement: np.ndarray) -> Plan:
        """The plan that leads from the placement in use to another, `REPLICA` [replica] in any order."""
        where = library.address(placement, "placement", (s.REPLICA,), shape=(None,), required=True)
        return Plan(library.make("balancer_plan_to", self._handle, where, len(placement)))

    def apply(self, plan: Plan) -> None:
        """Applies a plan of this balancer's, frozen or not; it returns as `tick` does, and an event says what became of it."""
        library.call("balancer_apply", self._handle, plan._handle)

    def roll_back(self) -> None:
        """Applies the placement that the last publication replaced; `NothingError` before the first."""
        library.call("balancer_roll_back", self._handle)

    def reach(self, step: int) -> None:
        """Executor mode: serving is about to begin `step`, so that a plan to be switched to there is published.

        `BusyError` when it is not staged yet.
        """
        library.call("balancer_reach", self._handle, step)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Saves what was learned and the placement in use; a stop at any instant leaves the newest whole save."""
        library.call("balancer_save", self._handle, library.path(path))

    def restore(self, path: str | os.PathLike[str]) -> None:
        """Takes over what was saved, and applies its placement; it returns as `tick` does."""
        library.call("balancer_restore", self._handle, library.path(path))

    def next_event(self) -> Event | None:
        """The oldest event not yet given; `None` when there is none."""
        found = s.Event.sized()
        code = library.status("balancer_next_event", self._handle, c.byref(found))
        if code == library.NOTHING:
            return None
        if code != library.OK:
            raise library.error(code)
        values = {name: getattr(found, name) for name in Event.__dataclass_fields__}
        return Event(**values | {"outcome": Outcome(found.outcome), "text": found.text.decode(errors="replace")})

    def events(self) -> Iterator[Event]:
        """Every event not yet given."""
        while (event := self.next_event()) is not None:
            yield event

    def statistics(self) -> Statistics:
        """What the balancer has done so far."""
        found = s.Statistics.sized()
        library.call("balancer_statistics", self._handle, c.byref(found))
        values = {name: getattr(found, name) for name in Statistics.__dataclass_fields__}
        return Statistics(**values | {"is_applying": bool(found.is_applying), "is_frozen": bool(found.is_frozen)})

    def device_memory(self) -> np.ndarray:
        """`DEVICE_MEMORY` [device]: bytes held, held at most, beyond that, and allowed."""
        return library.listed("balancer_device_memory", self._handle, s.DEVICE_MEMORY)

    def load(self) -> Load:
        """What the balancer has counted since it was made."""
        handle = library.make("load_snapshot", self._handle)
        return Load._of(handle, self.model.layers, self.model.experts_per_layer)


def saved_placement(path: str | os.PathLike[str]) -> np.ndarray:
    """The placement that `Balancer.save` wrote, `REPLICA` [replica] ordered by layer, expert, device."""
    return library.listed("saved_placement", library.path(path), s.REPLICA)
