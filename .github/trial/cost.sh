#!/usr/bin/env bash
# Tries the costs of the paired gate on a small service, beside a neighbour that keeps both cores busy now and then:
#
#   cost.sh go same 30      a Go service against itself; so node and python
#   cost.sh node 5% 10      against a service whose requests do 5 % more work, with gate.cost: 3%
#
# A trial can be stopped and started again: its verdicts are lines of a file, and it goes on until that has N of them. The
# script prints each verdict and a summary. PLIMSOLL names the program; make build builds it. RUN_TIME is the judged load
# of each side (30s; 60s for a change), COST is gate.cost (3% for a change), CORES are those of the neighbour (2), and LOG
# names the file (cost-LANGUAGE-WHAT.log).
set -euo pipefail
[ $# = 3 ] || { sed -n '2,12s/^# \{0,1\}//p' "$0"; exit 2; }
language=$1
here=$(realpath "$(dirname "$0")")
log=$(realpath "${LOG:-cost-$1-$2.log}")
shift
SHOP=${PLIMSOLL:-bin/plimsoll} # these trials need no shop
source "$here/trial.sh"
case $language in
  go) go build -o work "$here/work/work.go" && run="exec '$dir/work'" ;;
  node) run="exec node '$here/work/work.js'" ;;
  python) run="exec python3 '$here/work/work.py'" ;;
  *) echo "there is no service in $language"; exit 2 ;;
esac
more=0 cost=${COST:-} run_time=${RUN_TIME:-30s}
[ "$what" = same ] || more=${what%\%} cost=${COST:-3%} run_time=${RUN_TIME:-60s}

cat > plimsoll.yaml <<PROFILE
name: cost
target:
  url: http://127.0.0.1:\${port}
  start:
    command: sh start.sh \${port}
    ready: { http: GET /work, within: 30s }
load: { users: 6, spawn_rate: 60, warm_up: 500ms, run_time: $run_time }
users:
  - name: visitor
    wait: 25ms..35ms
    tasks: [ { http: GET /work } ]
PROFILE
[ -z "$cost" ] || echo "gate: { cost: $cost }" >> plimsoll.yaml
echo "$run \"\$1\" 0" > start.sh
commit
[ "$more" = 0 ] || echo "$run \"\$1\" $more" > start.sh
[ "${CORES:-2}" = 0 ] || neighbour "${CORES:-2}"

touch "$log"
for ((i = $(wc -l < "$log") + 1; i <= times; i++)); do
  compare --against HEAD
  [ "$verdict" != error ] || { cat errors.txt; exit 1; }
  up=$(asked '[.comparisons[] | select(.metric == "cpu") | .change * 1000 | round / 10] | first // "unknown"')
  printf '%s\t%s\t%s\t%s\t%s\n' "$verdict" "$(pairs)" "$(spent)" "$up" "$(red)" >> "$log"
  printf '%2d: %s; cpu %s %%\n' "$i" "$(told)" "$up"
done

count() { awk -F'\t' "$1 { n++ } END { print n + 0 }" "$log"; }
column() { cut -f"$1" "$log" | median; }
found='$1 == "fail" && $5 ~ /cpu|cycles|instructions/'
echo "$language $what: $(wc -l < "$log") verdicts, $(count '$1 == "fail"') red, $(count '$1 == "inconclusive"') inconclusive, $(count "$found") found by a cost; medians: $(column 2) pairs, $(column 3) s of load of both sides, cpu $(column 4) %"
