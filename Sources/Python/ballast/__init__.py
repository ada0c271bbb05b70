"""Adaptive load balancing for mixture-of-experts inference."""

from ._library import version
from ._structures import DEVICE_MEMORY, REPLAY_WINDOW, REPLICA, RUN
from ._version import VERSION as __version__
from .balancer import Balancer, saved_placement
from .errors import (ArrayError, BadBytesError, BadPointerError, BadSettingError, BadSizeError, BadValueError,
                     BallastError, BufferTooSmallError, BusyError, ExecutionFailedError, FileRefusedError, LaneBusyError,
                     LimitReachedError, NothingError, PlacementRefusedError, StaleHandleError, UnsupportedModelError,
                     WrongModeError)
from .events import Event, Outcome, Statistics
from .executor import Executor
from .lane import Lane
from .load import Load
from .packing import rebalance_experts
from .planning import Forecast, Plan, plan
from .replaying import Policy, Replay, count_windows, replay
from .selection import Dispatch
from .shapes import Cost, Device, DeviceStatus, Model, Phase, Precision
from .steps import Step, StepKind

__all__ = [
    "ArrayError", "BadBytesError", "BadPointerError", "BadSettingError", "BadSizeError", "BadValueError",
    "Balancer", "BallastError", "BufferTooSmallError", "BusyError", "Cost", "DEVICE_MEMORY", "Device",
    "DeviceStatus", "Dispatch", "Event", "ExecutionFailedError", "Executor", "FileRefusedError", "Forecast",
    "Lane", "LaneBusyError", "LimitReachedError", "Load", "Model", "NothingError", "Outcome", "Phase",
    "PlacementRefusedError", "Plan", "Policy", "Precision", "REPLAY_WINDOW", "REPLICA", "RUN", "Replay",
    "StaleHandleError", "Statistics", "Step", "StepKind", "UnsupportedModelError", "WrongModeError", "__version__",
    "count_windows", "plan", "rebalance_experts", "replay", "saved_placement", "version",
]
