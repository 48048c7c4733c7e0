#!/usr/bin/env bash
# Tries the paired gate, with its defaults, on routes below a millisecond of the sample service:
#
#   fast.sh same 10      the same program twice
#   fast.sh slower 10    GET /products/{id} takes 0.6 ms more of a core
#
# Each comparison takes up to a minute. The script prints each verdict, with the largest change of a
# latency below a millisecond, and a summary. PLIMSOLL and SHOP name the programs.
set -euo pipefail

what=$1 times=$2
plimsoll=$(realpath "${PLIMSOLL:-bin/plimsoll}") shop=$(realpath "${SHOP:-bin/shop}")
dir=$(mktemp -d)
sides=
trap '[ -z "$sides" ] || kill $sides 2>/dev/null; rm -rf "$dir"' EXIT
cd "$dir"

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
"$shop" -products 4000 -addr 127.0.0.1:19971 > base.txt 2>&1 & sides=$!
"$shop" -products 4000 -addr 127.0.0.1:19972 "${slow[@]}" > head.txt 2>&1 & sides="$sides $!"
sleep 1

pass=0 fail=0 inconclusive=0
for ((i = 1; i <= times; i++)); do
  status=0
  "$plimsoll" gate -q --base-url http://127.0.0.1:19971 --head-url http://127.0.0.1:19972 --json > verdict.json 2> errors.txt || status=$?
  case $status in
    0) pass=$((pass + 1)) ;;
    1) fail=$((fail + 1)) ;;
    4) inconclusive=$((inconclusive + 1)) ;;
    *) cat errors.txt; exit 1 ;;
  esac
  printf '%2d: status %d, blames %s; largest: %s\n' "$i" "$status" \
    "$(jq -r '[.comparisons[] | select(.status == "worse") | .route] | unique | join(", ") | if . == "" then "nothing" else . end' verdict.json)" \
    "$(jq -r '[.comparisons[] | select(.metric | startswith("p")) | select(.baseline > 0 and .baseline < 1e6)] | max_by(.baseline * (.change | fabs)) | "\(.route) \(.metric) \(.baseline / 1e3 | round) µs \(.change * 1000 | round / 10) %"' verdict.json)"
  [ "$status" != 4 ] || jq -r '.reasons[] | "    \(.kind) \(.route) \(.metric)"' verdict.json
done
echo "$what: $pass pass, $fail fail, $inconclusive inconclusive, of $times"
