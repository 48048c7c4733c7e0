#!/usr/bin/env bash
# pin.sh VERSION builds the binaries of a release, as .goreleaser.yaml does, and writes their
# SHA-256 sums to the file "release" beside this script. Builds are reproducible: the same commit
# and the same Go give the same sums.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
version=${1:?usage: pin.sh VERSION, such as v0.1.0}
built=$(mktemp -d)
trap 'rm -rf "$built"' EXIT

for os in darwin linux windows; do
  for arch in amd64 arm64; do
    exe=
    if [ "$os" = windows ]; then exe=.exe; fi
    CGO_ENABLED=0 GOOS=$os GOARCH=$arch GOAMD64=v1 GOARM64=v8.0 go build -C "$here/../.." \
      -trimpath -buildvcs=false -ldflags "-s -w -X main.version=$version" \
      -o "$built/plimsoll_${os}_$arch$exe" ./cmd/plimsoll
  done
done
{
  grep '^#' "$here/release"
  echo "version $version"
  (cd "$built" && (sha256sum -- * 2>/dev/null || shasum -a 256 -- *))
} >"$here/release.part"
mv "$here/release.part" "$here/release"
