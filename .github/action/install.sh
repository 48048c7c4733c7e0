#!/usr/bin/env bash
# Installs plimsoll in $RUNNER_TEMP/plimsoll. It downloads the release that the file "release" beside
# this script pins, and checks its SHA-256 sum. If there is no release, or the download fails, it
# builds plimsoll with Go from the action's own source. A binary with a wrong sum stops the job: it
# is neither run nor replaced.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
into=${RUNNER_TEMP:?is set by the runner}/plimsoll
releases=${PLIMSOLL_RELEASES_URL:-https://github.com/plimsoll-ci/plimsoll/releases/download}

case $(uname -s) in
  Linux) os=linux ;;
  Darwin) os=darwin ;;
  *) os=windows ;;
esac
case $(uname -m) in
  x86_64 | amd64) arch=amd64 ;;
  aarch64 | arm64) arch=arm64 ;;
  *) arch=$(uname -m) ;;
esac
exe=
if [ "$os" = windows ]; then exe=.exe; fi
name=plimsoll_${os}_$arch$exe
version=$(awk '$1 == "version" { print $2 }' "$here/release")
want=$(awk -v name="$name" '$2 == name { print $1 }' "$here/release")

mkdir -p "$into"
if [ -n "$want" ]; then
  fetched=$into/$name.part
  if curl --fail --silent --show-error --location --retry 3 --retry-max-time 60 --max-time 300 --output "$fetched" "$releases/$version/$name"; then
    got=$( (sha256sum "$fetched" 2>/dev/null || shasum -a 256 "$fetched") | cut -d ' ' -f 1)
    if [ "$got" != "$want" ]; then
      rm -f "$fetched"
      echo "::error title=Plimsoll::$name of release $version is not the one that this action pins (SHA-256 $got, expected $want). It was not run."
      exit 3
    fi
    chmod +x "$fetched"
    mv "$fetched" "$into/plimsoll$exe"
    echo "plimsoll $version, $name, its SHA-256 verified"
    exit 0
  fi
  echo "$name of release $version cannot be downloaded: building it from the action's source"
fi

if ! command -v go >/dev/null; then
  echo "::error title=Plimsoll::There is no release for $os on $arch to download, and no Go to build plimsoll with. Put actions/setup-go before this step."
  exit 3
fi
go build -C "$here/../.." -trimpath -ldflags "-X main.version=$version" -o "$into/plimsoll$exe" ./cmd/plimsoll
echo "plimsoll, built from the action's source with $(go version)"
