import numpy as np
import pytest

import ballast

SETTINGS = {
    "planner.memoryBudgetShare": 2, "planner.moveBudgetShare": 1, "planner.qualityBudget": 0,
    "estimator.windowTokens": 1024, "controller.dwellTicks": 1,
}


@pytest.fixture
def model():
    return ballast.Model(layers=2, experts_per_layer=16, experts_per_token=2)


@pytest.fixture
def balancer(model):
    with ballast.Balancer(model, [ballast.Device(memory_bytes=1000)] * 4, settings=SETTINGS) as made:
        yield made


@pytest.fixture
def lane(balancer):
    with balancer.lane() as made:
        yield made


@pytest.fixture
def batch():
    """[token][choice]: half of all choices fall on expert 0."""
    other = np.random.default_rng(7).integers(1, 16, 256)
    return np.stack([np.zeros_like(other), other], axis=1).astype(np.int32)
