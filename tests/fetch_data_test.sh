#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# scripts/fetch_data.sh against a folder of files that stands for the official page, with the checksums of these files.
#   tests/fetch_data_test.sh SOURCE_FOLDER [ADDRESS_OF $WORK/page]
set -euo pipefail
source_folder=$(cd "$1" && pwd)
work=${WORK:-$(mktemp -d)}
[[ -n ${WORK:-} ]] || trap 'rm -rf "$work"' EXIT
cd "$work"
mkdir -p page scripts cifar-10-batches-bin
page=${2:-file://$work/page}

head -c 300000 /dev/urandom >cifar-10-batches-bin/data_batch_1.bin
tar -czf page/cifar-10-binary.tar.gz cifar-10-batches-bin
for name in train-images-idx3 train-labels-idx1 t10k-images-idx3 t10k-labels-idx1; do
  head -c 50000 /dev/urandom | gzip >page/$name-ubyte.gz
done
cp "$source_folder/scripts/fetch_data.sh" scripts/
for file in page/*; do
  sed -i "s/${file#page/}:[0-9a-f]*/${file#page/}:$(md5sum <"$file" | cut -d' ' -f1)/" scripts/fetch_data.sh
done

fail() { echo "FAILED: $*"; exit 1; }
# expect CODE PATTERN ARGUMENT...: the script ends with that code and says that.
expect() {
  local code=$1 pattern=$2 status=0 said
  shift 2
  said=$(SLUICE_FETCH_FROM=$page scripts/fetch_data.sh "$@" 2>&1) || status=$?
  [[ $status == "$code" ]] || fail "$*: code $status instead of $code: $said"
  [[ $said =~ $pattern ]] || fail "$*: no '$pattern' in: $said"
}
fetched() { # folder
  cmp "$1/cifar-10-batches-bin/data_batch_1.bin" cifar-10-batches-bin/data_batch_1.bin || fail "$1 differs"
}
beginning=300/.partial/cifar-10-batches-bin/cifar-10-binary.tar.gz

expect 0 'fetching.*cifar10 is in'
fetched datasets
page=file:///nowhere expect 0 '^$' cifar10
expect 0 'fetching.*mnist is in' mnist some/folder
for file in page/*ubyte.gz; do cmp "$file" "some/folder/mnist/${file#page/}"; done

# An interrupted download, another file's beginning, and a whole other file of the same size or larger.
for start in "head -c 1000 page/cifar-10-binary.tar.gz" "head -c 1000 /dev/zero" "head -c $(stat -c %s page/cifar-10-binary.tar.gz) /dev/zero" \
  "head -c 900000 /dev/zero"; do
  rm -rf 300
  mkdir -p "$(dirname $beginning)"
  $start >$beginning
  expect 0 'cifar10 is in' cifar10 300
  fetched 300
  [[ ! -e 300/.partial/cifar-10-batches-bin ]] || fail "leftovers"
done

# A damaged file never gets its name, and the next try starts anew.
cp page/cifar-10-binary.tar.gz whole
printf 'damage' | dd of=page/cifar-10-binary.tar.gz bs=1 seek=5000 conv=notrunc status=none
expect 4 'not the official file' cifar10 damaged
[[ ! -e damaged/cifar-10-batches-bin ]] || fail "a damaged file was unpacked"
cp whole page/cifar-10-binary.tar.gz
expect 0 'cifar10 is in' cifar10 damaged
fetched damaged

page=http://127.0.0.1:1 expect 3 "can't be fetched.*Without a.network" cifar10 unreachable
[[ ! -e unreachable/cifar-10-batches-bin ]] || fail "something came from nowhere"
expect 2 "no data set 'cifar11'; valid: cifar10" cifar11
echo "fetch_data: all well"
