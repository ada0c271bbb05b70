#!/usr/bin/env python3
"""Counting and dispatching as engines do it with array libraries, beside Ballast, on the same batch.

usage: numpy_dispatch.py BATCH.json FIGURES.json

BATCH is what `ballast bench all --save-batch` wrote, FIGURES what its --json wrote. Counting is `bincount`. Choosing is
a hash of the token over the expert's copies, looked up in a table; grouping sorts by device and replica. Neither
balances devices: it is what serving does today, not the same result. Torch is measured too where it is installed.
"""

import json
import statistics
import sys
import time

import numpy


def median_nanoseconds(work, assignments, seconds=1.0):
    """Median nanoseconds an assignment, after a warm-up of a third of the time."""
    samples = []
    start = time.perf_counter()
    while time.perf_counter() - start < seconds * 4 / 3:
        begun = time.perf_counter_ns()
        work()
        spent = time.perf_counter_ns() - begun
        if time.perf_counter() - start > seconds / 3:
            samples.append(spent / assignments)
    return statistics.median(samples)


def copy_table(batch):
    """[expert][copy] -> replica, padded, and copies of each expert."""
    copies = [[] for _ in range(batch["experts"])]
    for replica, expert in enumerate(batch["replicaExperts"]):
        copies[expert].append(replica)
    most = max(map(len, copies))
    table = [(own * most)[:most] for own in copies]
    return numpy.array(table, numpy.int64), numpy.array([len(own) for own in copies], numpy.int64)


def numpy_rows(batch):
    experts, choices = batch["experts"], batch["expertsPerToken"]
    ids = numpy.array(batch["ids"], numpy.int64)
    gates = numpy.array(batch["gates"], numpy.float32)
    table, copies = copy_table(batch)
    devices = numpy.array(batch["replicaDevices"], numpy.int64)
    # Replicas in the order of their devices, so that one sort groups by device and replica.
    place = numpy.empty(len(devices), numpy.int64)
    place[numpy.argsort(devices, kind="stable")] = numpy.arange(len(devices))
    hashes = numpy.repeat(numpy.arange(len(ids) // choices) * 2654435761 >> 7, choices)
    tokens = numpy.repeat(numpy.arange(len(ids) // choices, dtype=numpy.int32), choices)

    def count():
        return numpy.bincount(ids, minlength=experts)

    def dispatch():
        count()
        slots = place[table[ids, hashes % copies[ids]]]
        order = numpy.argsort(slots.astype(numpy.int16), kind="stable")
        return numpy.bincount(slots, minlength=len(devices)), tokens[order], gates[order], numpy.argsort(order)

    return count, dispatch


def torch_rows(batch):
    import torch

    torch.set_num_threads(1)
    experts, choices = batch["experts"], batch["expertsPerToken"]
    ids = torch.tensor(batch["ids"])
    gates = torch.tensor(batch["gates"])
    table, copies = (torch.from_numpy(part) for part in copy_table(batch))
    devices = torch.tensor(batch["replicaDevices"])
    place = torch.empty_like(devices)
    place[torch.argsort(devices, stable=True)] = torch.arange(len(devices))
    tokens = torch.arange(len(ids) // choices, dtype=torch.int32).repeat_interleave(choices)
    hashes = (torch.arange(len(ids) // choices) * 2654435761 >> 7).repeat_interleave(choices)

    def count():
        return torch.bincount(ids, minlength=experts)

    def dispatch():
        count()
        slots = place[table[ids, hashes % copies[ids]]]
        order = torch.argsort(slots, stable=True)
        return torch.bincount(slots, minlength=len(devices)), tokens[order], gates[order], torch.argsort(order)

    return count, dispatch


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    with open(sys.argv[1], encoding="utf-8") as file:
        batch = json.load(file)
    with open(sys.argv[2], encoding="utf-8") as file:
        figures = json.load(file)
    libraries = [(f"NumPy {numpy.__version__}", numpy_rows)]
    try:
        import torch

        libraries.append((f"torch {torch.__version__}", torch_rows))
    except ImportError:
        pass
    print(f"{'the same batch, ns an assignment':34}{'theirs':>9}{'Ballast':>9}{'ratio':>8}")
    for name, rows in libraries:
        count, dispatch = rows(batch)
        for work, title, ours in [
            (count, "bincount", figures["record"]["median"]),
            (dispatch, "bincount, hash, sort", figures["dispatchPrefill"]["median"]),
        ]:
            theirs = median_nanoseconds(work, len(batch["ids"]))
            print(f"{name + ', ' + title:34}{theirs:9.2f}{ours:9.3f}{theirs / ours:8.1f}")


if __name__ == "__main__":
    main()
