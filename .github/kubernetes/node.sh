#!/usr/bin/env bash
# node.sh is process 1 of the node's namespaces, which cluster.sh makes. When it ends, the kernel ends all the others.
set -euo pipefail
state=$RUN/state logs=$RUN/logs socket=/run/containerd/containerd.sock
export KUBECONFIG=$RUN/kubeconfig
trap 'exit 0' TERM INT

# directories gives the node file systems of its own, which end with its mount namespace. Each is a file system by
# itself, since the kubelet cannot tell apart two parts of one.
directories() {
  hostname plimsoll-node
  mount --make-rshared /
  mount -t tmpfs -o size=4g,mode=755 state "$state"
  mkdir -p "$state"/{kubelet,pods,cni,tmp,pki,etcd,containerd,plugins}
  local at
  for at in /run /var/lib/cni /var/lib/kubelet /var/log/containers; do
    mkdir -p "$at"
    mount -t tmpfs -o mode=755 "${at##*/}" "$at"
  done
  export TMPDIR=$state/tmp
}

# groups mounts the control groups anew. In the node's namespace of groups their root is the group of whoever started
# the cluster, so that pods stay within that one's limits.
groups() {
  local version1 options at group
  version1=$(sed -n 's/^.* - cgroup cgroup rw,//p' /proc/self/mountinfo)
  mount -t tmpfs -o mode=755 cgroup /sys/fs/cgroup
  for options in $version1; do
    at=/sys/fs/cgroup/${options##*name=}
    case $options in *name=*) options=none,$options ;; esac
    mkdir "$at"
    mount -t cgroup -o "$options" cgroup "$at"
    for group in "$NAME" "$NAME/system"; do
      mkdir -p "$at/$group"
      if [ -e "$at/cpuset.cpus" ]; then
        cat "$at/cpuset.cpus" >"$at/$group/cpuset.cpus"
        cat "$at/cpuset.mems" >"$at/$group/cpuset.mems"
      fi
    done
    echo 0 >"$at/$NAME/system/cgroup.procs"
  done
}

# settings shows the kubelet the kernel's settings as it would set them, so that it sets none. Only this mount namespace
# sees them; the machine keeps its own.
settings() {
  mkdir /run/settings
  local one name
  for one in vm/overcommit_memory=1 vm/panic_on_oom=0 kernel/panic=10 kernel/panic_on_oops=1 kernel/keys/root_maxkeys=1000000 kernel/keys/root_maxbytes=25000000; do
    name=${one%=*}
    echo "${one#*=}" >"/run/settings/${name//\//.}"
    mount --bind "/run/settings/${name//\//.}" "/proc/sys/$name"
  done
}

# network makes a bridge that holds the link to the machine and those of the pods.
network() {
  ip link set lo up
  until ip link show node >/dev/null 2>&1; do sleep 0.02; done
  ip link add pods address 0a:58:00:00:00:02 type bridge
  ip link set node master pods
  ip link set node up
  ip addr add "$NET.2/24" dev pods
  ip link set pods up
  cat >"$state/cni/10-pods.conflist" <<END
{"cniVersion": "0.4.0", "name": "pods", "plugins": [{"type": "bridge", "bridge": "pods", "isGateway": false, "ipMasq": false,
 "ipam": {"type": "host-local", "dataDir": "/run/addresses", "ranges": [[{"subnet": "$NET.0/24", "rangeStart": "$NET.16", "rangeEnd": "$NET.250"}]]}}]}
END
}

# containers starts containerd and gives it the images. restrict_oom_score_adj: root may lack CAP_SYS_RESOURCE.
containers() {
  local plugins=/usr/lib/cni file
  [ -d "$plugins" ] || plugins=/opt/cni/bin
  cat >"$state/containerd.toml" <<END
version = 2
root = "$state/containerd"
state = "/run/containerd"
imports = []
[grpc]
  address = "$socket"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "plimsoll.test/pause:1"
  stream_server_address = "127.0.0.1"
  tolerate_missing_hugetlb_controller = true
  disable_hugetlb_controller = true
  disable_apparmor = true
  restrict_oom_score_adj = true
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "overlayfs"
    default_runtime_name = "runc"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"
      [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
        SystemdCgroup = false
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "$plugins"
    conf_dir = "$state/cni"
END
  containerd --config "$state/containerd.toml" >"$logs/containerd.log" 2>&1 &
  for file in "$IMAGES"/*.tar; do
    until ctr -a "$socket" -n k8s.io images import "$file" >>"$logs/images.log" 2>&1; do sleep 0.2; done
  done
}

# apiserver starts etcd and the API server, and writes the kubeconfig. The server makes its own certificate.
apiserver() {
  "$KUBERNETES" etcd --data-dir "$state/etcd" --unsafe-no-fsync --log-level warn \
    --listen-client-urls http://127.0.0.1:2379 --advertise-client-urls http://127.0.0.1:2379 --listen-peer-urls http://127.0.0.1:2380 >"$logs/etcd.log" 2>&1 &
  openssl genrsa -out "$state/pki/accounts.key" 2048 2>/dev/null
  openssl rsa -in "$state/pki/accounts.key" -pubout -out "$state/pki/accounts.pub" 2>/dev/null
  local token
  token=$(openssl rand -hex 16)
  echo "$token,admin,admin,system:masters" >"$state/pki/tokens.csv"
  "$KUBERNETES" kube-apiserver --etcd-servers=http://127.0.0.1:2379 --bind-address=0.0.0.0 --secure-port=6443 --advertise-address="$NET.2" \
    --cert-dir="$state/pki" --service-cluster-ip-range=10.252.0.0/24 --service-account-issuer=https://kubernetes.default.svc \
    --service-account-key-file="$state/pki/accounts.pub" --service-account-signing-key-file="$state/pki/accounts.key" \
    --token-auth-file="$state/pki/tokens.csv" --authorization-mode=RBAC --kubelet-preferred-address-types=InternalIP --profiling=false \
    >"$logs/kube-apiserver.log" 2>&1 &
  local server=$!
  until [ -s "$state/pki/apiserver.crt" ]; do
    kill -0 "$server"
    sleep 0.05
  done
  cp "$state/pki/apiserver.crt" "$RUN/ca.crt"
  (
    umask 077
    cat >"$KUBECONFIG" <<END
apiVersion: v1
kind: Config
clusters: [{name: test, cluster: {server: "https://$NET.2:6443", certificate-authority: "$RUN/ca.crt"}}]
users: [{name: admin, user: {token: "$token"}}]
contexts: [{name: test, context: {cluster: test, user: admin}}]
current-context: test
END
  )
  until curl -fs --cacert "$RUN/ca.crt" -H "Authorization: Bearer $token" "https://$NET.2:6443/readyz" >/dev/null 2>&1; do
    kill -0 "$server"
    sleep 0.1
  done
}

kubelet() {
  cat >"$state/kubelet.yaml" <<END
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
address: $NET.2
readOnlyPort: 0
authentication: {anonymous: {enabled: true}, webhook: {enabled: false}}
authorization: {mode: AlwaysAllow}
cgroupDriver: cgroupfs
cgroupRoot: /$NAME
enforceNodeAllocatable: []
containerRuntimeEndpoint: unix://$socket
failSwapOn: false
failCgroupV1: false
makeIPTablesUtilChains: false
imageGCHighThresholdPercent: 100
evictionHard: {memory.available: "10Mi", nodefs.available: "0%", imagefs.available: "0%", nodefs.inodesFree: "0%", imagefs.inodesFree: "0%"}
volumePluginDir: $state/plugins
resolvConf: ""
podLogsDir: $state/pods
END
  "$KUBERNETES" kubelet --config="$state/kubelet.yaml" --kubeconfig="$KUBECONFIG" --hostname-override=plimsoll-node --node-ip="$NET.2" \
    --root-dir="$state/kubelet" --cert-dir="$state/pki/kubelet" >"$logs/kubelet.log" 2>&1 &
}

controllers() {
  "$KUBERNETES" kube-controller-manager --kubeconfig="$KUBECONFIG" --leader-elect=false --service-account-private-key-file="$state/pki/accounts.key" \
    --root-ca-file="$RUN/ca.crt" --bind-address=127.0.0.1 --cert-dir="$state/pki/controllers" >"$logs/kube-controller-manager.log" 2>&1 &
  "$KUBERNETES" kube-scheduler --kubeconfig="$KUBECONFIG" --leader-elect=false --bind-address=127.0.0.1 --cert-dir="$state/pki/scheduler" >"$logs/kube-scheduler.log" 2>&1 &
}

# ready waits until pods can be started.
ready() {
  local is='{.status.conditions[?(@.type=="Ready")].status}'
  until [ "$("$KUBERNETES" kubectl get node plimsoll-node -o "jsonpath=$is" 2>/dev/null)" = True ]; do sleep 0.2; done
  until "$KUBERNETES" kubectl -n default get serviceaccount default >/dev/null 2>&1; do sleep 0.2; done
}

# The lifeline: when standard input ends, so does the node.
exec 3<&0 </dev/null
{
  cat <&3 >/dev/null
  kill -TERM 1
} &
exec 3<&-

directories
groups
settings
network
containers &
images=$!
apiserver
kubelet
controllers
wait "$images" # containerd goes on without its shell
ready
touch "$RUN/ready"

# From here on process 1 reaps those that have lost their parent, and tells of parts that ended.
while :; do
  wait -n -p ended || true
  if [ -n "${ended:-}" ]; then echo "process $ended has ended"; else sleep 1; fi
done
