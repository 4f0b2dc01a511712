#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Times single operations of Sluice and of PyTorch in turn, several rounds, and prints least times, medians and their ratios.

Forward passes in f32 on the CPU, on tensors of 1 KiB to 256 MiB, and products of matrices: the cases of tests/cases/peers.cpp.
PyTorch is as it is shipped, with nothing but the number of threads set, and without autograd. Ratios above 1: Sluice is faster. On
a machine that others use, the least times say more.

  apps/bench/peers/ops.py --rounds 3 --markdown ops.md
"""
import argparse
import json
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

import torch

ROOT = Path(__file__).resolve().parents[3]
ROWS = {"1KiB": 1, "1MiB": 1024, "16MiB": 16384, "256MiB": 262144}


def matrices(count, rows, columns=256):
    return [torch.rand(rows, columns) * 2 - 1 for _ in range(count)]


def cases():
    """What is called, and what makes its inputs, by the names that sluice-bench-kernels has."""
    for size, rows in ROWS.items():
        one, two = (lambda n=rows: matrices(1, n)), (lambda n=rows: matrices(2, n))
        yield f"add_peer_{size}", torch.add, two
        yield f"gelu_peer_{size}", torch.nn.functional.gelu, one
        yield f"sum_peer_rows_{size}", lambda x: x.sum(1), one
        yield f"sum_peer_columns_{size}", lambda x: x.sum(0), one
        yield f"transpose_peer_{size}", lambda x: x.t().contiguous(), one
    for n in (64, 512, 2048):
        yield f"matmul_peer_{n}", torch.matmul, lambda n=n: matrices(2, n, n)


def times_of_torch(function, inputs, seconds):
    """Of single calls; calls that take less than 10 microseconds are timed a hundred at a time."""
    def timed(calls):
        start = time.perf_counter()
        for _ in range(calls):
            function(*inputs)
        return (time.perf_counter() - start) / calls

    timed(3)
    calls = 100 if timed(1) < 1e-5 else 1
    times, end = [], time.perf_counter() + seconds
    while len(times) < 5 or time.perf_counter() < end:
        times.append(timed(calls))
    return min(times), statistics.median(times)


def times_of_sluice(program, threads, seconds, filter_text):
    with tempfile.NamedTemporaryFile(suffix=".json") as report:
        subprocess.run([program, "--filter", filter_text, "--dtype", "f32", "--threads", str(threads), "--seconds", str(seconds),
                        "--json", report.name], check=True, stdout=subprocess.DEVNULL)
        results = json.loads(Path(report.name).read_text())["results"]
    return {f"{r['op']}_{r['case']}": (r["minimum_seconds"], r["median_seconds"]) for r in results if r["pass"] == "forward"}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", default=ROOT / "build/cpu/bin/sluice-bench-kernels")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=0.2, help="least time spent on a case in a round")
    parser.add_argument("--only", default="", help="part of the names")
    parser.add_argument("--markdown", help="also write the table to this file")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.set_grad_enabled(False)
    ours, theirs = {}, {}
    for _ in range(options.rounds):
        for name, function, make in cases():
            if options.only not in name:
                continue
            # Each case in turn, so that both meet the same disturbances.
            found = times_of_sluice(options.program, options.threads, options.seconds, f"^{name}/f32/forward")
            ours.setdefault(name, []).append(found[name])
            theirs.setdefault(name, []).append(times_of_torch(function, make(), options.seconds))
    lines = [f"| forward, f32, {options.threads} threads | Sluice: least, median | PyTorch {torch.__version__} | ratio: of least, of medians |",
             "|---|---|---|---|"]
    for name in ours:
        least, median = zip(*((min(least for least, _ in times), statistics.median(median for _, median in times))
                              for times in (ours[name], theirs[name])))
        a, b = ([f"{1e3 * time[side]:.4f}" for time in (least, median)] for side in (0, 1))
        lines.append(f"| {name.replace('_peer', '')} | {', '.join(a)} ms | {', '.join(b)} ms | "
                     f"{least[1] / least[0]:.2f}, {median[1] / median[0]:.2f} |")
    print("\n".join(lines))
    if options.markdown:
        Path(options.markdown).write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
