#!/usr/bin/env bash
# Tries the paired gate on the sample service, beside a CPU hog that switches on and off:
#
#   paired.sh same 50      the working tree against its own commit
#   paired.sh slower 20    against a commit in which one route does 40 % less CPU work
#
# Each comparison takes about half a minute. The script prints each verdict and a summary.
# PLIMSOLL and SHOP name the programs; make trial builds them first. RUN_TIME is the judged load
# of each side; the default is 18s.
set -euo pipefail
source "$(dirname "$0")/trial.sh"

cat > plimsoll.yaml <<PROFILE
name: trial
target:
  url: http://127.0.0.1:\${port}
  start:
    command: sh start.sh 127.0.0.1:\${port}
    ready: { http: GET /health, within: 30s }
load: { users: 28, spawn_rate: 280, warm_up: 500ms, run_time: ${RUN_TIME:-18s} }
users:
  - name: visitor
    wait: 50ms..70ms
    tasks:
      - { http: "GET /products/\${int(1,4000)}", name: "GET /products/{id}" }
      - { http: "GET /search?q=warm+boots", name: GET /search }
      - { http: POST /cart, json: { sku: SKU-7, quantity: 1 }, expect: { status: 201 } }
gate: { min_effect: 200us }
PROFILE
echo "exec '$shop' -products 4000 -addr \"\$1\"" > start.sh
printf '*.json\nreport*\n' > .gitignore
git init -q -b main .
git -c user.name=t -c user.email=t@example.com add .
git -c user.name=t -c user.email=t@example.com commit -qm base
if [ "$what" = slower ]; then
  echo "exec '$shop' -products 4000 -addr \"\$1\" -slow 'GET /search=40%'" > start.sh
fi

# One core is busy for up to 2 s, then idle for up to 2 s, and so on.
(
  while :; do
    timeout "$((RANDOM % 18 / 10 + 0)).$((RANDOM % 9 + 1))" sh -c 'while :; do :; done' || true
    sleep "$((RANDOM % 2)).$((RANDOM % 9 + 1))"
  done
) &
started+=($!)

right=0 wrong=0
for ((i = 1; i <= times; i++)); do
  began=$SECONDS
  compare --against HEAD
  named=$(sed -nE 's/^- (.*): (p[0-9]+|throughput) is [0-9.]+ % (slower|lower),.*/\1/p' report.txt | sort -u | paste -sd,)
  [ "$named" != "GET /search" ] || right=$((right + 1))
  [ -z "$named" ] || [ "$named" = "GET /search" ] || wrong=$((wrong + 1))
  printf '%2d: %s in %d s, %s%s\n' "$i" "$verdict" $((SECONDS - began)) "$(sed -nE 's/.* compared, ([0-9]+ pairs) of rounds.*/\1/p' report.txt)" "${named:+, blames $named}"
  [ "$verdict" = pass ] || [ "$what$verdict" = slowerfail ] || grep -hE '^(-|note|plimsoll)' report.txt errors.txt || true
done
summary "$right blame GET /search alone, $wrong another route"
