#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Fetches a data set from its official page into datasets/, checks it, and does nothing where it is there already.
#   scripts/fetch_data.sh [cifar10 | cifar100 | mnist | fashion-mnist | kmnist | svhn] [FOLDER]
# An interrupted download goes on where it stopped. SLUICE_FETCH_FROM replaces the address that the files are under.
# Exit codes: 0 there, 2 wrong arguments or a tool is missing, 3 the page can't be reached, 4 the file is not the official one.
set -euo pipefail
dataset=${1:-cifar10}
into=${2:-$(dirname "$0")/../datasets}
case $dataset in
  cifar10) address=https://www.cs.toronto.edu/~kriz folder=cifar-10-batches-bin
    files=(cifar-10-binary.tar.gz:c32a1d4ab5d03f1284b67883e8d87530) ;;
  cifar100) address=https://www.cs.toronto.edu/~kriz folder=cifar-100-binary
    files=(cifar-100-binary.tar.gz:03b5dce01913d631647c71ecec9e9cb8) ;;
  mnist) address=https://ossci-datasets.s3.amazonaws.com/mnist folder=mnist
    files=(train-images-idx3-ubyte.gz:f68b3c2dcbeaaa9fbdd348bbdeb94873
      train-labels-idx1-ubyte.gz:d53e105ee54ea40749a09fcbcd1e9432
      t10k-images-idx3-ubyte.gz:9fb629c4189551a2d022fa330f9573f3
      t10k-labels-idx1-ubyte.gz:ec29112dd5afa0611ce80d1b7f02629c) ;;
  fashion-mnist) address=http://fashion-mnist.s3-website.eu-central-1.amazonaws.com folder=fashion-mnist
    files=(train-images-idx3-ubyte.gz:8d4fb7e6c68d591d4c3dfef9ec88bf0d
      train-labels-idx1-ubyte.gz:25c81989df183df01b3e8a0aad5dffbe
      t10k-images-idx3-ubyte.gz:bef4ecab320f06d8554ea6380940ec79
      t10k-labels-idx1-ubyte.gz:bb300cfdad3c16e7a12a480ee83cd310) ;;
  kmnist) address=http://codh.rois.ac.jp/kmnist/dataset/kmnist folder=kmnist
    files=(train-images-idx3-ubyte.gz:bdb82020997e1d708af4cf47b453dcf7
      train-labels-idx1-ubyte.gz:e144d726b3acfaa3e44228e80efcd344
      t10k-images-idx3-ubyte.gz:5c965bf0a639b31b8f53240b1b52f4d7
      t10k-labels-idx1-ubyte.gz:7320c461ea6c1c855c0b718fb2a4b134) ;;
  svhn) address=http://ufldl.stanford.edu/housenumbers folder=svhn
    files=(train_32x32.mat:e26dedcc434d2e4c54c9b2d4a06d8373
      test_32x32.mat:eb5a983be6a315427106f1b164d9cef3) ;;
  *)
    echo "fetch_data: there is no data set '$dataset'; valid: cifar10, cifar100, mnist, fashion-mnist, kmnist, svhn" >&2
    exit 2 ;;
esac
address=${SLUICE_FETCH_FROM:-$address}

# The folder appears under its name only when all of it is there and checked.
[[ -d $into/$folder ]] && exit 0
for tool in curl md5sum tar; do
  command -v $tool >/dev/null || { echo "fetch_data: $tool is not installed" >&2; exit 2; }
done
partial=$into/.partial/$folder
mkdir -p "$partial"
exec 9>"$into/.partial/$folder.lock"
if ! flock -n 9; then
  echo "fetch_data: another fetch of $dataset is under way; waiting for it"
  flock 9
  [[ -d $into/$folder ]] && exit 0
fi

md5_holds() { # file, md5
  [[ -f $1 ]] && echo "$2  $1" | md5sum --check --status
}

# Goes on with what is there; curl's exit code, with the server's in `answer`.
download() { # url, file
  local progress=--silent
  [[ -t 2 ]] && progress=--progress-bar
  answer=$(curl --fail --location --show-error $progress --connect-timeout 15 --speed-limit 1000 --speed-time 30 --retry 1 \
    --write-out '%{http_code}' --continue-at - --output "$2" "$1")
}

fetch() { # name, md5
  local url=$address/$1 file=$partial/$1 found='' status answer
  md5_holds "$file" "$2" && return
  echo "fetching $url"
  [[ -s $file ]] && found=yes
  status=0
  download "$url" "$file" || status=$?
  # What lay there was no beginning of this file, or the server can't go on in the middle (curl's codes 33 and 36).
  if [[ -n $found ]] && ! md5_holds "$file" "$2" && { ((status == 0 || status == 33 || status == 36)) || [[ $answer == 416 ]]; }; then
    rm -f "$file"
    status=0
    download "$url" "$file" || status=$?
  fi
  if ((status != 0)); then
    echo "fetch_data: $url can't be fetched (curl's code $status). What has come so far is kept for the next try. Without a" >&2
    echo "network, bring the official files of $dataset into $into/$folder by other means, or name the folder that holds them." >&2
    exit 3
  fi
  if ! md5_holds "$file" "$2"; then
    echo "fetch_data: $url is not the official file and was removed: its MD5 is $(md5sum <"$file" | cut -d' ' -f1), expected $2" >&2
    rm -f "$file"
    exit 4
  fi
}

for entry in "${files[@]}"; do fetch "${entry%%:*}" "${entry##*:}"; done

archive=${files[0]%%:*}
if [[ $archive == *.tar.gz ]]; then
  rm -rf "$partial/unpacked"
  mkdir "$partial/unpacked"
  tar -xzf "$partial/$archive" -C "$partial/unpacked" --no-same-owner
  mv "$partial/unpacked/$folder" "$into/$folder"
  rm -rf "$partial"
else
  mv "$partial" "$into/$folder"
fi
echo "$dataset is in $into/$folder"
