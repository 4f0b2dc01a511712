#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Every operation that core/ops and core/make.h declare stands in docs/operations.md, and no other does: exit 1 and a line each."""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
RESULT = r"(?:inline )?(?:Variable|Tensor|TopK|FloodedRows|RelaxedLoss|FloodedCrossEntropy|std::vector<Variable>)"
# Parts of other operations and of optimizers, not for users.
PRIVATE = {"ascent_rate", "batch_norm_with_tail", "clip_factor", "gradient_norm"}

headers = [*(p for p in ROOT.glob("core/ops/**/*.h") if p.parent.name != "detail"), ROOT / "core/make.h"]
declared = {name for header in headers
            for name in re.findall(rf"^{RESULT} +([a-z_0-9]+)\(", header.read_text(encoding="utf-8"), re.MULTILINE)} - PRIVATE
page = (ROOT / "docs/operations.md").read_text(encoding="utf-8")
rows = [line.split("|")[1] for line in page.splitlines() if line.startswith("|")]
making = page.split("Tensors without a gradient")[1].split("(namespace")[0]
listed = set(re.findall(r"`([a-z_0-9]+)`", " ".join([*rows, making])))
for name in sorted(declared - listed):
    print(f"docs/operations.md: {name} is missing")
for name in sorted(listed - declared):
    print(f"docs/operations.md: there is no operation {name}")
sys.exit(declared != listed)
