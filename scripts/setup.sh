#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Installs what is missing to build Sluice; does nothing, quickly, where everything is there.
#   scripts/setup.sh [--tests] [--format] [--fuzz]
#   scripts/setup.sh --user [--tests]     the same without root, into build/deps: packages of Debian or Ubuntu, unpacked; or
#                                         else a Python environment with CMake, Ninja and oneDNN
# CMake is asked what is missing, so whatever it finds counts: the system's packages, those of conda or of environment
# modules (by PATH and CMAKE_PREFIX_PATH). Without root it goes on where only optional parts are missing, and otherwise
# says what to do. Exit codes: 0 ready, 1 installing failed, 2 something required is missing.
set -euo pipefail
user='' tests='' format='' fuzz=''
for argument in "$@"; do
  case $argument in
    --user) user=yes ;;
    --tests) tests=yes ;;
    --format) format=yes ;;
    --fuzz) fuzz=yes ;;
    -h | --help) sed -n '3,10s/^# \{0,1\}//p' "$0"; exit 0 ;;
    *) echo "setup: unknown argument '$argument'; it takes --user, --tests, --format and --fuzz" >&2; exit 2 ;;
  esac
done
cd "$(dirname "$0")/.."
mkdir -p build
log=$PWD/build/setup.log
source scripts/environment.sh

# What can be missing: the package of Debian, and whether building works without it.
declare -A package=([compiler]=g++ [cmake]=cmake [generator]=ninja-build [zlib]=zlib1g-dev [json]=nlohmann-json3-dev
  [OpenMP]=g++ [oneDNN]=libdnnl-dev [CLI11]=libcli11-dev [fmt]=libfmt-dev [GoogleTest]=libgtest-dev [gnuplot]=gnuplot-nox
  [ccache]=ccache [curl]=curl [format]=clang-format [fuzz]="clang-16 libclang-rt-16-dev")
required=" compiler cmake generator zlib json CLI11 fmt ${tests:+GoogleTest }"

# Sets missing: names of that list.
find_missing() {
  missing=()
  command -v "${CXX:-c++}" >/dev/null || missing+=(compiler)
  local cmake_version
  cmake_version=$(cmake --version 2>/dev/null | sed -n '1s/.* //p') || true
  [[ -n $cmake_version && $(printf '%s\n' 3.25 "$cmake_version" | sort -V | head -1) == 3.25 ]] || missing+=(cmake)
  command -v ninja >/dev/null || command -v make >/dev/null || missing+=(generator)
  if ((${#missing[@]} == 0)); then
    local generator=()
    ! command -v ninja >/dev/null || generator=(-G Ninja)
    rm -f build/setup/missing.txt
    cmake -S . -B build/setup "${generator[@]}" >"$log" 2>&1 || [[ -e build/setup/missing.txt ]] ||
      cmake -S . -B build/setup --fresh "${generator[@]}" >"$log" 2>&1 || [[ -e build/setup/missing.txt ]] || {
      tail -n 20 "$log" >&2
      echo "setup: CMake fails; the whole log is $log" >&2
      exit 1
    }
    mapfile -t missing < <(grep . build/setup/missing.txt || true)
  else
    missing+=(zlib json oneDNN CLI11 fmt gnuplot ccache GoogleTest)
  fi
  [[ -n $tests ]] || missing=($(printf '%s\n' "${missing[@]}" | grep -vx GoogleTest || true))
  command -v curl >/dev/null || missing+=(curl)
  [[ -z $format ]] || command -v clang-format >/dev/null || missing+=(format)
  [[ -z $fuzz ]] || command -v clang++-16 >/dev/null || missing+=(fuzz)
}

needed() { # of the missing ones, those without which nothing can be built
  local name
  for name in "${missing[@]}"; do [[ $required != *" $name "* ]] || echo "$name"; done
}

packages_of() { # NAME...
  local name
  for name in "$@"; do printf '%s\n' ${package[$name]}; done | sort -u
}

# quietly WHAT COMMAND...: one line while it runs, its output where it fails.
quietly() {
  local what=$1 started=$SECONDS
  shift
  echo "setup: $what"
  if ! "$@" >>"$log" 2>&1; then
    tail -n 20 "$log" >&2
    echo "setup: that failed; the whole log is $log" >&2
    exit 1
  fi
  echo "setup: done in $((SECONDS - started)) s"
}

# Debian's packages with all that they need and the system lacks, unpacked. The relative links of their libraries hold.
unpack_packages() {
  local wanted names
  mapfile -t wanted < <(packages_of "$@")
  names=$(apt-get -s install --no-install-recommends "${wanted[@]}" | awk '/^Inst / { print $2 }')
  mkdir -p build/deps/packages
  (cd build/deps/packages && apt-get download $names)
  local file
  for file in build/deps/packages/*.deb; do dpkg-deb -x "$file" build/deps; done
  rm -rf build/deps/packages
}

# PyPI has CMake, Ninja and oneDNN (its package for GCC's OpenMP: headers and the library are two).
python_environment() {
  [[ -d build/deps/venv ]] || python3 -m venv build/deps/venv
  build/deps/venv/bin/pip install --upgrade cmake ninja onednn-devel-cpu-gomp==2022.2.1 onednn-cpu-gomp==2022.2.1
}

find_missing
((${#missing[@]})) || exit 0

if [[ -n $user ]]; then
  # A compiler does not work from another folder; the rest does.
  unpacked=()
  for name in "${missing[@]}"; do
    case $name in compiler | OpenMP | curl | gnuplot | ccache | format | cmake) ;; *) unpacked+=("$name") ;; esac
  done
  if command -v apt-get >/dev/null && ((${#unpacked[@]})); then
    quietly "unpacking into build/deps: $(packages_of "${unpacked[@]}" | paste -sd' ')" unpack_packages "${unpacked[@]}"
  fi
  if [[ " ${missing[*]} " == *" cmake "* ]] || ! command -v apt-get >/dev/null; then
    command -v python3 >/dev/null || { echo "setup: CMake 3.25 or later is missing, and there is no Python to get it with" >&2; exit 2; }
    quietly "a Python environment in build/deps/venv" python_environment
  fi
  source scripts/environment.sh
  find_missing
  if [[ -n $(needed) ]]; then
    echo "setup: still missing: $(needed | paste -sd' '). They come with the system, conda or environment modules; CMake finds them" >&2
    echo "setup: by PATH and CMAKE_PREFIX_PATH." >&2
    exit 2
  fi
  ((${#missing[@]} == 0)) || echo "setup: going on without ${missing[*]}"
  exit 0
fi

as_root=()
if [[ $(id -u) != 0 ]]; then
  if command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
    as_root=(sudo -n)
  elif [[ -z $(needed) ]]; then
    echo "setup: going on without ${missing[*]} (installing them needs root; build/setup.log says what each is for)"
    exit 0
  else
    echo "setup: missing: ${missing[*]}. Ask for, or run:" >&2
    echo "  sudo apt-get install $(packages_of "${missing[@]}" | paste -sd' ')" >&2
    echo "or, without root:" >&2
    echo "  scripts/setup.sh --user" >&2
    exit 2
  fi
fi
if ! command -v apt-get >/dev/null; then
  echo "setup: missing: ${missing[*]}. This script installs on Debian and Ubuntu; elsewhere use the system's own packages." >&2
  [[ -z $(needed) ]] && exit 0 || exit 2
fi
install() {
  "${as_root[@]}" apt-get update -q && "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
    apt-get install -y -q --no-install-recommends "$@"
}
mapfile -t packages < <(packages_of "${missing[@]}")
[[ " ${packages[*]} " != *" gnuplot-nox "* ]] || packages+=(fonts-dejavu-core)
[[ " ${packages[*]} " != *" curl "* ]] || packages+=(ca-certificates)
[[ " ${packages[*]} " != *" libgtest-dev "* ]] || packages+=(libgmock-dev)
quietly "installing ${packages[*]} (a minute or two)" install "${packages[@]}"
