"""The balancer, its steps and its events."""

from __future__ import annotations

import ctypes as c
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum

import numpy as np

from . import _library as library
from . import _structures as s
from .lane import Lane
from .load import Load
from .shapes import Cost, Device, Model, cluster

Settings = str | dict[str, object] | None


class StepKind(IntEnum):
    """What a step asks of the engine."""

    STAGE = 1
    RETIRE = 2
    PUBLISH = 3


class DeviceStatus(IntEnum):
    """Whether a device takes part."""

    SERVING = 0
    DRAINING = 1
    LOST = 2


@dataclass(frozen=True)
class Step:
    """One step of a plan; layer to replica are 0 for a publication."""

    kind: StepKind
    step: int
    layer: int
    expert: int
    device: int
    precision: int
    replica: int
    table_version: int
    bytes: int


class Outcome(IntEnum):
    """What became of a turn's plan."""

    NONE = 0
    PUBLISHED = 1
    ABANDONED = 2


@dataclass(frozen=True)
class Event:
    """What one turn of the control loop did or declined; NaN for what there was not."""

    outcome: Outcome
    tick: int
    nanoseconds: int
    imbalance: float
    imbalance_after: float
    batch_nanoseconds: float
    batch_nanoseconds_after: float
    added: int
    removed: int
    bytes_moved: int
    retired: int
    thinking_nanoseconds: int
    dropped_before: int
    text: str


@dataclass(frozen=True)
class Statistics:
    """What a balancer has done."""

    device_count: int
    ticks: int
    plans_published: int
    plans_abandoned: int
    table_version: int
    replica_count: int
    tokens: int
    lanes: int
    waiting_tables: int
    retirement_delays: int
    events_dropped: int
    is_applying: bool
    is_frozen: bool


class Balancer(library.Handle):
    """Counts, dispatches and plans; a context manager.

    Made directly it gives advice: the engine owns its weights and carries out `steps`. `Balancer.on` makes one that owns the experts.
    """

    _destroy = "balancer_destroy"

    def __init__(self, model: Model, devices: int | Sequence[Device], *, cost: Cost | None = None,
                 placement: np.ndarray | None = None, settings: Settings = None) -> None:
        """A balancer in advice mode; placement is `REPLICA` [replica], `None` for one copy of each expert."""
        shape, joined = model._structure(), cluster(devices, cost)
        where = library.address(placement, "placement", (s.REPLICA,), shape=(None,))
        self._handle = library.make(
            "balancer_create", c.byref(shape), c.byref(joined), library.text(settings), where,
            0 if placement is None else len(placement))
        self.model, self.device_count, self._hidden, self._held = model, joined.device_count, None, None

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
                    named.replica, found.table_version, found.bytes)

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


class Executor(library.Handle):
    """Experts computed on this machine; a context manager."""

    _destroy = "executor_destroy"

    def __init__(self, model: Model, *, hidden: int, inner: int, devices: int, memory_bytes_per_device: int = 0) -> None:
        """An executor without weights, of groups of worker threads called devices."""
        options = s.ExecutorOptions.sized(
            layers=model.layers, experts_per_layer=model.experts_per_layer, experts_per_token=model.experts_per_token,
            hidden=hidden, inner=inner, full_precision=model.full_precision, devices=devices,
            memory_bytes_per_device=memory_bytes_per_device)
        self._handle = library.make("executor_create", c.byref(options))
        self.model, self.hidden, self.inner, self.device_count = model, hidden, inner, devices
        self._weights: list[np.ndarray] = []

    def load(self, layer: int, expert: int, gate: np.ndarray, up: np.ndarray, down: np.ndarray) -> None:
        """Names the weights of one expert, without copying them; do not change them afterwards.

        gate and up: [inner][hidden], down: [hidden][inner]; float32, or uint16 with the bits of bfloat16.
        """
        kinds = ("float32",) if self.model.full_precision == 0 else ("uint16",)
        wide, tall = (self.inner, self.hidden), (self.hidden, self.inner)
        library.call(
            "executor_load", self._handle, layer, expert, library.address(gate, "gate", kinds, shape=wide, required=True),
            library.address(up, "up", kinds, shape=wide, required=True), library.address(down, "down", kinds, shape=tall, required=True))
        # The library reads them whenever a replica is staged.
        self._weights += [gate, up, down]
