#!/usr/bin/env bash
# govulncheck.sh PROGRAM PACKAGES… runs govulncheck. If its database cannot be reached, the script
# says so, and fails only in GitHub's CI, which can always reach it.
set -euo pipefail
program=$1
shift
status=0
output=$("$program" "$@" 2>&1) || status=$?
echo "$output"
if [ "$status" != 0 ] && [ "${GITHUB_ACTIONS:-}" != true ] && grep -q 'vuln.go.dev' <<<"$output" && ! grep -q '^Vulnerability #' <<<"$output"; then
  echo "govulncheck could not reach its database: nothing was checked for known vulnerabilities"
  exit 0
fi
exit "$status"
