"""What the control loop did, and what it has come to."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum


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
