#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Times training steps of Sluice and of PyTorch in turn, several rounds, and prints the ratios of the medians.

PyTorch runs twice: "shipped", with nothing but the number of threads set, in its better layout; and "tuned", with
channels_last, its AVX-512 kernels, a malloc that keeps its memory, pinned threads and, for the MLPs, the best of two
threads, one thread and OpenBLAS on OpenMP. Sluice is held against "shipped" as it is, against "tuned" with pinned threads.
Small networks are also trained as a study trains them, "at once": a process of one thread for each processor, both sides
alike; times are then those of one step of the whole machine, the median over the number of processes.
Ratios above 1: Sluice is faster. "alone" is cpu/wall of ours and theirs: both near the number of threads, or the machine
was disturbed; "others" is how many processors everything else kept busy.

  apps/bench/peers/compare.py                            all seven cases (about ten minutes on two cores)
  apps/bench/peers/compare.py --cases resnet20:bf16:128 --rounds 5 --json compare.json --markdown compare.md
"""
import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]
DEFAULT_CASES = [
    "resnet20:fp32:128",
    "resnet20:bf16:128",
    "resnet18:fp32:128",
    "resnet18:bf16:128",
    "mlp:fp32:256",
    "mlp_paper:fp32:200",
    "mlp_paper:fp32:100",
]
STEPS = {"resnet20": 20, "resnet18": 6, "mlp": 60, "mlp_paper": 300}
WARMUP = {"resnet20": 5, "resnet18": 3, "mlp": 10, "mlp_paper": 30}
KEEP_MEMORY = {
    "MALLOC_MMAP_THRESHOLD_": "8589934592",
    "MALLOC_TRIM_THRESHOLD_": "8589934592",
    "MALLOC_TOP_PAD_": "268435456",
}
OPENBLAS_ON_OPENMP = Path(f"/usr/lib/{platform.machine()}-linux-gnu/openblas-openmp")


class Variant:
    """One way to run one side: a command's further arguments and environment, how many of it run at once, and the times it
    gathered."""

    def __init__(self, name, side, arguments=(), environment=None, copies=1):
        self.name, self.side, self.copies = name, side, copies
        self.arguments, self.environment = list(arguments), environment or {}
        self.reports = []

    def seconds(self):
        return [second / self.copies for report in self.reports for second in report["step_seconds"]]

    def median(self):
        return statistics.median(self.seconds())

    def minimum(self):
        return min(self.seconds())

    def load(self, key):
        return statistics.mean(report["load"][key] for report in self.reports)

    def cpu_per_wall(self):
        return self.copies * self.load("cpu_per_wall")

    def others_per_wall(self):
        return max(0, self.load("others_per_wall") - (self.copies - 1) * self.load("cpu_per_wall"))

    def peak_mib(self):
        return self.copies * max(report["peak_resident_bytes"] for report in self.reports) / 2**20

    def summary(self):
        return {
            "name": self.name,
            "copies": self.copies,
            "arguments": self.arguments,
            "environment": self.environment,
            "median_ms": self.median() * 1e3,
            "minimum_ms": self.minimum() * 1e3,
            "round_medians_ms": [report["median_ms"] for report in self.reports],
            "peak_resident_mib": self.peak_mib(),
            "cpu_per_wall": self.cpu_per_wall(),
            "others_per_wall": self.others_per_wall(),
            "reports": self.reports,
        }


def variants_of(model, threads, options):
    processors = sorted(os.sched_getaffinity(0))[:threads]
    pinned = {"GOMP_CPU_AFFINITY": " ".join(map(str, processors))}
    tuned = {**KEEP_MEMORY, **pinned}
    if "avx512f" in Path("/proc/cpuinfo").read_text(encoding="utf-8"):
        tuned["ATEN_CPU_CAPABILITY"] = "avx512"
    with_threads = ["--threads", str(threads)]
    variants = [
        Variant("ours", "ours", with_threads),
        Variant("ours, pinned", "ours pinned", with_threads, pinned),
    ]
    if "shipped" in options.peers:
        layouts = ["nhwc"] if model.startswith("mlp") else ["nchw", "nhwc"]
        for layout in layouts:
            variants.append(Variant(layout, "shipped", [*with_threads, "--layout", layout]))
    if "tuned" in options.peers:
        variants.append(Variant("nhwc", "tuned", [*with_threads, "--layout", "nhwc"], tuned))
        if model.startswith("mlp"):
            variants.append(Variant("1 thread", "tuned", ["--threads", "1"], tuned))
            if OPENBLAS_ON_OPENMP.is_dir():
                environment = {**tuned, "LD_LIBRARY_PATH": str(OPENBLAS_ON_OPENMP)}
                variants.append(Variant("openblas-openmp", "tuned", with_threads, environment))
    if model == "mlp_paper" and threads > 1:
        single = ["--threads", "1"]
        variants.append(Variant("ours", "ours at once", single, copies=threads))
        unpinned = {key: value for key, value in tuned.items() if key != "GOMP_CPU_AFFINITY"}
        for name, environment in [("shipped", {}), ("tuned", unpinned)]:
            if name in options.peers:
                variants.append(Variant(name, "at once", single, environment, copies=threads))
    return variants


def in_own_session(nice):
    """Own autogroup: nice values protect only within one."""
    os.setsid()
    if nice is not None:
        Path("/proc/self/autogroup").write_text(str(nice), encoding="ascii")


def run(variant, case, options):
    model, precision, batch = case
    steps = options.steps or STEPS.get(model, 20)
    warmup = options.warmup if options.warmup is not None else WARMUP.get(model, 5)
    ours = variant.side.startswith("ours")
    command = [str(options.program)] if ours else [options.python, str(HERE / "torch_train.py")]
    command += ["--model", model, "--precision", precision, "--batch-size", str(batch)]
    command += ["--steps", str(steps), "--warmup", str(warmup), "--flood-level", str(options.flood_level)]
    with tempfile.TemporaryDirectory() as folder:
        reports = [Path(folder) / f"report{copy}.json" for copy in range(variant.copies)]
        processes = [
            subprocess.Popen(
                [*command, *variant.arguments, "--json", str(report)],
                env={**os.environ, **variant.environment},
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                preexec_fn=lambda: in_own_session(options.autogroup_nice),
            )
            for report in reports
        ]
        outputs = [process.communicate()[0] for process in processes]
        for process, output in zip(processes, outputs):
            if process.returncode != 0:
                sys.exit(f"compare.py: {' '.join(command)} failed with {process.returncode}:\n{output}")
        variant.reports += [json.loads(report.read_text(encoding="utf-8")) for report in reports]
    last = variant.reports[-1]
    if not ours and "/blas/libblas" in last["blas"]:
        sys.exit("compare.py: PyTorch runs on the reference BLAS, which is no fair peer: apt-get install libopenblas0")
    print(
        f"{model} {precision} {batch}: {variant.side} ({variant.name}) {last['median_ms']:.1f} ms"
        f" (min {last['minimum_ms']:.1f}), cpu/wall {last['load']['cpu_per_wall']:.2f},"
        f" others {last['load']['others_per_wall']:.2f}",
        file=sys.stderr,
    )


def best(variants, side):
    candidates = [variant for variant in variants if variant.side == side]
    return min(candidates, key=Variant.median) if candidates else None


def compare(case, options):
    model, precision, batch = case
    threads = options.threads or len(os.sched_getaffinity(0))
    variants = variants_of(model, threads, options)
    for _ in range(options.rounds):
        for variant in variants:
            run(variant, case, options)
    sizes = {report["parameters"] for variant in variants for report in variant.reports}
    if len(sizes) != 1:
        sys.exit(f"compare.py: {model} is not the same model on both sides: {sizes} parameters")
    comparisons = []
    for side, ours_side in (("shipped", "ours"), ("tuned", "ours pinned"), ("at once", "ours at once")):
        ours, theirs = best(variants, ours_side), best(variants, side)
        if ours is None or theirs is None:
            continue
        comparisons.append(
            {
                "case": f"{model} {precision} b{batch}",
                "against": f"{side} ({theirs.name})",
                "threads": threads,
                "ours_median_ms": ours.median() * 1e3,
                "ours_minimum_ms": ours.minimum() * 1e3,
                "theirs_median_ms": theirs.median() * 1e3,
                "theirs_minimum_ms": theirs.minimum() * 1e3,
                "ratio_of_medians": theirs.median() / ours.median(),
                "ratio_of_minima": theirs.minimum() / ours.minimum(),
                "ours_images_per_second": batch / ours.median(),
                "ours_peak_mib": ours.peak_mib(),
                "theirs_peak_mib": theirs.peak_mib(),
                "ours_cpu_per_wall": ours.cpu_per_wall(),
                "theirs_cpu_per_wall": theirs.cpu_per_wall(),
                "others_per_wall": max(ours.others_per_wall(), theirs.others_per_wall()),
            }
        )
    return comparisons, variants


def markdown(rows, settings):
    lines = [
        "| case | PyTorch | ours ms, median (min) | theirs ms, median (min) | ratio of medians (minima) |"
        " peak MiB, ours / theirs | alone | others |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        lines.append(
            f"| {row['case']} | {row['against']} | {row['ours_median_ms']:.1f} ({row['ours_minimum_ms']:.1f})"
            f" | {row['theirs_median_ms']:.1f} ({row['theirs_minimum_ms']:.1f})"
            f" | **{row['ratio_of_medians']:.2f}** ({row['ratio_of_minima']:.2f})"
            f" | {row['ours_peak_mib']:.0f} / {row['theirs_peak_mib']:.0f}"
            f" | {row['ours_cpu_per_wall']:.2f} / {row['theirs_cpu_per_wall']:.2f} | {row['others_per_wall']:.2f} |"
        )
    return "\n".join([*lines, "", *(f"- {key}: {value}" for key, value in settings.items())]) + "\n"


def parse_case(text):
    parts = text.split(":")
    if len(parts) != 3 or parts[1] not in ("fp32", "bf16") or not parts[2].isdigit():
        raise argparse.ArgumentTypeError(f"expects MODEL:fp32|bf16:BATCH, got {text}")
    return parts[0], parts[1], int(parts[2])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", nargs="+", type=parse_case, default=[parse_case(case) for case in DEFAULT_CASES],
                        metavar="MODEL:PRECISION:BATCH")
    parser.add_argument("--peers", nargs="+", choices=("shipped", "tuned"), default=["shipped", "tuned"])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=0, help="timed steps a run; 0: by model")
    parser.add_argument("--warmup", type=int, help="untimed steps a run; default: by model")
    parser.add_argument("--threads", type=int, default=0, help="0: every processor that this process may use")
    parser.add_argument("--flood-level", type=float, default=0.0)
    parser.add_argument("--program", type=Path, default=ROOT / "build/cpu/bin/sluice-bench-train")
    parser.add_argument("--python", default="/usr/bin/python3", help="the interpreter that has torch")
    parser.add_argument("--autogroup-nice", type=int, help="priority of the runs' process groups, e.g. -20 (needs root)")
    parser.add_argument("--json", type=Path, help="write everything measured to this file")
    parser.add_argument("--markdown", type=Path, help="write the table to this file")
    options = parser.parse_args()
    options.program = options.program.resolve()
    if not options.program.is_file():
        parser.error(f"no program {options.program}; build it or name it with --program")

    rows, details = [], []
    for case in options.cases:
        comparisons, variants = compare(case, options)
        rows += comparisons
        details.append({"case": ":".join(map(str, case)), "variants": [variant.summary() for variant in variants]})
    ours = variants[0].reports[-1]
    reports = [report for case in details for variant in case["variants"] for report in variant["reports"]]
    peers = sorted({f"{report['version']} with {report['blas']}" for report in reports if "blas" in report})
    settings = {
        "sluice": f"{ours['version']}, {ours['machine']['compiler']} {ours['machine']['flags']}",
        "pytorch": "; ".join(peers),
        "machine": f"{ours['machine']['processor']}, {ours['machine']['processors']} processors,"
        f" {ours['threads']} threads, Linux {platform.release()}",
        "tuned": " ".join(f"{key}={value}" for key, value in variants[-1].environment.items()),
        "rounds": f"{options.rounds}, in turn",
    }
    table = markdown(rows, settings)
    print(table, end="")
    if options.markdown:
        options.markdown.write_text(table, encoding="utf-8")
    if options.json:
        text = json.dumps({"settings": settings, "comparisons": rows, "cases": details}, indent=2)
        options.json.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
