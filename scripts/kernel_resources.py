#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What the compiler gave each kernel, read from the objects of build/cuda: registers, bytes of static shared memory, and
bytes of stack, where what is spilled lies. kernels/cuda/resources.csv keeps it.

  kernel_resources.py [BUILD]           writes the table
  kernel_resources.py --check [BUILD]   compares: exit 1 where a kernel has more stack than it had, more than 8 registers
                                        more, or is not in the table; 77 where the table is of another nvcc"""
import csv
import ctypes
import pathlib
import re
import struct
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
TABLE = ROOT / "kernels/cuda/resources.csv"
COLUMNS = ["kernel", "architecture", "registers", "shared_bytes", "stack_bytes"]
MOST_MORE_REGISTERS = 8
# The attributes of a kernel that a cubin's section .nv.info lists.
FRAME_SIZE, REGISTER_COUNT = 0x11, 0x2F
FATBIN, ELF_IMAGE, NO_BITS = 0xBA55ED50, 2, 8
ZSTANDARD = b"\x28\xb5\x2f\xfd"


def sections(elf):
    """Of a 64-bit ELF file: each section's bytes and size."""
    start, = struct.unpack_from("<Q", elf, 0x28)
    entry, count, names = struct.unpack_from("<HHH", elf, 0x3A)
    headers = [struct.unpack_from("<IIQQQQ", elf, start + i * entry) for i in range(count)]
    found = {}
    for name, kind, _, _, offset, size in headers:
        begin = headers[names][4] + name
        found[elf[begin:elf.index(b"\0", begin)].decode()] = (b"" if kind == NO_BITS else elf[offset:offset + size], size)
    return found


def image(header, payload):
    """The ELF file of a fatbin's entry, which nvcc compresses (Zstandard) where it is large."""
    if not payload.startswith(ZSTANDARD):
        return payload
    compressed, = struct.unpack_from("<I", header, 16)
    size, = struct.unpack_from("<Q", header, 56)
    elf = ctypes.create_string_buffer(size)
    library = ctypes.CDLL("libzstd.so.1")
    library.ZSTD_decompress.restype = ctypes.c_size_t
    found = library.ZSTD_decompress(elf, ctypes.c_size_t(size), payload, ctypes.c_size_t(compressed))
    if found != size:
        raise ValueError(f"an entry of {size} bytes does not decompress")
    return elf.raw


def cubins(path):
    """The device code in an object file: architecture and ELF file of each."""
    fatbin, size = sections(path.read_bytes()).get(".nv_fatbin", (b"", 0))
    at = 0
    while at < size and struct.unpack_from("<I", fatbin, at)[0] == FATBIN:
        _, _, header, length = struct.unpack_from("<IHHQ", fatbin, at)
        end = at + header + length
        at += header
        while at < end:
            kind, _, header, length = struct.unpack_from("<HHIQ", fatbin, at)
            if kind == ELF_IMAGE:
                yield struct.unpack_from("<I", fatbin, at + 28)[0], image(fatbin[at:at + header], fatbin[at + header:at + header + length])
            at += header + length
        at += -at % 8


def kernels(cubin):
    """Mangled name, registers, shared memory and stack of each kernel."""
    parts = sections(cubin)
    symbols, names, info = (parts[name][0] for name in (".symtab", ".strtab", ".nv.info"))
    values = {FRAME_SIZE: {}, REGISTER_COUNT: {}}
    at = 0
    while at < len(info):
        form, attribute, length = struct.unpack_from("<BBH", info, at)
        if attribute in values:
            symbol, value = struct.unpack_from("<II", info, at + 4)
            begin = struct.unpack_from("<I", symbols, 24 * symbol)[0]
            values[attribute][names[begin:names.index(b"\0", begin)].decode()] = value
        at += 4 + (length if form == 4 else 0)
    for name, registers in values[REGISTER_COUNT].items():
        if ".text." + name in parts:
            yield name, registers, parts.get(".nv.shared." + name, (b"", 0))[1], values[FRAME_SIZE].get(name, 0)


def readable(names):
    """Without return type, namespaces and parameters."""
    for name in subprocess.run(["c++filt"], input="\n".join(names), check=True, capture_output=True, text=True).stdout.splitlines():
        name = re.sub(r"^void |\(anonymous namespace\)::|sluice::(kernels::)?(cuda::)?", "", name)
        name = re.sub(r"\((?:[A-Za-z0-9]+::)?[A-Za-z0-9]+\)(\d+)", r"\1", name)
        yield re.sub(r"^([a-z0-9_]+(<.*>)?)\(.*\)$", r"\1", name)


def compiled(build):
    rows = []
    for path in sorted((build / "CMakeFiles/sluice.dir/kernels/cuda").glob("*.cu.o")):
        for architecture, cubin in cubins(path):
            # From sm_90 on the section of shared memory holds a KiB of the system's too.
            reserved = 1024 if architecture >= 90 else 0
            rows += [(name, f"sm_{architecture}", registers, max(0, shared - reserved), stack)
                     for name, registers, shared, stack in kernels(cubin)]
    return sorted({(name, *row[1:]) for name, row in zip(readable([row[0] for row in rows]), rows)})


def version(build):
    cache = (build / "CMakeCache.txt").read_text(encoding="utf-8")
    text = subprocess.run([re.search(r"CMAKE_CUDA_COMPILER:\w+=(.*)", cache)[1], "--version"], check=True, capture_output=True, text=True)
    return "# nvcc " + re.search(r"release ([\d.]+)", text.stdout)[1]


def worse(rows):
    lines = TABLE.read_text(encoding="utf-8").splitlines()
    known = {tuple(row[:2]): [int(number) for number in row[2:]] for row in csv.reader(lines[2:])}
    for name, architecture, registers, _, stack in rows:
        what = f"{name} {architecture}"
        if (name, architecture) not in known:
            yield f"{what} is not in the table: run scripts/kernel_resources.py"
            continue
        before, _, stack_before = known[name, architecture]
        if registers > before + MOST_MORE_REGISTERS:
            yield f"{what} takes {registers} registers, was {before}"
        if stack > stack_before:
            yield f"{what} has {stack} bytes of stack, was {stack_before}"


def main():
    arguments = sys.argv[1:]
    checks = "--check" in arguments
    build = pathlib.Path(([a for a in arguments if a != "--check"] or [ROOT / "build/cuda"])[0])
    rows = compiled(build)
    if not rows:
        sys.exit(f"kernel_resources: no compiled kernels in {build}; build first: scripts/build.sh cuda")
    if not checks:
        lines = [version(build), ",".join(COLUMNS)]
        lines += ['"{}",{},{},{},{}'.format(*row) for row in rows]
        TABLE.write_text("\n".join(lines) + "\n", encoding="utf-8")
        print(f"{TABLE.relative_to(ROOT)}: {len(rows)} rows")
        return
    with TABLE.open(encoding="utf-8") as file:
        of = file.readline().strip()
    if of != version(build):
        print(f"kernel resources: the table is of '{of}', this is '{version(build)}', skipped")
        sys.exit(77)
    if bad := list(worse(rows)):
        sys.exit("\n".join(bad))
    print(f"kernel resources: {len(rows)} rows, none worse than the table's")


if __name__ == "__main__":
    main()
