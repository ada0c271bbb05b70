"""Plans a placement for a skewed load and draws devices before and after.

    python before_and_after.py [picture.svg]

Without a file it draws in text; with one it needs matplotlib (`pip install ballast[plot]`).
"""

import sys

import numpy as np

import ballast

LAYERS, EXPERTS, DEVICES, COPIES = 2, 32, 8, 40

SETTINGS = {"planner.memoryBudgetShare": 2}

# A few experts are popular, most are not: [layer][expert] tokens of a batch.
loads = np.array([[1000 // (1 + (expert * 5 + layer * 3) % EXPERTS) for expert in range(EXPERTS)]
                  for layer in range(LAYERS)])


def device_tokens(placement: np.ndarray) -> np.ndarray:
    """[device]: tokens of the batch as a lane dispatches it."""
    tokens = np.zeros(DEVICES)
    model = ballast.Model(LAYERS, EXPERTS)
    with ballast.Balancer(model, DEVICES, placement=placement, settings=SETTINGS) as balancer, balancer.lane() as lane:
        for layer in range(LAYERS):
            experts = np.repeat(np.arange(EXPERTS, dtype=np.int32), loads[layer])
            tokens += lane.dispatch(layer, experts[:, np.newaxis]).device_times
    return tokens


def bars(title: str, tokens: np.ndarray) -> None:
    print(title)
    for device, count in enumerate(tokens):
        print(f"  device {device} {'#' * round(count / 40)}")


contiguous = np.zeros(LAYERS * EXPERTS, ballast.REPLICA)
contiguous["layer"] = np.repeat(np.arange(LAYERS), EXPERTS)
contiguous["expert"] = np.tile(np.arange(EXPERTS), LAYERS)
contiguous["device"] = contiguous["expert"] // (EXPERTS // DEVICES)
contiguous["precision"] = ballast.Precision.BFLOAT16

plan = ballast.plan(loads, copies=COPIES, devices=DEVICES, placement=contiguous)
before, after = device_tokens(contiguous), device_tokens(plan.placement)

if len(sys.argv) == 1:
    bars("before", before)
    bars("after", after)
    print(f"device imbalance {plan.forecast.imbalance_before:.2f} before, {plan.forecast.imbalance_after:.2f} after")
    print(f"{plan.forecast.added} replicas added, {plan.forecast.removed} removed")
else:
    import matplotlib.pyplot as plot

    figure, (left, right) = plot.subplots(1, 2, sharey=True, figsize=(8, 3))
    for axes, tokens, title in ((left, before, "before"), (right, after, "after")):
        axes.bar(range(DEVICES), tokens)
        axes.axhline(tokens.mean(), color="black", linewidth=1)
        axes.set(title=title, xlabel="device")
    left.set_ylabel("tokens")
    figure.savefig(sys.argv[1], bbox_inches="tight")
