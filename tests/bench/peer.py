#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# peer.py -- the models of bench.c in PyTorch, run by turns with moesim; prints how many times faster moesim is.
#
# peer.py BENCH [FILE.csv]: BENCH is the built tests/bench/bench.  Needs PyTorch (Debian: python3-torch).
# BENCH_SECONDS (default 5) is the time for each measurement, PEER_TURNS (default 3) the number of turns, of which the
# fastest counts on both sides; BENCH_THREADS, BENCH_SHAPE and BENCH_CLOCK as for bench.
#
# Every measurement is a process of its own, with OpenMP and the BLAS told the number of threads before they start: an
# OpenBLAS with threads of its own would otherwise take both cores in a measurement of one.  Where Debian's
# libopenblas0-openmp is installed PyTorch uses that one, whose threads do not get into the way of its own.
#
# The same model: pre-norm Transformer, RMSNorm, causal attention with rotary positions, experts of two matrices with
# tanh-GELU, raw softmax weights of the top k, untied head; AdamW with clipping, fp32.  Of three ways to write an MoE
# layer the fastest counts:
#   loop    one pass over the experts, index_add_ (as in Hugging Face's Mixtral)
#   bmm     batch products over slots of equal capacity, which here is that of the fullest expert (as in GShard)
#   sorted  tokens sorted by expert, one product for each expert's slice
import csv
import glob
import io
import os
import statistics
import subprocess
import sys
import time

try:
    import torch
    import torch.nn.functional as F
except ImportError:
    sys.exit("make bench-peers needs PyTorch (Debian: apt-get install python3-torch), which is not installed")

# name: layers, width, heads, inner, vocabulary, experts, k, sequences, length
SHAPES = {
    "default": (1, 64, 2, 16, 128, 64, 2, 32, 64),
    "E8 k2 d128": (2, 128, 2, 256, 256, 8, 2, 32, 128),
    "E8 k2 d256": (2, 256, 4, 512, 1024, 8, 2, 32, 128),
    "E64 k8 d256": (2, 256, 4, 512, 1024, 64, 8, 32, 128),
    "E32 k1 d256": (2, 256, 4, 512, 1024, 32, 1, 32, 128),
}


WAYS = ("loop", "bmm", "sorted")
ALLOWANCE = float(os.environ.get("BENCH_SECONDS", "5"))


def now():
    return time.thread_time() if os.environ.get("BENCH_CLOCK") == "cpu" else time.monotonic()


class Norm(torch.nn.Module):
    def __init__(self, width):
        super().__init__()
        self.gain = torch.nn.Parameter(torch.ones(width))

    def forward(self, x):
        return x * torch.rsqrt(x.square().mean(-1, keepdim=True) + 1e-5) * self.gain


class Attention(torch.nn.Module):
    def __init__(self, width, heads, length):
        super().__init__()
        self.heads = heads
        self.into = torch.nn.Linear(width, 3 * width, bias=False)
        self.out = torch.nn.Linear(width, width, bias=False)
        half = width // heads // 2
        angle = torch.outer(torch.arange(length), 10000.0 ** (-torch.arange(half) / half))
        self.cos, self.sin = angle.cos(), angle.sin()
        self.mask = torch.full((length, length), float("-inf")).triu(1)

    def rotate(self, x):
        a, b = x.chunk(2, -1)
        return torch.cat((a * self.cos - b * self.sin, a * self.sin + b * self.cos), -1)

    def forward(self, x):
        s, n, width = x.shape
        q, k, v = self.into(x).view(s, n, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        q, k = self.rotate(q), self.rotate(k)
        scores = q @ k.transpose(-1, -2) * q.shape[-1] ** -0.5 + self.mask
        return self.out((scores.softmax(-1) @ v).transpose(1, 2).reshape(s, n, width))


class Experts(torch.nn.Module):
    def __init__(self, width, inner, experts, k, way):
        super().__init__()
        self.k, self.experts, self.way = k, experts, getattr(self, way)
        self.router = torch.nn.Linear(width, experts, bias=False)
        self.up = torch.nn.Parameter(torch.randn(experts, width, inner) * width**-0.5)
        self.down = torch.nn.Parameter(torch.randn(experts, inner, width) * inner**-0.5)

    def matrices(self):
        # unbind, because every indexing would make a gradient of the whole stack
        return zip(self.up.unbind(), self.down.unbind())

    def loop(self, x, weight, chosen):
        y = torch.zeros_like(x)
        for e, (up, down) in enumerate(self.matrices()):
            token, rank = torch.where(chosen == e)
            if len(token):
                result = F.gelu(x[token] @ up, approximate="tanh") @ down
                y.index_add_(0, token, result * weight[token, rank, None])
        return y

    def order(self, chosen):
        order = chosen.flatten().argsort(stable=True)
        return order, order // self.k, torch.bincount(chosen.flatten(), minlength=self.experts)

    def sorted(self, x, weight, chosen):
        order, token, count = self.order(chosen)
        rows = x[token].split(count.tolist())
        results = [F.gelu(part @ up, approximate="tanh") @ down for part, (up, down) in zip(rows, self.matrices())]
        return torch.zeros_like(x).index_add_(0, token, torch.cat(results) * weight.flatten()[order, None])

    def bmm(self, x, weight, chosen):
        order, token, count = self.order(chosen)
        expert = chosen.flatten()[order]
        slot = torch.arange(len(order)) - (count.cumsum(0) - count)[expert] + expert * int(count.max())
        rows = x.new_zeros(self.experts * int(count.max()), x.shape[1]).index_copy(0, slot, x[token])
        hidden = F.gelu(torch.bmm(rows.view(self.experts, -1, x.shape[1]), self.up), approximate="tanh")
        results = torch.bmm(hidden, self.down).flatten(0, 1)[slot]
        return torch.zeros_like(x).index_add_(0, token, results * weight.flatten()[order, None])

    def forward(self, x):
        rows = x.flatten(0, 1)
        weight, chosen = self.router(rows).softmax(-1).topk(self.k, -1)
        return self.way(rows, weight, chosen).view_as(x)


class Model(torch.nn.Module):
    def __init__(self, layers, width, heads, inner, vocabulary, experts, k, length, way):
        super().__init__()
        self.embed = torch.nn.Embedding(vocabulary, width)
        self.blocks = torch.nn.ModuleList()
        for _ in range(layers):
            self.blocks.append(Norm(width))
            self.blocks.append(Attention(width, heads, length))
            self.blocks.append(Norm(width))
            self.blocks.append(Experts(width, inner, experts, k, way))
        self.norm = Norm(width)
        self.head = torch.nn.Linear(width, vocabulary, bias=False)

    def forward(self, ids):
        x = self.embed(ids)
        for i in range(0, len(self.blocks), 2):
            x = x + self.blocks[i + 1](self.blocks[i](x))
        return self.head(self.norm(x))


class Peer:
    def __init__(self, shape, way):
        layers, width, heads, inner, self.vocabulary, experts, k, self.sequences, self.length = SHAPES[shape]
        torch.manual_seed(1)
        self.model = Model(layers, width, heads, inner, self.vocabulary, experts, k, self.length, way)
        weights = self.model.parameters()
        self.optim = torch.optim.AdamW(weights, lr=1e-3, betas=(0.9, 0.99), weight_decay=0, foreach=True)

    def step(self):
        ids = torch.randint(self.vocabulary, (self.sequences, self.length + 1))
        loss = F.cross_entropy(self.model(ids[:, :-1]).flatten(0, 1), ids[:, 1:].flatten())
        self.optim.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self.optim.step()

    def time(self, allowance):
        for _ in range(3):
            self.step()
        times, began = [], time.monotonic()
        while len(times) < 5 or time.monotonic() - began < allowance:
            since = now()
            self.step()
            times.append(now() - since)
        return statistics.median(times)


def environment(threads):
    env = dict(os.environ, OMP_NUM_THREADS=str(threads), OPENBLAS_NUM_THREADS=str(threads))
    folders = glob.glob("/usr/lib/*/openblas-openmp")
    if folders and "LD_LIBRARY_PATH" not in env:
        env["LD_LIBRARY_PATH"] = folders[0]
    return env


def loaded_blas():
    with open("/proc/self/maps", encoding="utf-8") as maps:
        names = {line.split()[-1] for line in maps if "blas" in line or "blis" in line}
    return " ".join(sorted(names))


def time_of_moesim(bench, shape, threads):
    path = f"bench-peers.{os.getpid()}.csv"
    try:
        env = dict(environment(threads), BENCH_SHAPE=shape, BENCH_THREADS=str(threads))
        subprocess.run([bench, "steps", path], env=env, check=True, stdout=subprocess.DEVNULL)
        with open(path, encoding="utf-8") as file:
            rows = [row for row in csv.DictReader(file) if row["part"] == "whole"]
    finally:
        if os.path.exists(path):
            os.remove(path)
    return {"moesim": float(rows[0]["seconds"])}


def ask_worker(threads, *question):
    answer = subprocess.run(
        [sys.executable, __file__, "worker", str(threads), *question],
        env=environment(threads),
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    return answer.stdout.strip()


def worker(threads, *question):
    torch.set_num_threads(int(threads))
    if not question:
        print(f"PyTorch {torch.__version__} with {loaded_blas()}")
    for shape in question:
        print(*(Peer(shape, way).time(ALLOWANCE) for way in WAYS))


def compare(bench, shape, threads):
    best = dict.fromkeys(("moesim", *WAYS), float("inf"))
    for _ in range(int(os.environ.get("PEER_TURNS", "3"))):
        times = time_of_moesim(bench, shape, threads)
        times.update(zip(WAYS, map(float, ask_worker(threads, shape).split())))
        best = {who: min(best[who], times[who]) for who in best}
    return best


def main(bench, path=None):
    print(ask_worker(1))
    if "OPENBLAS_CORETYPE" in os.environ:
        print("OPENBLAS_CORETYPE is set: OpenBLAS may not use all that this processor can do")
    print("ms a step, medians, the best of the turns")
    print(f"{'shape':14} {'threads':>7} {'moesim':>9} {'loop':>9} {'bmm':>9} {'sorted':>9}   moesim ahead of the best")
    with open(path, "w", encoding="utf-8") if path else io.StringIO() as out:
        print("shape,threads,moesim,loop,bmm,sorted,ratio", file=out)
        for shape in [os.environ["BENCH_SHAPE"]] if "BENCH_SHAPE" in os.environ else SHAPES:
            for threads in map(int, os.environ.get("BENCH_THREADS", "1 2").split()):
                best = compare(bench, shape, threads)
                ratio = min(best[way] for way in WAYS) / best["moesim"]
                times = " ".join(f"{1e3 * seconds:9.3f}" for seconds in best.values())
                print(f"{shape:14} {threads:7} {times}   {ratio:.2f}", flush=True)
                print(shape, threads, *(f"{seconds:.9g}" for seconds in best.values()), f"{ratio:.4g}", sep=",", file=out)


if sys.argv[1] == "worker":
    worker(*sys.argv[2:])
else:
    main(*sys.argv[1:])
