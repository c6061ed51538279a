#!/bin/sh
# Takes RKE2 off this host: everything killall ends, then units, programs, configuration and data.
set -ex

say() {
  echo "[$(date +'%Y-%m-%d %H:%M:%S')] $*"
}

if [ "$(id -u)" -ne 0 ]; then
  say "ERROR: rke2-uninstall.sh: must be run as root" >&2
  exit 1
fi

RKE2_DATA_DIR="${RKE2_DATA_DIR:-/var/lib/rancher/rke2}"
. /etc/os-release

packaged() {
  command -v rpm >/dev/null 2>&1 && rpm -q rke2-common >/dev/null 2>&1
}

# Only SUSE with a read-only or mounted /usr/local, and install.sh's own rewriting, lead elsewhere than to /usr/local.
if [ -z "$INSTALL_RKE2_ROOT" ]; then
  INSTALL_RKE2_ROOT=/usr/local
  if packaged; then
    INSTALL_RKE2_ROOT=/usr
  fi
fi

at_exit() {
  [ $? -eq 0 ] || printf '\033[31mCleanup did not complete successfully\033[0m\n'
}
trap at_exit EXIT

say "Running killall script"
killall_script="$(dirname "$0")/rke2-killall.sh"
if [ -e "$killall_script" ]; then
  "$killall_script"
fi

say "Disabling rke2 services"
for unit in rke2-server rke2-agent; do
  systemctl disable "$unit" || true
  systemctl reset-failed "$unit" || true
done
systemctl daemon-reload

if packaged; then
  yum remove -y "rke2-*"
  rm -f /etc/yum.repos.d/rancher-rke2*.repo
fi

say "Removing rke2 files"
find "$INSTALL_RKE2_ROOT/lib/systemd/system" -name 'rke2-*.service' -delete
find "$INSTALL_RKE2_ROOT/lib/systemd/system" -name 'rke2-*.env' -delete
find /etc/systemd/system -name 'rke2-*.service' -delete
rm -f -- "$INSTALL_RKE2_ROOT/bin/rke2" "$INSTALL_RKE2_ROOT/bin/rke2-killall.sh"
rm -rf -- "$INSTALL_RKE2_ROOT/share/rke2"
rm -rf /etc/rancher/rke2 /etc/rancher/node /etc/cni /opt/cni/bin /var/lib/cni/ /var/log/pods/ /var/log/containers /var/log/calico
rm -d /etc/rancher || true
rm --one-file-system -rf /var/lib/kubelet || true
rm -rf -- "$RKE2_DATA_DIR"
rm -d /var/lib/rancher || true

if [ -f /etc/fapolicyd/rules.d/80-rke2.rules ]; then
  say "Removing fapolicyd rules"
  rm -f /etc/fapolicyd/rules.d/80-rke2.rules
  fagenrules --load
  systemctl try-restart fapolicyd
fi

say "Removing SELinux policy"
semodule -r rke2 || true

say "Cleanup completed successfully"
say "Removing uninstall script"
rm -f -- "$INSTALL_RKE2_ROOT/bin/rke2-uninstall.sh"
