#!/usr/bin/env bash
# Tries the paired gate on the doors of the sample service, each with a cheap operation and a search:
#
#   doors.sh same 20        the working tree against its own commit
#   doors.sh grpc 20        the method shop.v1.Shop/Search does 30 % more CPU work; so do
#   doors.sh graphql 20     the field search of GraphQL
#   doors.sh websocket 20   the reply to a search over the WebSocket
#
# The script prints each verdict, which routes it blames, and a summary. PLIMSOLL and SHOP name the programs;
# make build builds them. RUN_TIME is the judged load of each side; the default is 18s.
set -euo pipefail
source "$(dirname "$0")/trial.sh"

cat > plimsoll.yaml <<PROFILE
name: doors
target:
  url: http://127.0.0.1:\${port}
  grpc: { url: "http://127.0.0.1:\${port.grpc}" }
  start:
    command: sh start.sh 127.0.0.1:\${port} 127.0.0.1:\${port.grpc}
    ready: { grpc: health, within: 30s }
load: { users: 12, spawn_rate: 280, warm_up: 500ms, run_time: ${RUN_TIME:-18s} }
users:
  - name: visitor
    wait: 50ms..70ms
    tasks:
      - name: look around
        steps:
          - { grpc: shop.v1.Shop/Search, message: { text: warm boots, top_k: 3 } }
          - { grpc: shop.v1.Shop/GetProduct, message: { id: 7 } }
          - { graphql: 'query Search { search(q: "warm boots", first: 3) { total } }' }
          - { graphql: 'query Product { product(id: 7) { name } }' }
          - websocket: /live
            messages:
              - { send: { type: search, q: warm boots }, reply: { type: found }, name: search }
              - { send: { type: product, product: 7 }, reply: { type: product }, name: product }
gate: { metrics: [p50], min_effect: 200us }
PROFILE
echo "exec '$shop' -products 4000 -addr \"\$1\" -grpc \"\$2\"" > start.sh
commit
slow='' expected=''
case $what in
  same) ;;
  grpc) slow='shop.v1.Shop/Search' expected='shop.v1.Shop/Search' ;;
  graphql) slow='query search' expected='query Search' ;;
  websocket) slow='WS /live search' expected='WS /live first message,WS /live search' ;; # the first message waits for it
  *) echo "there is no trial $what"; exit 2 ;;
esac
[ -z "$slow" ] || echo "exec '$shop' -products 4000 -addr \"\$1\" -grpc \"\$2\" -slow '$slow=30%'" > start.sh

right=0 wrong=0
for ((i = 1; i <= times; i++)); do
  began=$SECONDS
  compare --against HEAD
  named=$(blamed)
  if [[ $named == "$expected" || -n $named && $named == "$slow" ]]; then right=$((right + 1)); elif [ -n "$named" ]; then wrong=$((wrong + 1)); fi
  printf '%2d: %s; %d s\n' "$i" "$(told)" $((SECONDS - began))
done
summary "$right blame ${expected:-nothing} alone, $wrong another route"
