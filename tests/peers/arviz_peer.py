"""Holds negphase against ArviZ: figures of files of draws, and files that negphase writes.

  python3 arviz_peer.py NEGPHASE FILE...

Every FILE is Stan CSV, .npy, .npz, .nc, or a table with the columns chain and draw or chain1, chain2, ..
Needs arviz 0.23 with xarray and netCDF4. Figures: R-hat (rank, split), effective sizes and Monte
Carlo errors of the first quantities, as largest relative differences. Files: each FILE is written as
.npy, Stan CSV and, where negphase has it, netCDF, opened by ArviZ, and compared number by number.
Ends with 1 where a file differs or a figure does by more than 1e-8.
"""
import json
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path

warnings.filterwarnings("ignore")
import arviz as az  # noqa: E402
import numpy as np  # noqa: E402

MOST_QUANTITIES = 20
# name in negphase's JSON: ArviZ's function of draws [chains x draws]
FIGURES = {
    # of an odd number of draws ArviZ folds about the median without the middle ones
    "rhat": lambda x: az.rhat(x, method="rank") if x.shape[1] % 2 == 0 else np.nan,
    "rhat_split": lambda x: az.rhat(x, method="split"),
    "ess_bulk": lambda x: az.ess(x, method="bulk"),
    "ess_tail": lambda x: az.ess(x, method="tail"),
    "ess_mean": lambda x: az.ess(x, method="mean"),
    "ess_median": lambda x: az.ess(x, method="median"),
    "mcse_mean": lambda x: az.mcse(x, method="mean"),
    "mcse_q05": lambda x: az.mcse(x, method="quantile", prob=0.05),
    "mcse_median": lambda x: az.mcse(x, method="median"),
    "ess_sd": lambda x: az.ess(x, method="sd"),
    "mcse_sd": lambda x: az.mcse(x, method="sd"),
}


def diagnose(negphase, *arguments):
    done = subprocess.run([negphase, "diagnose", *map(str, arguments)], capture_output=True, text=True)
    if done.returncode not in (0, 7):
        sys.exit(f"negphase diagnose {' '.join(map(str, arguments))}: {done.stderr.strip()}")
    return done.stdout


def relative(ours, theirs):
    if ours is None or not np.isfinite(theirs):
        return None
    return abs(ours - theirs) / max(abs(theirs), 1e-300)


def compare_figures(report, draws):
    """Largest difference of each figure, of the quantities that have no flag."""
    worst = {}
    for j, quantity in enumerate(report["quantities"][:MOST_QUANTITIES]):
        if quantity["flags"]:
            continue
        for name, figure in FIGURES.items():
            difference = relative(quantity[name], float(figure(draws[:, :, j])))
            if difference is not None:
                worst[name] = max(worst.get(name, 0.0), difference)
    return worst


def columns_of(data):
    """[chains x draws x quantities] of a group, variables in order, the last axis fastest."""
    parts = []
    for variable in data.data_vars.values():
        values = variable.transpose("chain", "draw", ...).values
        parts.append(values.reshape(values.shape[0], values.shape[1], -1))
    return np.concatenate(parts, axis=2)


def compare_file(draws, posterior):
    """Every column of `draws` must be a column of what ArviZ read, bit by bit."""
    read = columns_of(posterior)
    if read.shape != draws.shape:
        return f"{read.shape} in place of {draws.shape}"
    theirs = {read[:, :, j].astype(float).tobytes() for j in range(read.shape[2])}
    missing = [j for j in range(draws.shape[2]) if draws[:, :, j].tobytes() not in theirs]
    return f"columns {missing} differ" if missing else "same"


def main():
    negphase, files, failed = sys.argv[1], sys.argv[2:], False
    print("arviz", az.__version__)
    for file in files:
        with tempfile.TemporaryDirectory() as folder:
            report = json.loads(diagnose(negphase, file, "--json", "--convert", f"{folder}/d.npy"))
            draws = np.load(f"{folder}/d.npy")
            print(f"{file}: {draws.shape[0]} x {draws.shape[1]} x {draws.shape[2]}")
            worst = compare_figures(report, draws)
            print("  figures:", ", ".join(f"{name} {value:.1e}" for name, value in worst.items()))
            failed |= any(worst.get(name, 0) > 1e-8 for name in FIGURES)

            diagnose(negphase, file, "--convert", f"{folder}/stan")
            stan = sorted(Path(folder, "stan").glob("chain_*.csv"), key=lambda p: int(p.stem[6:]))
            said = compare_file(draws, az.from_cmdstan([str(p) for p in stan]).posterior)
            print("  Stan CSV by from_cmdstan:", said)
            failed |= said != "same"
            try:
                diagnose(negphase, file, "--convert", f"{folder}/d.nc")
            except SystemExit as refused:
                print("  netCDF:", refused)
                continue
            data = az.from_netcdf(f"{folder}/d.nc")
            said = compare_file(draws, data.posterior)
            print("  netCDF by from_netcdf:", said, "groups", ", ".join(data.groups()))
            failed |= said != "same" or len(az.summary(data)) != draws.shape[2]
            data.close()
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
