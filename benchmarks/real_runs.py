#!/usr/bin/env python3
"""Trains models on public data sets and sets the NLL that is reached beside references.

    benchmarks/real_runs.py DATA [OUT] [--only NAME ...] [--tool build/release/apps/negphase]

DATA is a folder with the data sets, as their sources hand them out (below, each with its files).
Needs Python alone. OUT (default real_runs) keeps configurations and results, one folder a run;
a run whose result is there is not made again. Prints one table in Markdown.

The references are optima of the same model found by another program (full enumeration, L-BFGS to a
gradient below 2e-7), in nats a row; l2 / 2 |W|^2 is added to the NLL in the search but not to the
figures. An exact gradient must come below reference + 1e-6; chains within 1e-3. Where log Z cannot be
summed the NLL is that of the start, by draws of independent pixels, and its change, by annealed
importance sampling along the training, each with its standard error.
"""
import argparse
import csv
import gzip
import json
import math
import pathlib
import random
import struct
import subprocess
import sys
import time

# name: (reference NLL in nats a row on the rows trained on, and on those held out)
REFERENCES = {
    "neurons15": (4.473903033188258, 4.526560418420344),
    "msnbc17": (6.404896384784661, 6.405086642870303),
    "house_votes": (6.780034300900124, None),
    "words4": (9.257466111804952, None),
}


def quoted(path):
    return json.dumps(str(path))


def toml(tables):
    """A TOML text of {table: {key: value}}; a value that is a dict becomes an inline table."""
    def value(v):
        if isinstance(v, bool):
            return "true" if v else "false"
        if isinstance(v, dict):
            return "{ " + ", ".join(f"{k} = {value(x)}" for k, x in v.items()) + " }"
        if isinstance(v, list):
            return "[" + ", ".join(value(x) for x in v) + "]"
        if isinstance(v, (str, pathlib.Path)):
            return quoted(v)
        return repr(v)

    lines = ["seed = 1"]
    for name, table in tables.items():
        lines += ["", f"[{name}]"] + [f"{k} = {value(v)}" for k, v in table.items()]
    return "\n".join(lines) + "\n"


class Runs:
    def __init__(self, data, out, tool, only):
        self.data, self.out, self.tool, self.only = data, out, tool, only
        self.rows = []

    def wants(self, name):
        return not self.only or any(name.startswith(o) or o.startswith(name) for o in self.only)

    def run(self, verb, config, folder):
        """Whether that worked, and what was said if not; a result that is there is not made again."""
        if (folder / "run.json").exists():
            return ""
        begin = time.monotonic()
        done = subprocess.run([self.tool, verb, config, "--out", folder, "--force", "--quiet"],
                              capture_output=True, text=True)
        print(f"{folder.name}: {time.monotonic() - begin:.0f} s", file=sys.stderr, flush=True)
        return "failed: " + done.stderr.strip().splitlines()[0] if done.returncode != 0 else ""

    def train(self, problem, how, tables, start=None):
        """One training; a line of the table. start: NLL of the initial parameters, its standard error."""
        name = f"{problem}-{how}".replace(" ", "_")
        if not self.wants(name):
            return
        folder = self.out / name
        config = self.out / f"{name}.toml"
        config.write_text(toml(tables))
        failed = self.run("train", config, folder)
        result = failed or json.loads((folder / "train.json").read_text())
        if start and not failed:
            result["start"] = start
        self.rows.append((problem, how, result))
        print(self.table()[-1], flush=True)

    def table(self):
        lines = ["| data | gradient | NLL | less reference | held out | less reference | Gaussian regression "
                 "(held out) | seconds |", "|---|---|---|---|---|---|---|---|"]
        for problem, how, result in self.rows:
            if isinstance(result, str):
                lines.append(f"| {problem} | {how} | {result} |||||")
                continue
            nll, held = result["nll"].get("after"), result.get("test_nll", {}).get("after")
            change = result.get("nll_change")
            best, best_held = REFERENCES.get(problem, (None, None))
            base = result.get("baseline")

            def less(value, reference):
                return f"{value - reference:+.2e}" if None not in (value, reference) else "-"

            shown = f"{nll:.6f}" if nll is not None else "-"
            start = result.get("start")
            if nll is None and start and change and change["value"] is not None:
                error = math.hypot(start[1], change["standard_error"])
                shown = f"{start[0] + change['value']:.2f} +- {error:.2f}"
            lines.append(" | ".join([
                f"| {problem}", how, shown, less(nll, best),
                f"{held:.6f}" if held is not None else "-", less(held, best_held),
                f"{base['nll']:.4f} ({base['test_nll']:.4f})" if base else "-",
                f"{result['timing']['seconds']:.1f} |"]))
        return lines


EXACT = {"gradient": "exact", "optimizer": "lbfgs", "updates": 2000, "batch": 100000000,
         "tolerance": 1e-8, "init_scale": 0.0, "exact_nll_states": 1e9}


def pairwise(runs, name, data, l2=0.0):
    """Dense Boltzmann machine over bits: the exact gradient, and persistent chains."""
    model = {"name": "boltzmann"}
    runs.train(name, "exact", {"model": model, "data": data, "train": {**EXACT, "l2": l2}})
    runs.train(name, "pcd", {"model": model, "data": data, "sampler": {"name": "block_gibbs"}, "train": {
        "gradient": "pcd", "optimizer": "adam", "updates": 20000, "batch": 100000000, "chains": 1024,
        "cd_k": 1, "learning_rate": 0.02, "learning_rate_end": 0.00002, "schedule": "cosine", "l2": l2,
        "init_scale": 0.0, "exact_nll_states": 1e9}})


def write_csv(path, rows):
    with open(path, "w", newline="") as file:
        csv.writer(file).writerows(rows)


def neurons15(runs):
    """neurons/spikes15.csv.gz: 40000 bins of 15 retinal neurons; rows 1 .. 30000 are trained on."""
    pairwise(runs, "neurons15", {"file": runs.data / "neurons/spikes15.csv.gz", "y": "1..15", "test": "30001..40000"})


def msnbc17(runs):
    """msnbc17/{valid,test}.csv.gz: fitted on valid.csv, scored on test.csv."""
    both = runs.out / "msnbc17.csv"
    if not both.exists():
        text = [gzip.open(runs.data / f"msnbc17/{part}.csv.gz", "rt").read() for part in ("valid", "test")]
        both.write_text("".join(text))
    pairwise(runs, "msnbc17", {"file": both, "y": "1..17", "header": False, "test": "38844..97108"})


def house_votes(runs):
    """house_votes_84/house_votes_84.csv: the 232 rows without missing votes, l2 = 0.01."""
    pairwise(runs, "house_votes", {"file": runs.data / "house_votes_84/house_votes_84.csv", "y": "2..17",
                                   "missing": "drop"}, l2=0.01)


def words4(runs):
    """words4/words4.txt: 2442 English words of four letters; a Potts model with all 26^4 states."""
    table = runs.out / "words4.csv"
    words = (runs.data / "words4/words4.txt").read_text().split()
    write_csv(table, [["a", "b", "c", "d"]] + [list(word) for word in words])
    letters = [chr(ord("a") + i) for i in range(26)]
    data = {"file": table, "header": True, "y": "1..4", "labels": {name: letters for name in "abcd"}}
    model = {"name": "potts", "couplings": "full"}
    runs.train("words4", "exact", {"model": model, "data": data, "train": {**EXACT, "l2": 1e-4}})
    runs.train("words4", "pcd", {"model": model, "data": data, "sampler": {"name": "block_gibbs"}, "train": {
        "gradient": "pcd", "optimizer": "adam", "updates": 20000, "batch": 100000000, "chains": 1024,
        "cd_k": 1, "learning_rate": 0.05, "learning_rate_end": 0.00002, "schedule": "cosine", "l2": 1e-4,
        "init_scale": 0.0, "exact_nll_states": 1e9}})


def softplus(t):
    return max(t, 0.0) + math.log1p(math.exp(-abs(t)))


def rbm_start(digits, hidden):
    """Weights N(0, 0.01^2) and the log-odds of each pixel, in the tool's order; their NLL and its error.

    digits: the places of the ones of each. log Z is that of independent pixels + the log of a mean over
    draws of these, prod_j (1 + exp(t_j)), with t the inputs of the hidden units.
    """
    size, normal = 28 * 28, random.Random(1)
    weights = [[normal.gauss(0, 0.01) for _ in range(hidden)] for _ in range(size)]
    ones = [0] * size
    for digit in digits:
        for i in digit:
            ones[i] += 1
    bias = [math.log((n + 0.5) / (len(digits) - n + 0.5)) for n in ones]

    def log_hidden(digit):
        return sum(softplus(sum(t)) for t in zip(*(weights[i] for i in digit)))

    free = sum(-sum(bias[i] for i in d) - log_hidden(d) for d in digits) / len(digits)
    shares = [1 / (1 + math.exp(-a)) for a in bias]
    drawn = [log_hidden([i for i in range(size) if normal.random() < shares[i]]) for _ in range(4000)]
    weight = [math.exp(d - drawn[0]) for d in drawn]
    mean = sum(weight) / len(weight)
    error = math.sqrt(sum((w - mean) ** 2 for w in weight)) / len(weight) / mean
    log_z = sum(softplus(a) for a in bias) + drawn[0] + math.log(mean)
    return [w for row in weights for w in row] + bias + [0.0] * hidden, (free + log_z, error)


def mnist(runs):
    """mnist/train-images-idx3-ubyte.gz: the first 10000 digits, grey above 127 a one; 64 hidden units."""
    if not runs.wants("mnist"):
        return
    table, start, size = runs.out / "mnist.csv", runs.out / "mnist_start.csv", 28 * 28
    with gzip.open(runs.data / "mnist/train-images-idx3-ubyte.gz") as file:
        struct.unpack(">IIII", file.read(16))
        pixels = file.read(10000 * size)
    digits = [[j for j in range(size) if pixels[i + j] > 127] for i in range(0, len(pixels), size)]
    write_csv(table, [[int(p > 127) for p in pixels[i:i + size]] for i in range(0, len(pixels), size)])
    params, nll = rbm_start(digits, hidden=64)
    write_csv(start, [[w] for w in params])
    runs.train("mnist", "pcd", {
        "model": {"name": "rbm", "hidden": 64, "params": start},
        "data": {"file": table, "y": "1..784", "header": False, "image": [28, 28]},
        "sampler": {"name": "block_gibbs"},
        "train": {"gradient": "pcd", "optimizer": "adam", "updates": 2000, "batch": 100, "chains": 100,
                  "cd_k": 1, "learning_rate": 0.002, "learning_rate_end": 0.0001, "init_scale": 0.0,
                  "exact_nll": False, "nll_chains": 64, "nll_warmup": 100, "nll_steps": 20000},
    }, start=nll)


# file of the table, its y, and the columns of x
REGRESSIONS = {
    "yacht": ("residuary_resistance", 6), "concrete": ("strength_mpa", 8), "energy": ("heating_load", 8),
    "wine_quality_red": ("quality", 11),
}


def regressions(runs):
    """uci_regression/{yacht,concrete,energy,wine_quality_red}.csv: an energy of a multilayer perceptron
    over x and y, standardised; a fifth of the rows held out; test NLL by quadrature."""
    shared = {"optimizer": "adam", "learning_rate": 0.02, "learning_rate_end": 0.001, "l2": 1e-3,
              "exact_nll_states": 1e12}
    ways = {
        # a row costs some 80,000 energies, so that batches are small
        "exact": {"gradient": "exact", "updates": 500, "batch": 16},
        "importance": {"gradient": "importance", "updates": 1500, "batch": 100, "proposal_draws": 100},
        "langevin": {"gradient": "pcd", "updates": 1000, "cd_k": 10, "chains_per_row": 2},
    }
    for name, (y, num_x) in REGRESSIONS.items():
        for how, train in ways.items():
            runs.train(name, how, {
                "model": {"name": "mlp", "hidden": 16},
                "data": {"file": runs.data / f"uci_regression/{name}.csv", "x": f"1..{num_x}", "y": y,
                         "standardize": True, "test": 0.2},
                "sampler": {"name": "mala", "step_size": 0.005}, "train": {**train, **shared}})


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=pathlib.Path)
    parser.add_argument("out", type=pathlib.Path, nargs="?", default=pathlib.Path("real_runs"))
    parser.add_argument("--only", nargs="*", default=[])
    parser.add_argument("--tool", default="build/release/apps/negphase")
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    runs = Runs(arguments.data.resolve(), arguments.out.resolve(), arguments.tool, arguments.only)
    print("\n".join(runs.table()))
    for each in (neurons15, msnbc17, house_votes, words4, mnist, regressions):
        each(runs)


if __name__ == "__main__":
    main()
