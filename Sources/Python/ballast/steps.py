"""What a plan asks of an engine in advice mode."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum


class StepKind(IntEnum):
    """What a step asks of the engine."""

    STAGE = 1
    RETIRE = 2
    PUBLISH = 3


@dataclass(frozen=True)
class Step:
    """One step of a plan; layer to replica are 0 for a publication.

    `switch_step` is the step of serving before which a publication is to be acknowledged, 0 for as soon as it can be.
    """

    kind: StepKind
    step: int
    layer: int
    expert: int
    device: int
    precision: int
    replica: int
    table_version: int
    bytes: int
    switch_step: int = 0
