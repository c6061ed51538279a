/** Names of the network interfaces that RKE2's CNIs, kube-proxy and its DNS cache make; `rke2-killall.sh` deletes them. */
export const CNI_INTERFACE =
  /^(cni\d|flannel|cali|tunl0|vxlan\.calico|vxlan-v6\.calico|wireguard\.cali|wg-v6\.cali|cilium_|lxc|kube-ipvs0|nodelocaldns)/;
