#!/usr/bin/env python3
"""Compares dispatches with a solver's optimum over the same replicas.

usage: compare.py INSTANCES.json [--seconds-per-instance S] [--worst FILE.json]

INSTANCES is what `ballast bench instances` wrote. Where touching a replica is free the optimum is that of the linear
program over fractions of tokens; where it costs, that of the integer program with a choice of replicas. An integer
program that is not solved in time is judged by the solver's lower bound, so that an excess is never understated.
--worst writes the instances that break a promise.
"""

import argparse
import json
import sys
from collections import defaultdict

import highspy


def solve(instance, seconds):
    """The least time of the busiest device: (lower bound, whether it is the optimum)."""
    model = highspy.Highs()
    model.setOptionValue("output_flag", False)
    model.setOptionValue("threads", 1)
    model.setOptionValue("time_limit", seconds)
    model.setOptionValue("mip_rel_gap", 1e-3)
    infinity = highspy.kHighsInf
    loads, activation, per_token = instance["loads"], instance["activation"], instance["perToken"]
    # Scaled so that the even split over devices takes about 1.
    scale = max(sum(load * per_token[0] for load in loads) / instance["devices"], 1e-9)
    model.addVar(0.0, infinity)
    model.changeColCost(0, 1.0)
    columns = 1
    on_device = defaultdict(list)
    of_expert = defaultdict(list)
    for replica, expert in enumerate(instance["replicaExperts"]):
        load = loads[expert]
        if load == 0:
            continue
        # The share of the expert's tokens that this replica gets.
        model.addVar(0.0, 1.0)
        share = columns
        columns += 1
        of_expert[expert].append(share)
        device = instance["replicaDevices"][replica]
        on_device[device].append((share, load * per_token[replica] / scale))
        if activation[replica] > 0:
            model.addVar(0.0, 1.0)
            used = columns
            columns += 1
            model.changeColIntegrality(used, highspy.HighsVarType.kInteger)
            on_device[device].append((used, activation[replica] / scale))
            model.addRow(-infinity, 0.0, 2, [share, used], [1.0, -1.0])
    for shares in of_expert.values():
        model.addRow(1.0, 1.0, len(shares), shares, [1.0] * len(shares))
    for terms in on_device.values():
        model.addRow(-infinity, 0.0, len(terms) + 1, [0] + [term[0] for term in terms], [-1.0] + [term[1] for term in terms])
    model.run()
    optimal = model.getModelStatus() == highspy.HighsModelStatus.kOptimal
    info = model.getInfo()
    bound = info.objective_function_value
    if any(cost > 0 for cost in activation):
        bound = info.mip_dual_bound
    return bound * scale, optimal


def even_split(instance):
    """The busiest device's time when every copy gets the same share, in whole tokens, the first copies one more."""
    copies = defaultdict(list)
    for replica, expert in enumerate(instance["replicaExperts"]):
        copies[expert].append(replica)
    times = [0.0] * instance["devices"]
    for expert, replicas in copies.items():
        load = instance["loads"][expert]
        for place, replica in enumerate(replicas):
            share = load // len(replicas) + (place < load % len(replicas))
            if share == 0:
                continue
            times[instance["replicaDevices"][replica]] += instance["activation"][replica] + share * instance["perToken"][replica]
    return max(times)


def judge(instance, seconds):
    optimum, is_exact = solve(instance, seconds)
    longest = instance["longest"]
    # One token on one device, at the slowest replica there.
    token = max(instance["perToken"])
    has_activation = any(cost > 0 for cost in instance["activation"])
    return {
        "name": instance["name"],
        "activation": has_activation,
        "excess": (longest - optimum) / optimum if optimum > 0 else 0.0,
        "beyond": (longest - token - optimum) / optimum if optimum > 0 else 0.0,
        "even": longest / max(even_split(instance), 1e-9),
        "exact": is_exact,
        "optimum": optimum,
        "longest": longest,
        "activationTokens": max(a / t for a, t in zip(instance["activation"], instance["perToken"])),
    }


def kind(instance):
    return instance["name"].split(" window ")[0] if " window " in instance["name"] else instance["name"].split()[0]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("instances")
    parser.add_argument("--seconds-per-instance", type=float, default=5.0)
    parser.add_argument("--worst")
    options = parser.parse_args()
    with open(options.instances, encoding="utf-8") as file:
        instances = [instance for instance in json.load(file) if sum(instance["loads"]) > 0]
    groups = defaultdict(list)
    broken = []
    for number, instance in enumerate(instances):
        verdict = judge(instance, options.seconds_per_instance)
        groups[kind(instance)].append(verdict)
        limit = 0.05 if verdict["activation"] else 0.01
        kept = verdict["excess"] if verdict["activation"] else verdict["beyond"]
        if kept > limit + 1e-6:
            broken.append(verdict)
        if sys.stderr.isatty():
            print(f"\r{number + 1} of {len(instances)}", end="", file=sys.stderr)
    for name, verdicts in groups.items():
        excess = sorted(verdict["excess"] for verdict in verdicts)
        beyond = [verdict["beyond"] for verdict in verdicts]
        count = len(verdicts)
        print(name)
        print(f"  instances {count}, solved to the optimum {sum(verdict['exact'] for verdict in verdicts)}")
        print(f"  excess over the optimum: mean {sum(excess) / count:.3%}, median {excess[count // 2]:.3%}, worst {excess[-1]:.3%}")
        print(f"  over 1 % and one token a device: {sum(value > 0.01 + 1e-6 for value in beyond) / count:.2%}, worst {max(beyond):.3%}")
        print(f"  over 5 %: {sum(value > 0.05 + 1e-6 for value in excess) / count:.2%}")
        print(f"  against an even split: mean {sum(verdict['even'] for verdict in verdicts) / count:.3f}, worst {max(verdict['even'] for verdict in verdicts):.3f}")
    if options.worst:
        with open(options.worst, "w", encoding="utf-8") as file:
            json.dump(sorted(broken, key=lambda verdict: -verdict["excess"]), file, indent=1)
            file.write("\n")
    print(f"{len(broken)} of {len(instances)} break the promise (1 % and one token a device; with activation 5 %)")


if __name__ == "__main__":
    main()
