#!/usr/bin/env python3
"""Times R-hat, bulk and tail effective sizes by ArviZ and by this project, side by side.

  arviz_speed.py [PROGRAM] [--rounds N]

PROGRAM is build/release/benchmarks/micro_diagnostics. Needs Python with arviz (0.23 was used) and
numpy; the build needs neither. Both take 1000 parameters x 4 chains x 1000 draws of AR(1) chains
with coefficient 0.8, on one thread, in turn within each round; seconds are processor time. Printed:
the median of the rounds with the least and the largest, and the median ratio.
"""
import argparse
import json
import os
import statistics
import subprocess
import sys
import time
import warnings

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ[name] = "1"

import numpy as np

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import arviz as az


def ar1(parameters, chains, draws, a):
    noise = np.random.default_rng(1).standard_normal((draws, chains, parameters))
    x = np.empty_like(noise)
    x[0] = noise[0]
    for i in range(1, draws):
        x[i] = a * x[i - 1] + np.sqrt(1 - a * a) * noise[i]
    return np.ascontiguousarray(np.moveaxis(x, 0, 1))


def timed_arviz(dataset):
    begin = time.process_time()
    az.rhat(dataset)
    bulk = az.ess(dataset, method="bulk")
    az.ess(dataset, method="tail")
    return time.process_time() - begin, float(bulk["x"].mean())


def summary(name, seconds, bulk):
    print(f"{name:<10}{statistics.median(seconds):9.4f} s"
          f" ({min(seconds):.4f} .. {max(seconds):.4f}), mean bulk ESS {bulk:.1f}")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program", nargs="?", default="build/release/benchmarks/micro_diagnostics")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    dataset = az.convert_to_dataset({"x": ar1(1000, 4, 1000, 0.8)})
    az.ess(az.convert_to_dataset({"x": ar1(2, 4, 100, 0.8)}))  # what it compiles or imports late
    theirs, ours = [], []
    for _ in range(options.rounds):
        seconds, their_bulk = timed_arviz(dataset)
        theirs.append(seconds)
        output = subprocess.run([options.program, "--json"], check=True, capture_output=True)
        row = json.loads(output.stdout)[0]
        ours.append(row["seconds"])
    summary("ArviZ", theirs, their_bulk)
    summary("negphase", ours, row["ess_bulk"])
    ratio = statistics.median(t / o for t, o in zip(theirs, ours))
    print(f"arviz {az.__version__}, ratio {ratio:.1f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
