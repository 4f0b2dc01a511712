# SPDX-License-Identifier: Apache-2.0
# Sourced by the other scripts in the project's folder: what scripts/setup.sh --user put into build/deps comes first.
if [[ -d $PWD/build/deps ]]; then
  for libraries in "$PWD"/build/deps/usr/lib/*-linux-gnu; do
    # Libraries of libraries: the programs name the folders of their own only.
    export LD_LIBRARY_PATH=$libraries${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
  done
  export PATH=$PWD/build/deps/venv/bin:$PWD/build/deps/usr/bin:$PATH
  export CMAKE_PREFIX_PATH=$PWD/build/deps/usr:$PWD/build/deps/venv${CMAKE_PREFIX_PATH:+:$CMAKE_PREFIX_PATH}
fi
