#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# install_test.sh BUILD_DIR CONSUMER_DIR EXAMPLE_DIR SOURCE_DIR: Sluice in other people's projects, which have folders named
# as Sluice's are. The build is installed and moved: its programs start; a project finds it by CMake, in C++20 and C++23,
# and by pkg-config. As a subproject it is a static library alone, and that one installed links too.
set -euo pipefail
build=$1 consumer=$2 example=$3 source=$4
export OMP_NUM_THREADS=1 # small networks; and other tests run beside this one
# A clone in another folder compiles the same things: let it find them in the compiler cache.
export CCACHE_BASEDIR=$source CCACHE_NOHASHDIR=true
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
fail() { echo "install_test: $*" >&2; exit 1; }

# project SOURCE BUILD TARGET OPTION...: configures and builds; the output where it fails.
project() {
  local from=$1 to=$2 target=$3
  shift 3
  cmake -S "$from" -B "$to" -G Ninja -DCMAKE_BUILD_TYPE=Release "$@" >"$work/log" 2>&1 &&
    cmake --build "$to" --target "$target" >>"$work/log" 2>&1 || { cat "$work/log"; fail "$from does not build"; }
}

cmake --install "$build" --prefix "$work/prefix" >/dev/null
moved="$work/another place"
mv "$work/prefix" "$moved"
"$moved/bin/sluice-train" --version >/dev/null || fail "a moved program does not start"
if grep -rlE "$work/prefix|$build" "$moved"/lib*/cmake "$moved"/lib*/*/cmake "$moved"/lib*/pkgconfig "$moved"/lib*/*/pkgconfig 2>/dev/null; then
  fail "these files name folders of the machine that built them"
fi

project "$consumer" "$work/consumer" all "-DCMAKE_PREFIX_PATH=$moved"
project "$example" "$work/own_loss" all "-DCMAKE_PREFIX_PATH=$moved" -DCMAKE_CXX_STANDARD=23
cd "$work" && ./consumer/consumer | tee output
grep -qE '^epoch 2: loss [0-9]' output
test -s resnet20.safetensors
[[ $(./consumer/own_folders) == '4 classes' ]] || fail "own_folders says something else"

./own_loss/own_loss | tee losses
# What follows a name in the output.
line() { sed -n "s/^$1 *//p" losses; }
number() { line "$1" | sed "s/.*$2 \([0-9.]*\).*/\1/"; }
[[ -n $(line flood) && $(line 'ascent 1') == "$(line flood)" ]] || fail "its flooding at an ascent of 1 is not ours"
[[ $(line 'ascent 0') != "$(line flood)" && $(line plain) != "$(line flood)" ]] || fail "its losses are all the same"
awk -v plain="$(number plain 'test loss')" -v flood="$(number flood 'test loss')" 'BEGIN { exit !(flood < 0.8 * plain) }' ||
  fail "flooding does not lower the test loss"

if command -v pkg-config >/dev/null; then
  PKG_CONFIG_PATH=$(dirname "$(find "$moved" -name sluice.pc)")
  export PKG_CONFIG_PATH
  pkg-config --exists sluice || fail "pkg-config does not find it"
  eval "${CXX:-c++} -std=c++20 '$consumer/own_folders.cpp' -I'$consumer/own' $(pkg-config --cflags --libs sluice) -Wl,-rpath,'${PKG_CONFIG_PATH%/pkgconfig}' -o by_pkg_config"
  [[ $(./by_pkg_config) == '4 classes' ]] || fail "built by pkg-config it says something else"
fi

# This one stays in the build folder, so that a library that has not changed is not compiled again; unoptimised, since
# what it is asked here is small.
sub=$build/install_test/subproject
project "$consumer" "$sub" own_folders -DCMAKE_BUILD_TYPE=Debug "-DSLUICE_SOURCE=$source" -DSLUICE_INSTALL=OFF \
  "-DCMAKE_CXX_COMPILER_LAUNCHER=$(command -v ccache || true)"
[[ $("$sub/own_folders") == '4 classes' ]] || fail "as a subproject it says something else"
[[ $(ctest --test-dir "$sub" -N | tail -n 1) == 'Total Tests: 0' ]] || fail "as a subproject it brings tests"
! grep -q '^BUILD_SHARED_LIBS' "$sub/CMakeCache.txt" || fail "as a subproject it sets BUILD_SHARED_LIBS"
! grep -q 'sluice-train' "$sub/build.ninja" || fail "as a subproject it brings programs"
! grep -A 12 'own_folders.dir/own_folders.cpp.o:' "$sub/build.ninja" | grep -qE -e '-march|-Wall|-fopenmp' ||
  fail "its compiler flags reach those who link it"
cmake --install "$sub" --prefix "$work/nothing" >/dev/null
[[ ! -e $work/nothing ]] || fail "as a subproject it has install rules"

cmake -S "$consumer" -B "$sub" -DSLUICE_INSTALL=ON >"$work/log" 2>&1 && cmake --install "$sub" --prefix "$work/static" >>"$work/log" 2>&1 || { cat "$work/log"; exit 1; }
for compiler in "${CXX:-c++}" clang++-16; do
  command -v "$compiler" >/dev/null || continue
  project "$consumer" "$work/static_$compiler" own_folders "-DCMAKE_PREFIX_PATH=$work/static" "-DCMAKE_CXX_COMPILER=$compiler"
  [[ $("$work/static_$compiler/own_folders") == '4 classes' ]] || fail "linked statically by $compiler it says something else"
done
