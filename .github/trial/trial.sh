# shellcheck shell=bash
# Common to the trials, which source it. Their arguments are WHAT and TIMES; PLIMSOLL and SHOP name the
# programs. It makes a temporary directory for the trial, enters it, and at the end removes it and kills
# the processes in the array started.

what=$1 times=$2
plimsoll=$(realpath "${PLIMSOLL:-bin/plimsoll}") shop=$(realpath "${SHOP:-bin/shop}")
dir=$(mktemp -d)
started=()
trap 'kill "${started[@]}" 2>/dev/null || true; rm -rf "$dir"' EXIT
cd "$dir"

declare -A came=([pass]=0 [fail]=0 [inconclusive]=0 [error]=0)

# commit makes the directory a repository, whose only commit is what is in it.
commit() {
  printf '*.json\nreport*\nerrors*\n' > .gitignore
  git init -q -b main .
  git -c user.name=t -c user.email=t@example.com add .
  git -c user.name=t -c user.email=t@example.com commit -qm base
}

# neighbour keeps N cores busy for up to 2 s, then leaves them alone for up to 2 s, and so on.
neighbour() {
  (
    while :; do
      busy="$((RANDOM % 18 / 10)).$((RANDOM % 9 + 1))"
      for ((core = 0; core < $1; core++)); do timeout "$busy" sh -c 'while :; do :; done' & done
      wait
      sleep "$((RANDOM % 2)).$((RANDOM % 9 + 1))"
    done
  ) &
  started+=($!)
}

# compare runs the gate with these flags, and sets verdict. Output goes to report.txt, verdict.json and errors.txt.
compare() {
  local status=0
  rm -f verdict.json result.json result-base.json
  "$plimsoll" gate -q --verdict-file verdict.json "$@" > report.txt 2> errors.txt || status=$?
  case $status in
    0) verdict=pass ;;
    1) verdict=fail ;;
    4) verdict=inconclusive ;;
    *) verdict=error ;;
  esac
  came[$verdict]=$((came[$verdict] + 1))
}

# asked asks jq about the report of the last verdict; nothing if there is none.
asked() { [ ! -s verdict.json ] || jq -r "$1" verdict.json; }

# pairs, spent and red tell the last verdict: its pairs of rounds, the seconds of judged load of both sides together, and
# the figures that are worse.
pairs() { asked '.baseline.pairs // 0'; }
spent() {
  [ -s result.json ] && [ -s result-base.json ] || { echo 0; return; }
  jq -s '[.[].rounds[].length_ns] | add / 1e9 | . * 10 | round / 10' result-base.json result.json
}
red() {
  asked '[.comparisons[] | select(.status == "worse") | if .route == "*" then .metric else .route + " " + .metric end] | unique | join(", ")'
}

# blamed are the routes that are worse, without all of them together; costs are of no route.
blamed() { asked '[.comparisons[] | select(.status == "worse" and .route != "*") | .route] | unique | join(",")'; }

# told is the last verdict in words, for a line of the trial.
told() {
  local lines
  lines=$(red)
  echo "$verdict after $(pairs) pairs, $(spent) s of load${lines:+, red: $lines}"
}

# median is that of numbers on standard input, a line each; 0 of none.
median() { sort -n | awk '{ n[NR] = $1 } END { print NR == 0 ? 0 : (n[int((NR + 1) / 2)] + n[int(NR / 2) + 1]) / 2 }'; }

# summary prints how often each verdict came, and its argument.
summary() {
  echo "$what: ${came[pass]} pass, ${came[fail]} fail, ${came[inconclusive]} inconclusive, ${came[error]} errors, of $times${1:+; $1}"
}
