#!/usr/bin/env bash
# Tries the paired gate, with its defaults, on routes of the sample service that take less than a millisecond:
#
#   fast.sh same 10      the same program twice
#   fast.sh slower 10    GET /products/{id} takes 0.6 ms more of a core
#
# Each comparison takes up to a minute. The script prints each verdict, with the largest change of a
# latency below a millisecond, and a summary. PLIMSOLL and SHOP name the programs. RUN_TIME is the judged
# load of each side; the default is 24s.
set -euo pipefail
source "$(dirname "$0")/trial.sh"

cat > plimsoll.yaml <<PROFILE
name: fast
target: { url: "http://127.0.0.1:19971" }
load: { users: 4, spawn_rate: 100, warm_up: 1s, run_time: ${RUN_TIME:-24s} }
users:
  - name: visitor
    wait: 1ms..3ms
    tasks:
      - { http: GET /health }
      - { http: "GET /products/\${int(1,4000)}", name: "GET /products/{id}" }
      - { http: GET /cart }
PROFILE

slow=()
[ "$what" = same ] || slow=(-slow 'GET /products/{id}=600us')
"$shop" -products 4000 -addr 127.0.0.1:19971 > base.txt 2>&1 & started+=($!)
"$shop" -products 4000 -addr 127.0.0.1:19972 "${slow[@]}" > head.txt 2>&1 & started+=($!)
sleep 1

for ((i = 1; i <= times; i++)); do
  compare --base-url http://127.0.0.1:19971 --head-url http://127.0.0.1:19972 --json
  [ "$verdict" != error ] || { cat errors.txt; exit 1; }
  printf '%2d: %s, blames %s; largest: %s\n' "$i" "$verdict" \
    "$(jq -r '[.comparisons[] | select(.status == "worse") | .route] | unique | join(", ") | if . == "" then "nothing" else . end' report.txt)" \
    "$(jq -r '[.comparisons[] | select(.metric | startswith("p")) | select(.baseline > 0 and .baseline < 1e6)] | max_by(.baseline * (.change | fabs)) | "\(.route) \(.metric) \(.baseline / 1e3 | round) µs \(.change * 1000 | round / 10) %"' report.txt)"
  [ "$verdict" != inconclusive ] || jq -r '.reasons[] | "    \(.kind) \(.route) \(.metric)"' report.txt
done
summary
