#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The table of docs/operations.md against the code: exit 1 and a line for each fault.

  check_operations.py                            every operation that core/ops and core/make.h declare stands in it, and no other
  check_operations.py OPS_TEST OPS_FIXTURE_TEST  and of every one, these programs check the gradient by finite differences, and
                                                 value and gradient against PyTorch's; prints how many
"""
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
RESULT = r"(?:inline )?(?:Variable|Tensor|TopK|FloodedRows|RelaxedLoss|FloodedCrossEntropy|std::vector<Variable>)"
# Parts of other operations and of optimizers, not for users.
PRIVATE = {"ascent_rate", "batch_norm_with_tail", "clip_factor", "gradient_norm"}
# Results without a gradient: masks, places, levels, and tensors that are made.
WITHOUT_GRADIENT = {"all", "any", "argmax", "argmin", "class_levels", "equal", "flood_sign", "greater", "greater_equal", "less",
                    "less_equal", "logical_and", "logical_not", "logical_or", "logical_xor", "not_equal", "one_hot"}
# What PyTorch has no function for, or draws from another random stream; their tests hold other references.
WITHOUT_COUNTERPART = {"class_levels", "dropout", "dropout_channels", "dropout_paths", "flood_sign"}


def declared_operations():
    headers = [*(p for p in ROOT.glob("core/ops/**/*.h") if p.parent.name != "detail"), ROOT / "core/make.h"]
    return {name for header in headers
            for name in re.findall(rf"^{RESULT} +([a-z_0-9]+)\(", header.read_text(encoding="utf-8"), re.MULTILINE)} - PRIVATE


def listed_operations():
    """Those of the rows of the table, and those that make tensors."""
    page = (ROOT / "docs/operations.md").read_text(encoding="utf-8")
    rows = " ".join(line.split("|")[1] for line in page.splitlines() if line.startswith("|"))
    making = page.split("Tensors without a gradient")[1].split("(namespace")[0]
    return [set(re.findall(r"`([a-z_0-9]+)`", text)) for text in (rows, making)]


def tested(program, test, operations):
    """The operations of which a parameter of that test is a case: its name is theirs, or theirs and a tail."""
    listing = subprocess.run([program, "--gtest_list_tests"], check=True, capture_output=True, text=True).stdout
    names = set(re.findall(rf"^  {test}/(\w+)", listing, re.MULTILINE))
    longest_first = sorted(operations, key=len, reverse=True)
    found = set()
    for name in names:
        found.update([next((op for op in longest_first if name == op or name.startswith(op + "_")), "")])
    return found


def main():
    declared, (rows, making) = declared_operations(), listed_operations()
    faults = [f"{name} is missing" for name in sorted(declared - rows - making)]
    faults += [f"there is no operation {name}" for name in sorted((rows | making) - declared)]
    if len(sys.argv) == 3:
        checked = tested(sys.argv[1], "GradientAgreesWithFiniteDifferences", rows)
        compared = tested(sys.argv[2], "AgreesWithPyTorch", rows)
        faults += [f"{name} has no gradient check in tests/cases" for name in sorted(rows - WITHOUT_GRADIENT - checked)]
        faults += [f"{name} has no fixture in tests/fixtures" for name in sorted(rows - WITHOUT_COUNTERPART - compared)]
        faults += [f"{name} is tested: take it off the list of exceptions"
                   for name in sorted((WITHOUT_GRADIENT & checked) | (WITHOUT_COUNTERPART & compared))]
        print(f"{len(rows)} operations: {len(rows & checked)} with a gradient check ({len(rows & WITHOUT_GRADIENT)} have no gradient), "
              f"{len(rows & compared)} against PyTorch ({len(rows & WITHOUT_COUNTERPART)} have no counterpart)")
    for fault in faults:
        print(f"docs/operations.md: {fault}")
    sys.exit(bool(faults))


if __name__ == "__main__":
    main()
