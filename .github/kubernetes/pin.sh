#!/usr/bin/env bash
# pin.sh 1.34.4 writes go.mod and go.sum for that version of Kubernetes. k8s.io/kubernetes replaces its own libraries by
# directories of its repository, which is no use to others: each is replaced by its release of the same version.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
version=${1:?the version of Kubernetes, such as 1.34.4}
export GOFLAGS=-mod=mod
published=$(go mod download -json "k8s.io/kubernetes@v$version" | sed -n 's/^.*"GoMod": "\(.*\)".*$/\1/p')
go=$(awk '$1 == "go" { print $2 }' "$published")
rm -f go.sum
{
  echo "module github.com/plimsoll-ci/plimsoll/.github/kubernetes"
  echo
  echo "go $go"
  echo
  echo "godebug default=go${go%.*} // as in Kubernetes"
  echo
  echo "require k8s.io/kubernetes v$version"
  echo
  echo "replace ("
  sed -n "s#^\t\(k8s.io/[a-z-]*\) => ./staging/.*#\t\1 => \1 v0.${version#*.}#p" "$published"
  echo ")"
} >go.mod
go mod tidy
