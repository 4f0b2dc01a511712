#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The kernels of kernels/cuda: which tests run them, and how their accesses use memory, as the emulator sees it.

  kernel_table.py check LAUNCHES             fails where a kernel was run by no test of the device
  kernel_table.py write LAUNCHES TRACE...    writes the table of docs/kernels.md; what its last column says stays. Fails
                                             where a kernel is far from its ideal and nothing there says why
  kernel_table.py instances LAUNCHES         lists the instances of the kernels' templates that no test ran

LAUNCHES is what tests of build/emulated-checked left with SLUICE_EMULATOR_LAUNCHES=LAUNCHES (.ci/run: build/launches.tsv),
TRACE what a program of that build printed with SLUICE_EMULATOR_TRACE=1."""
import collections
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
PROGRAMS = ROOT / "build/emulated-checked/bin"
SOURCES = ROOT / "kernels/cuda"
PAGE = ROOT / "docs/kernels.md"

HEAD = "| file | launch, kernel | tests | sectors | wavefronts | why |"
RULE = "|---|---|---|---|---|---|"
MOST_OFF = 1.25
Launch = collections.namedtuple("Launch", "kernel instance name test")


def kernels():
    """The file of each __global__ function."""
    found = {}
    for path in sorted(SOURCES.glob("*.h")) + sorted(SOURCES.glob("*.cu")):
        for match in re.finditer(r"__global__\s[^;{]*?\b(\w+_kernel)\(", path.read_text(encoding="utf-8")):
            found[match[1]] = path.name
    return found


def symbols(program):
    """The kernels in a program, by address: name, and name with the template's arguments."""
    found = {}
    listing = subprocess.run(["nm", "-C", program], check=True, capture_output=True, text=True).stdout
    for line in listing.splitlines():
        name = line[19:].replace("sluice::kernels::cuda::", "").replace("(anonymous namespace)::", "").replace("sluice::", "")
        match = re.match(r"(?:void )?(\w+_kernel)[<(]", name)
        if line[17:18] in "tTwW" and match and "::{lambda" not in name:
            found[int(line[:16], 16)] = (match[1], name.removeprefix("void "))
    return found


def launches(path):
    tables = {}
    for line in pathlib.Path(path).read_text(encoding="utf-8").splitlines():
        address, name, _, command = line.split("\t")
        program = pathlib.Path(command.split()[0]).name
        if program not in tables:
            tables[program] = symbols(PROGRAMS / program)
        if (symbol := tables[program].get(int(address, 16))) is not None:
            yield Launch(*symbol, name, test_of(command))


def test_of(command):
    """The program, and of a test of GoogleTest its name without the instance's and the parameter's."""
    words = command.split()
    for word in words:
        if word.startswith("--gtest_filter="):
            suite, _, test = word.split("=", 1)[1].partition(".")
            return f"{pathlib.Path(words[0]).name} {suite.split('/')[-1]}.{test.split('/')[0]}", test
    return pathlib.Path(words[0]).name, ""


def check(ran):
    known = kernels()
    missing = sorted(set(known) - {launch.kernel for launch in ran})
    for kernel in missing:
        print(f"{known[kernel]}: {kernel} is run by no test of the CUDA device", file=sys.stderr)
    print(f"kernels: {len(known) - len(missing)} of {len(known)} run by tests, in {len({l.instance for l in ran})} instances")
    return not missing


def instances(ran):
    here = {name for program in PROGRAMS.iterdir() for kernel, name in symbols(program).values() if kernel in kernels()}
    print("\n".join(sorted(here - {launch.instance for launch in ran})))
    return True


def traced(paths):
    """Of each launch: its accesses to shared and to global memory, as sums of what they cost and of the least they could."""
    sums = collections.defaultdict(lambda: {"global": [0, 0], "shared": [0, 0]})
    pattern = re.compile(r"(\w+) +\S+ (global|shared) (?:read|write) +(\d+) +[\d.]+ +([\d.]+) +([\d.]+)(?: +<--)?$")
    for path in paths:
        for line in pathlib.Path(path).read_text(encoding="utf-8").splitlines():
            if match := pattern.match(line):
                cost, ideal = sums[match[1]][match[2]], float(match[5])
                cost[0] += int(match[3]) * float(match[4])
                cost[1] += int(match[3]) * ideal
    return sums


def times(sums):
    return f"{sums[0] / sums[1]:.2f}" if sums[1] else "–"


def write(ran, paths):
    known, sums = kernels(), traced(paths)
    before, _, old = PAGE.read_text(encoding="utf-8").partition(HEAD)
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in old.splitlines() if line.startswith("|")]
    why = {row[1]: row[-1] for row in cells}
    tests = collections.defaultdict(lambda: collections.defaultdict(set))
    for launch in ran:
        tests[known[launch.kernel], launch.kernel, launch.name][launch.test[0]].add(launch.test[1])
    rows, explained = [], True
    for (file, kernel, name), found in sorted(tests.items()):
        who = f"`{name}` {kernel.removesuffix('_kernel').replace(name, '') and kernel}".strip()
        ratios = [times(sums[name][space]) if name in sums else "not traced" for space in ("global", "shared")]
        if any(ratio[0].isdigit() and float(ratio) > MOST_OFF for ratio in ratios) and not why.get(who):
            print(f"{who}: sectors {ratios[0]}, wavefronts {ratios[1]} times the ideal, and nothing says why", file=sys.stderr)
            explained = False
        by = ", ".join(f"{test} ({len(parameters)})" if len(parameters) > 1 else test for test, parameters in sorted(found.items()))
        rows.append(f"| {file} | {who} | {by} | {ratios[0]} | {ratios[1]} | {why.get(who, '')} |")
    PAGE.write_text(before + HEAD + "\n" + RULE + "\n" + "\n".join(rows) + "\n", encoding="utf-8")
    print(f"{PAGE.relative_to(ROOT)}: {len(rows)} rows")
    return explained


def main():
    if len(sys.argv) < 3 or sys.argv[1] not in ("check", "write", "instances"):
        sys.exit(__doc__)
    ran = [launch for launch in launches(sys.argv[2]) if launch.kernel in kernels()]
    todo = {"check": check, "instances": instances, "write": lambda r: check(r) & write(r, sys.argv[3:])}[sys.argv[1]]
    sys.exit(0 if todo(ran) else 1)


if __name__ == "__main__":
    main()
