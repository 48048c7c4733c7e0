#!/usr/bin/env bash
# Tries the paired gate on the sample service, beside a CPU hog that switches on and off:
#
#   paired.sh same 50      the working tree against its own commit
#   paired.sh slower 20    against a commit in which one route does 40 % less CPU work
#
# Each comparison takes about half a minute. The script prints each verdict with the pairs that it took, the seconds of
# judged load of both sides together and the figures that were red, and a summary.
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
commit
if [ "$what" = slower ]; then
  echo "exec '$shop' -products 4000 -addr \"\$1\" -slow 'GET /search=40%'" > start.sh
fi

neighbour 1

right=0 cost=0 wrong=0
for ((i = 1; i <= times; i++)); do
  began=$SECONDS
  compare --against HEAD
  case $(blamed) in
    "GET /search") right=$((right + 1)) ;;
    "") [ "$verdict" != fail ] || cost=$((cost + 1)) ;;
    *) wrong=$((wrong + 1)) ;;
  esac
  printf '%2d: %s; %d s\n' "$i" "$(told)" $((SECONDS - began))
  pairs >> pairs.txt
  spent >> spent.txt
  [ "$verdict" = pass ] || [ "$what$verdict" = slowerfail ] || grep -hE '^(-|note|plimsoll)' report.txt errors.txt || true
done
summary "$right blame GET /search alone, $cost a cost alone, $wrong another route; medians: $(median < pairs.txt) pairs, $(median < spent.txt) s of load"
