import { warned } from './key.ts';

const NAMES = `
  etcd alpine nginx_proxy cert_downloader kubernetes_services_sidecar kubedns dnsmasq kubedns_sidecar
  kubedns_autoscaler coredns coredns_autoscaler nodelocal kubernetes flannel flannel_cni calico_node calico_cni
  calico_controllers calico_ctl calico_flexvol canal_node canal_cni canal_controllers canal_flannel canal_flexvol
  weave_node weave_cni pod_infra_container ingress ingress_backend ingress_webhook metrics_server
  windows_pod_infra_container aci_cni_deploy_container aci_host_container aci_opflex_container aci_mcast_container
  aci_ovs_container aci_controller_container aci_gbp_server_container aci_opflex_server_container
`;

/** The keys of config.yaml that choose the image of one component. */
const IMAGE_KEYS: Readonly<Record<string, string>> = {
  etcd: 'etcd-image',
  kubernetes: 'kube-apiserver-image',
  pod_infra_container: 'pause-image',
};

const WHY =
  'RKE1’s images do not fit RKE2; its own follow from the version, and the release’s bundle holds them: RKE2’s runtime, Kubernetes, etcd, pause, CoreDNS with autoscaler and node cache, metrics-server, the CNI, the ingress controller, snapshot-controller and the Helm job.';

const INSTEAD =
  'Leave it out. A registry of yours that holds RKE2’s images: `private_registries` with `is_default: true`; another image of one component: `rke2.server.etcd-image`, `kube-apiserver-image`, `pause-image` and the like.';

/** RKE1's images: one word about all of them, with a row for each. */
export const SystemImagesSection = warned(
  { description: 'The images that RKE1 ran, one by one.', why: WHY, instead: INSTEAD },
  Object.fromEntries(
    NAMES.trim()
      .split(/\s+/)
      .map((name) => {
        const key = IMAGE_KEYS[name];
        return [
          name,
          warned({
            description: `RKE1’s image ${name}.`,
            why: WHY,
            instead:
              key === undefined
                ? 'Leave the key out.'
                : `Leave it out; \`rke2.server.${key}\` takes an image made for RKE2.`,
          }),
        ];
      }),
  ),
);
