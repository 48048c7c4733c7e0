#!/usr/bin/env bash
# pinned.sh VERSION NAME FILE fails unless FILE is the binary NAME of VERSION that the action pins.
set -euo pipefail
release=$(dirname "${BASH_SOURCE[0]}")/release
want=$(awk -v name="$2" '$2 == name { print $1 }' "$release")
got=$( (sha256sum "$3" 2>/dev/null || shasum -a 256 "$3") | cut -d ' ' -f 1)
if ! grep -qx "version $1" "$release" || [ "$got" != "$want" ]; then
  echo "$2 of $1 has SHA-256 $got; .github/action/release does not pin that: run make pin VERSION=$1, commit, and tag that commit" >&2
  exit 1
fi
