#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Checks that every #include keeps to scripts/layers.txt: which folders a folder's files may include.

A line of the table is "folder: folders". A folder may include its own files. Exit status 1 names each include that the
table does not allow, and each folder with sources that the table does not name."""

import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
INCLUDE = re.compile(r'\s*#\s*include\s*["<](?:sluice/)?([\w./-]+)[">]')


def read_table(path):
    table = {}
    for line in path.read_text().splitlines():
        line = line.split("#")[0].strip()
        if line:
            folder, allowed = line.split(":")
            table[folder.strip()] = allowed.split()
    return table


def is_allowed(folder, allowed):
    """Whether `folder` is in the list; "tests/..." stands for tests and all folders in it."""
    return any(folder == a or (a.endswith("/...") and (folder + "/").startswith(a[:-3])) for a in allowed)


def main():
    table = read_table(ROOT / "scripts/layers.txt")
    tops = {folder.split("/")[0] for folder in table}
    files = subprocess.run(["git", "ls-files", "-co", "--exclude-standard", "*.h", "*.cpp", "*.cu", "*.cuh"], cwd=ROOT,
                           capture_output=True, text=True, check=True).stdout.split()
    failed = False
    for name in files:
        folder = str(pathlib.PurePosixPath(name).parent)
        if folder.split("/")[0] not in tops or not (ROOT / name).exists():
            continue
        row = next((f for f in table if is_allowed(folder, [f])), None)
        if row is None:
            print(f"{name}: scripts/layers.txt has no line for {folder}")
            failed = True
            continue
        for number, line in enumerate((ROOT / name).read_text().splitlines(), 1):
            match = INCLUDE.match(line)
            if not match or "/" not in match[1]:
                continue
            target = str(pathlib.PurePosixPath(match[1]).parent)
            if target.split("/")[0] in tops and target != folder and not is_allowed(target, table[row]):
                print(f"{name}:{number}: {folder} must not include {match[1]}")
                failed = True
    return 1 if failed else 0


sys.exit(main())
