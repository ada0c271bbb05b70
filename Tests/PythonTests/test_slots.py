from collections import Counter

import numpy as np
import pytest

from ballast.slots import keep_slots


@pytest.mark.parametrize("ranks, width, experts", [(1, 1, 1), (2, 3, 4), (4, 9, 12), (8, 5, 100), (1, 40, 7)])
def test_what_stays_keeps_its_slot_and_nothing_else_changes(ranks, width, experts):
    random = np.random.default_rng(ranks * width)
    for _ in range(20):
        placed, old = (random.integers(-1, experts, (3, ranks * width)) for _ in range(2))
        kept = keep_slots(placed, old, ranks)
        for new, result, before in zip(*(rows.reshape(-1, width) for rows in (placed, kept, old))):
            assert Counter(result) == Counter(new)
            both = Counter(new.tolist()) & Counter(before.tolist())
            assert (result == before).sum() == both.total()


def test_placements_without_slots_in_common_come_back_as_they_were():
    placed = np.array([[0, 1, 2, 3]])
    for old, ranks in ((np.array([[0, 1]]), 2), (placed[:, ::-1], 0), (placed[:, ::-1], 3), (np.zeros((0, 4), int), 2)):
        assert keep_slots(placed, old, ranks) is placed
