#!/usr/bin/env bash
# cluster.sh runs a real Kubernetes of one node, in namespaces of its own, until its standard input ends. Whoever holds the
# other end of that pipe may be killed: then the cluster ends too, with everything that runs in it.
#
# KUBERNETES is the program that .github/kubernetes builds, IMAGES a directory of images as tar files, and RUN an empty
# directory. It prints "ready" and the first three numbers of the cluster's addresses: NET.1 is this machine, NET.2
# the node, and pods have NET.16 to NET.250. RUN/kubeconfig leads to the cluster, and RUN/logs tells what its parts did.
#
# The machine stays as it was: no setting of the kernel is changed, no rule of a firewall, no route but one. Pods reach
# this machine and each other, and nothing else.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
export KUBERNETES=${KUBERNETES:?} IMAGES=${IMAGES:?} RUN=${RUN:?} NET NAME
PATH=$PATH:/usr/sbin:/sbin
mkdir -p "$RUN/logs" "$RUN/state"

# The first thing is a route to nowhere. Without it, what is sent to a pod that has ended would leave this machine by its
# default route. Nobody can add it twice, so it also keeps two clusters apart.
for number in $(seq 0 255) none; do
  NET=10.251.$number NAME=plimsoll-k$number
  if [ "$number" = none ]; then
    echo "no addresses for a cluster: there are 256 routes such as 10.251.0.0/24 already, see ip route" >&2
    exit 1
  fi
  if ip route add unreachable "$NET.0/24" metric 4000 2>"$RUN/logs/route.log"; then break; fi
  grep -q 'File exists' "$RUN/logs/route.log" || {
    cat "$RUN/logs/route.log" >&2
    exit 1
  }
done

starter='' # the process unshare
node=''    # its child, process 1 of the node

# clean ends everything and removes what namespaces do not take with them: a route, and groups without processes.
clean() {
  trap '' TERM INT HUP
  [ -z "$node" ] || kill -KILL "$node" 2>/dev/null || true
  [ -z "$starter" ] || wait "$starter" 2>/dev/null || true
  ip link del "$NAME" 2>/dev/null || true
  local controllers group at
  while IFS=: read -r _ controllers group; do
    at=/sys/fs/cgroup/${controllers##*name=}$group/$NAME
    [ ! -d "$at" ] || find "$at" -depth -type d -exec rmdir {} + 2>/dev/null || true
  done </proc/self/cgroup
  ip route del unreachable "$NET.0/24" metric 4000 2>/dev/null || true
}
trap clean EXIT
trap 'exit 143' TERM INT HUP

exec 3<&0
setsid unshare --mount --cgroup --net --pid --ipc --uts --fork --kill-child --mount-proc --propagation private \
  bash "$here/node.sh" <&3 >"$RUN/logs/node.log" 2>&1 &
starter=$!
exec 3<&- </dev/null
for _ in $(seq 500); do
  node=$(tr -d ' ' <"/proc/$starter/task/$starter/children" 2>/dev/null) || true
  [ -z "$node" ] || break
  sleep 0.02
done
ended() {
  echo "the node ended while it started:" >&2
  tail -n 5 "$RUN"/logs/*.log >&2
  exit 1
}
[ -n "$node" ] || ended
ip link add "$NAME" type veth peer name node netns "$node"
ip addr add "$NET.1/24" dev "$NAME"
ip link set "$NAME" up

until [ -e "$RUN/ready" ]; do
  [ -d "/proc/$node" ] || ended
  sleep 0.1
done
echo "ready $NET"
wait "$starter"
