"""Which place of its rank a replica takes, so that one that stays need not be copied."""

from __future__ import annotations

from collections import Counter

import numpy as np


def keep_slots(placed: np.ndarray, old: np.ndarray, ranks: int) -> np.ndarray:
    """`placed` with each rank's replicas in the slots where `old` has them; both [layers][slots], the expert of each.

    Placements of another number of slots have none in common, and come back as they were.
    """
    if placed.shape != old.shape or ranks <= 0 or placed.shape[1] % ranks != 0:
        return placed
    kept = np.empty_like(placed)
    width = placed.shape[1] // ranks
    for layer in range(placed.shape[0]):
        for first in range(0, placed.shape[1], width):
            own = slice(first, first + width)
            kept[layer, own] = _rank(placed[layer, own].tolist(), old[layer, own].tolist())
    return kept


def _rank(placed: list[int], old: list[int]) -> list[int]:
    left = Counter(placed)
    slots: list[int | None] = []
    for expert in old:
        stays = left[expert] > 0
        left[expert] -= stays
        slots.append(expert if stays else None)
    coming = iter([expert for expert in placed for _ in range(_take(left, expert))])
    return [next(coming) if slot is None else slot for slot in slots]


def _take(left: Counter[int], expert: int) -> int:
    if left[expert] <= 0:
        return 0
    left[expert] -= 1
    return 1
