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

# compare runs the gate with these flags, and sets verdict. Output goes to report.txt and errors.txt.
compare() {
  local status=0
  "$plimsoll" gate -q "$@" > report.txt 2> errors.txt || status=$?
  case $status in
    0) verdict=pass ;;
    1) verdict=fail ;;
    4) verdict=inconclusive ;;
    *) verdict=error ;;
  esac
  came[$verdict]=$((came[$verdict] + 1))
}

# summary prints how often each verdict came, and its argument.
summary() {
  echo "$what: ${came[pass]} pass, ${came[fail]} fail, ${came[inconclusive]} inconclusive, ${came[error]} errors, of $times${1:+; $1}"
}
