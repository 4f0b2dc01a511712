#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What scripts/gpu_check.sh found, in one JSON file and one Markdown table.

  gpu_report.py losses DIR   compares the losses of the short training runs; exits with 1 where they differ
  gpu_report.py report DIR   writes DIR/report.json and DIR/report.md"""
import csv
import datetime
import json
import pathlib
import sys

# Of a mean loss near 2.3 over a few steps: sums of another order; factors of 10 bits; activations of 8 bits.
TOLERANCE = {"fp32": 2e-3, "tf32": 1e-2, "bf16": 2e-2}


def loss_of(folder):
    with open(folder / "metrics.csv", encoding="utf-8") as file:
        return float(list(csv.DictReader(file))[-1]["train_loss"])


def losses(out):
    found = {}
    for precision, tolerance in TOLERANCE.items():
        reference = "fp32" if precision == "tf32" else precision
        device, cpu = loss_of(out / f"train_cuda_{precision}"), loss_of(out / f"train_cpu_{reference}")
        found[precision] = {"device": device, "cpu": cpu, "tolerance": tolerance, "agrees": abs(device - cpu) <= tolerance}
    return found


def read(path):
    return json.loads(path.read_text(encoding="utf-8"))


def step_rows(out):
    """One row a model and batch: ours by engine, PyTorch's by mode."""
    rows = {}
    for path in sorted(out.glob("steps_*.json")) + sorted(out.glob("peers_*.json")):
        kind, model, batch, how = path.stem.split("_")[0], *path.stem.split("_", 1)[1].rsplit("_", 2)
        rows.setdefault((model, int(batch)), {})[f"{kind}_{how}"] = read(path)
    return rows


def table(rows):
    columns = ["steps_native", "steps_auto", "peers_off", "peers_max-autotune"]
    lines = ["| model | batch | precision | ours, native ms | ours, auto ms | PyTorch eager ms | PyTorch compiled ms | compiled / ours |",
             "|---|---|---|---|---|---|---|---|"]
    for (model, batch), found in sorted(rows.items()):
        times = [f"{found[c]['median_ms']:.3f}" if c in found else "" for c in columns]
        ours = min((found[c]["median_ms"] for c in columns[:2] if c in found), default=None)
        peer = found.get("peers_max-autotune")
        ratio = f"{peer['median_ms'] / ours:.2f}" if peer and ours else ""
        lines.append(f"| {model} | {batch} | {next(iter(found.values()))['precision']} | " + " | ".join(times) + f" | {ratio} |")
    return "\n".join(lines) + "\n"


def kernel_table(results):
    lines = ["| operation | type | pass | median us | spread | of | share of the ceiling | cuDNN or cuBLAS / ours |", "|---|---|---|---|---|---|---|---|"]
    for row in results:
        ratio = row.get("vendor_over_native")
        lines.append(f"| {row['op']}_{row['case']} | {row['dtype']} | {row['pass']} | {row['median_seconds'] * 1e6:.2f} | {row['spread'] * 100:.0f} % | "
                     f"{row['bound']} | {row['share_of_ceiling'] * 100:.0f} % | {f'{ratio:.2f}' if ratio else ''} |")
    return "\n".join(lines) + "\n"


def report(out):
    found = {"date": datetime.date.today().isoformat(), "parts": {p.stem: p.read_text().strip() for p in sorted(out.glob("*.done"))}}
    text = f"{found['date']}: " + ", ".join(f"{part} {state}" for part, state in found["parts"].items()) + "\n"
    try:
        found["losses"] = losses(out)
        text += "\n| precision | loss on the device | on the CPU | tolerance |\n|---|---|---|---|\n"
        text += "".join(f"| {p} | {l['device']:.5f} | {l['cpu']:.5f} | {l['tolerance']} |\n" for p, l in found["losses"].items())
    except (OSError, IndexError):
        pass
    rows = step_rows(out)
    if rows:
        found["steps"] = [{"model": model, "batch": batch, **runs} for (model, batch), runs in rows.items()]
        text += "\n" + table(rows)
    if (out / "kernels.json").exists():
        found["kernels"] = read(out / "kernels.json")
        text += "\n" + kernel_table(found["kernels"]["results"])
    (out / "report.json").write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    (out / "report.md").write_text(text, encoding="utf-8")
    print(f"{out / 'report.json'} and {out / 'report.md'} are written")


def main():
    if len(sys.argv) != 3 or sys.argv[1] not in ("losses", "report"):
        sys.exit(__doc__)
    out = pathlib.Path(sys.argv[2])
    if sys.argv[1] == "report":
        return report(out)
    found = losses(out)
    for precision, loss in found.items():
        print(f"{precision}: {loss['device']:.6f} on the device, {loss['cpu']:.6f} on the cpu, tolerance {loss['tolerance']}")
    sys.exit(not all(loss["agrees"] for loss in found.values()))


if __name__ == "__main__":
    main()
