"""Which place of its rank a replica takes, so that one that stays need not be copied."""

from __future__ import annotations

import numpy as np


def keep_slots(placed: np.ndarray, old: np.ndarray, ranks: int) -> np.ndarray:
    """`placed` with each rank's replicas in the slots where `old` has them; both [layers][slots], the expert of each.

    Placements of another number of slots have none in common, and come back as they were.
    """
    if placed.shape != old.shape or ranks <= 0 or placed.shape[1] % ranks != 0:
        return placed
    width = placed.shape[1] // ranks
    lowest = min(placed.min(initial=0), old.min(initial=0))
    span = max(placed.max(initial=0), old.max(initial=0)) - lowest + 1
    coming, standing = (_names(experts.reshape(-1, width) - lowest, span) for experts in (placed, old))
    kept = old.copy()
    # A rank has as many slots without a replica that stays as it has replicas that come.
    kept[~np.isin(standing, coming).reshape(old.shape)] = placed[~np.isin(coming, standing).reshape(placed.shape)]
    return kept


def _names(experts: np.ndarray, span: int) -> np.ndarray:
    """A number for each of [rank][slot] that its rank, its expert and how many of that expert come before it decide."""
    width = experts.shape[1]
    keys = (np.arange(len(experts))[:, np.newaxis] * span + experts).ravel()
    order = np.argsort(keys, kind="stable")
    ordered = keys[order]
    first = np.searchsorted(ordered, ordered)
    names: np.ndarray = np.empty_like(keys)
    names[order] = ordered * width + np.arange(len(keys)) - first
    return names
