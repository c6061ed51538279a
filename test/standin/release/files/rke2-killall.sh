#!/bin/sh
# Ends everything RKE2 runs on this host and takes its mounts, interfaces and packet filter rules away. Data stays.
# Errors are passed over: what is not there need not go.

if [ "$(id -u)" -ne 0 ]; then
  echo "rke2-killall.sh: must be run as root" >&2
  exit 1
fi

RKE2_DATA_DIR="${RKE2_DATA_DIR:-/var/lib/rancher/rke2}"
PATH="$PATH:$RKE2_DATA_DIR/bin"

# Process ids of the containers' parents: their command line starts with a shim of one of the staged releases.
shims() {
  for entry in /proc/[0-9]*; do
    words=$(tr '\0' ' ' <"$entry/cmdline" 2>/dev/null) || continue
    case "$words" in
      "$RKE2_DATA_DIR"/data/*/bin/containerd-shim*) echo "${entry#/proc/}" ;;
    esac
  done
}

# A process and all below it, parents first.
family() {
  for id in "$@"; do
    echo "$id"
    family $(cat "/proc/$id/task/$id/children" 2>/dev/null)
  done
}

# Unmounts everything at or below a path prefix, the innermost first, and removes the mount points.
unmount_below() {
  awk -v prefix="$1" 'index($2, prefix) == 1 { print $2 }' /proc/self/mounts | sort -r | while read -r point; do
    umount -- "$point" && rm -rf --one-file-system -- "$point"
  done
}

drop_rules() {
  "$1"-save | grep -v -e KUBE- -e CNI- -e cali- -e cali: -e CILIUM_ -e flannel | "$1"-restore
}

set -x

systemctl stop rke2-server.service
systemctl stop rke2-agent.service

victims=$(family $(shims))
[ -z "$victims" ] || kill -9 $victims 2>/dev/null

unmount_below /run/k3s
unmount_below /var/lib/kubelet/pods
unmount_below /run/netns/cni-

for member in /sys/class/net/cni0/brif/*; do
  [ -e "$member" ] && ip link delete "${member##*/}"
done
for device in cni0 flannel.1 flannel.4096 flannel-v6.1 flannel-v6.4096 flannel-wg flannel-wg-v6 \
  vxlan.calico vxlan-v6.calico cilium_vxlan cilium_net cilium_wg0 kube-ipvs0 nodelocaldns; do
  [ -e "/sys/class/net/$device" ] && ip link delete "$device"
done

for pod in etcd kube-apiserver kube-controller-manager cloud-controller-manager kube-scheduler kube-proxy; do
  rm -f "$RKE2_DATA_DIR/agent/pod-manifests/$pod.yaml"
done

drop_rules iptables
drop_rules ip6tables

set +x
exit 0
