#!/usr/bin/env python3
"""Makes the files apps/data/bench_* of the default suite of `negphase bench`, in the folder that it
is run in. Plain Python; the same bytes each time."""
import math
import random

CRITICAL = math.log(1 + math.sqrt(2)) / 2


def save(name, rows, header=None):
    with open(name, "w") as file:
        if header:
            file.write(",".join(header) + "\n")
        for row in rows:
            file.write(",".join(f"{value:.6g}" for value in row) + "\n")


def gaussian(d=50, condition=100):
    """Precision of eigenvalues 1 .. condition in equal ratios about random axes; the data spread
    1.2 times as far as the law, so that the gradient is not small."""
    random.seed(1)
    axes = []
    for _ in range(d):
        v = [random.gauss(0, 1) for _ in range(d)]
        for u in axes:
            c = sum(a * b for a, b in zip(u, v))
            v = [b - c * a for a, b in zip(u, v)]
        n = sum(a * a for a in v) ** 0.5
        axes.append([a / n for a in v])
    eigenvalue = [condition ** (k / (d - 1)) for k in range(d)]

    def mix(weights, i, j):
        return sum(w * u[i] * u[j] for w, u in zip(weights, axes))

    precision = [[mix(eigenvalue, i, j) for j in range(i + 1)] for i in range(d)]
    save("bench_gaussian_params.csv", [[0] * d] + precision)
    rows = []
    for _ in range(100):
        g = [random.gauss(0, 1.2) / e**0.5 for e in eigenvalue]
        rows.append([sum(a * u[i] for a, u in zip(g, axes)) for i in range(d)])
    save("bench_gaussian.csv", rows, [f"y{i}" for i in range(d)])


def mixture():
    """Around the corners of a square, a little further out than the model's components."""
    random.seed(2)
    corners = random.choices([(-2, -2), (-2, 2), (2, -2), (2, 2)], [4, 3, 2, 1], k=200)
    rows = [[random.gauss(1.1 * m, 0.9) for m in corner] for corner in corners]
    save("bench_mixture.csv", rows, ["y0", "y1"])


def ising():
    """All couplings critical, no fields; the data are magnetised spins of which a quarter errs."""
    random.seed(3)
    save("bench_ising_params.csv", [[CRITICAL] * 32, [0] * 16])
    signs = random.choices([-1, 1], k=100)
    rows = [[random.choice([m, m, m, -m]) for _ in range(16)] for m in signs]
    save("bench_ising.csv", rows, [f"s{i}" for i in range(16)])


def boltzmann():
    """Couplings N(0, 1), biases N(0, 0.5^2); the data are independent bits."""
    random.seed(4)
    couplings = [random.gauss(0, 1) for _ in range(66)]
    biases = [random.gauss(0, 0.5) for _ in range(12)]
    save("bench_boltzmann_params.csv", [couplings, biases])
    rows = [[int(random.random() < 0.3 + 0.4 * (i % 2)) for i in range(12)] for _ in range(100)]
    save("bench_boltzmann.csv", rows, [f"b{i}" for i in range(12)])


gaussian()
mixture()
ising()
boltzmann()
