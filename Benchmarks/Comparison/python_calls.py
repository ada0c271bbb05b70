"""What a call costs from Python: a dispatch of one token, of a batch, and the least that any call of the library takes.

Run it in an environment with the wheel: `make test-python` first, then
`.build/python-clean/bin/python Benchmarks/Comparison/python_calls.py`. Medians of rounds.
"""

import ctypes
import statistics
import time

import numpy as np

import ballast
from ballast import _library

CALLS, ROUNDS = 2000, 9


def microseconds(body) -> float:
    """Median time of a call over the rounds."""
    found = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        for _ in range(CALLS):
            body()
        found.append((time.perf_counter() - start) / CALLS * 1e6)
    return statistics.median(found)


def main() -> None:
    experts = 128
    model = ballast.Model(layers=1, experts_per_layer=experts, experts_per_token=8)
    random = np.random.default_rng(1)
    print(f"any call of the library       {microseconds(_library._library.ballast_version):7.2f} µs")
    with ballast.Balancer(model, 8) as balancer, balancer.lane() as lane:
        for tokens in (1, 64, 512):
            ids = np.stack([random.permutation(experts)[:8] for _ in range(tokens)]).astype(np.int32)
            gates = random.random(ids.shape, np.float32)
            into = ballast.Dispatch.room_for(ids.size, 8)
            print(f"record, {tokens:3} tokens             {microseconds(lambda: lane.record(0, ids)):7.2f} µs")
            print(f"dispatch, {tokens:3} tokens           {microseconds(lambda: lane.dispatch(0, ids, gates=gates, into=into)):7.2f} µs")
            chosen = ballast.selection.selection(ids, gates=gates)
            written = into._structure(8, ids.size)
            function = _library._library.ballast_lane_dispatch
            arguments = lane._handle, 0, ctypes.byref(chosen), ctypes.byref(written)
            print(f"  of it in the library        {microseconds(lambda: function(*arguments)):7.2f} µs")


main()
