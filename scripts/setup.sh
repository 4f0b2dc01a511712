#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Installs what Sluice needs on Debian 12. Does nothing, quickly, where everything is there. Without root it
# lists what is missing and exits with 2.
set -euo pipefail

packages=(
  g++ cmake ninja-build ccache
  libdnnl-dev zlib1g-dev nlohmann-json3-dev
  libcli11-dev libfmt-dev
  libgtest-dev libgmock-dev
  gnuplot-nox fonts-dejavu-core
  curl ca-certificates xz-utils
)
[[ ${1:-} == --with-format ]] && packages+=(clang-format)

if ! command -v dpkg-query >/dev/null; then
  echo "setup: this script knows Debian and Ubuntu only. Install by your system's means: ${packages[*]}" >&2
  exit 2
fi
missing=()
for package in "${packages[@]}"; do
  dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'install ok installed' || missing+=("$package")
done
((${#missing[@]} == 0)) && exit 0

as_root=()
if [[ $(id -u) != 0 ]]; then
  if command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
    as_root=(sudo -n)
  else
    echo "setup: these packages are missing and need root to install. Ask for, or run:" >&2
    echo "  sudo apt-get install ${missing[*]}" >&2
    exit 2
  fi
fi
echo "setup: installing ${missing[*]}"
export DEBIAN_FRONTEND=noninteractive
log=$(mktemp)
install() { "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "${missing[@]}"; }
if ! { "${as_root[@]}" apt-get update -q && install; } >"$log" 2>&1; then
  tail -n 20 "$log" >&2
  echo "setup: installing failed; the whole log is in $log" >&2
  exit 1
fi
rm -f "$log"
