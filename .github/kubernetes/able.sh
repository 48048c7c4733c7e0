#!/usr/bin/env bash
# able.sh exits with 0 if this machine can run the cluster of the tests, or if KUBECONFIG names another one. Otherwise it
# prints what is missing, a line each, and exits with 1. It changes nothing.
set -uo pipefail
[ -z "${KUBECONFIG:-}" ] || exit 0
missing=0
lacks() {
  echo "$*"
  missing=1
}
[ "$(uname -s)" = Linux ] || lacks "this is $(uname -s), and pods need Linux"
[ "$(id -u)" = 0 ] || lacks "the user is not root"
for program in containerd ctr runc ip openssl curl unshare setsid nginx; do
  command -v "$program" >/dev/null || [ -x "/usr/sbin/$program" ] || lacks "there is no program $program: make programs-kubernetes installs it"
done
[ -x /usr/lib/cni/bridge ] || [ -x /opt/cni/bin/bridge ] || lacks "there are no network plugins in /usr/lib/cni or /opt/cni/bin: make programs-kubernetes installs them"
if [ "$missing" = 0 ]; then
  reason=$(unshare --mount --cgroup --net --pid --ipc --uts --fork --kill-child --mount-proc bash -c '
    set -e
    mount -t tmpfs tmpfs /mnt
    ip link add one type veth peer name two
    ip link add bridge type bridge
    mkdir /mnt/{lower,upper,work,merged}
    mount -t overlay overlay -o lowerdir=/mnt/lower,upperdir=/mnt/upper,workdir=/mnt/work /mnt/merged
  ' 2>&1) || lacks "root may not make namespaces, links or mounts here: $reason"
  grep -q ' - cgroup cgroup rw,.*memory' /proc/self/mountinfo || lacks "the control groups are of version 2, or cannot be written to, and this cluster is made for version 1: name another cluster by KUBECONFIG"
  memory=$(awk '$1 == "MemAvailable:" { print int($2 / 1024) }' /proc/meminfo)
  [ "$memory" -ge 2000 ] || lacks "$memory MiB of memory are free, and the cluster needs 2000"
fi
exit "$missing"
