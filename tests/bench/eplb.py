#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# eplb.py -- DeepSeek's load balancer, the original, beside ours: the same placements, and how long each takes.
#
# eplb.py BENCH MOESIM EPLB.PY: BENCH is the built tests/bench/bench_cluster, EPLB.PY the file of deepseek-ai/EPLB.
# Needs PyTorch (Debian: python3-torch), which has one thread here.  Both times are medians of processor time.
import csv
import importlib.util
import os
import statistics
import subprocess
import sys
import tempfile
import time

try:
    import torch
except ImportError:
    sys.exit("make bench-eplb needs PyTorch (Debian: apt-get install python3-torch), which is not installed")

# PyTorch orders equal loads as it likes unless told otherwise; here they stay in their order, as ours do
unstable_sort = torch.Tensor.sort
torch.Tensor.sort = lambda self, dim=-1, descending=False: unstable_sort(
    self, dim=dim, descending=descending, stable=True
)

TURNS = 5
SLOTS, DEVICES = 288, 32
WAYS = {  # as bench_cluster calls them: groups, nodes
    "eplb of 61 layers of 256 experts on 288 slots of 32 devices": (1, 1),
    "the same by nodes and groups": (8, 4),
}


def original(path):
    spec = importlib.util.spec_from_file_location("eplb", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.rebalance_experts


def read_loads(path):
    with open(path, newline="") as file:
        rows = list(csv.DictReader(file))
    layers, experts = (1 + max(int(row[name]) for row in rows) for name in ("layer", "expert"))
    load = torch.zeros(layers, experts)
    for row in rows:
        load[int(row["layer"]), int(row["expert"])] = int(row["count"])
    return load


def ours(moesim, loads, groups, nodes):
    """The placements of all layers, as the program prints them: [layers, slots]."""
    words = f"cluster --place --placement eplb --slots {SLOTS} --devices {DEVICES} --nodes {nodes} --groups {groups}"
    done = subprocess.run([moesim, *words.split(), "--loads", loads], check=True, capture_output=True, text=True)
    rows = list(csv.DictReader(done.stdout.splitlines()))
    return torch.tensor([int(row["expert"]) for row in rows]).view(-1, SLOTS)


def main():
    if len(sys.argv) != 4:
        sys.exit("eplb.py BENCH MOESIM EPLB.PY (make bench-eplb EPLB=eplb.py, a copy of deepseek-ai/EPLB's)")
    bench, moesim, path = sys.argv[1:]
    rebalance = original(path)
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        loads = os.path.join(folder, "loads.csv")
        done = subprocess.run([bench, loads], check=True, capture_output=True, text=True)
        own = {row["what"]: float(row["ms"]) for row in csv.DictReader(done.stdout.splitlines())}
        load = read_loads(loads)
        print("what,ms,original_ms,ratio,equal")
        for what, (groups, nodes) in WAYS.items():
            took = []
            for _ in range(TURNS):
                begin = time.process_time()
                placed = rebalance(load, SLOTS, groups, nodes, DEVICES)[0]
                took.append((time.process_time() - begin) * 1e3)
            equal = int((placed == ours(moesim, loads, groups, nodes)).all(dim=1).sum())
            theirs = statistics.median(took)
            print(f"{what},{own[what]:.4g},{theirs:.4g},{theirs / own[what]:.0f},{equal} of {len(load)} layers")


main()
