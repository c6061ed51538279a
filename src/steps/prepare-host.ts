import type { Preparation } from '../domain/cluster.ts';
import { CIS_SYSCTL_PATH, INOTIFY_SYSCTL_PATH, NETWORK_MANAGER_PATH } from '../rke2/paths.ts';
import type { StepHandler } from './step-handler.ts';

/** Interfaces of Canal and Calico that NetworkManager must leave alone, as RKE2's known issues list them. */
const UNMANAGED =
  'interface-name:flannel*;interface-name:cali*;interface-name:tunl*;interface-name:vxlan.calico;interface-name:vxlan-v6.calico;interface-name:wireguard.cali;interface-name:wg-v6.cali';

/** Each preparation is a piece of script that looks before it acts; `$1` is the prefix that RKE2 was unpacked to. */
const SCRIPTS: Readonly<Record<Preparation, string>> = {
  'network-manager': `
    if [ ! -f ${NETWORK_MANAGER_PATH} ]; then
      mkdir -p /etc/NetworkManager/conf.d
      printf '[keyfile]\\nunmanaged-devices=%s\\n' '${UNMANAGED}' > ${NETWORK_MANAGER_PATH}
      chmod 0644 ${NETWORK_MANAGER_PATH}
      if systemctl is-active --quiet NetworkManager; then systemctl reload NetworkManager; fi
    fi`,
  'cis-sysctl': `
    if ! cmp -s "$1/share/rke2/rke2-cis-sysctl.conf" ${CIS_SYSCTL_PATH}; then
      cp -f "$1/share/rke2/rke2-cis-sysctl.conf" ${CIS_SYSCTL_PATH}
      sysctl -q -p ${CIS_SYSCTL_PATH}
    fi`,
  'cis-user': `
    getent passwd etcd >/dev/null || useradd -r -c 'etcd user' -s /sbin/nologin -M etcd -U`,
  inotify: `
    printf 'fs.inotify.max_user_instances=8192\\nfs.inotify.max_user_watches=524288\\n' > ${INOTIFY_SYSCTL_PATH}
    sysctl -q -p ${INOTIFY_SYSCTL_PATH}`,
};

/** Changes the host beyond RKE2's own files, exactly as far as the file asks for it under `prepare`. */
export const prepareHost: StepHandler<'prepare-host'> = {
  title: (step) => `prepare the host: ${step.preparations.join(', ')}`,
  run: async ({ node, preparations, prefix }, context) => {
    if (node === null) throw new Error('prepare-host needs a node');
    const script = ['set -e', ...preparations.map((preparation) => SCRIPTS[preparation])].join('\n');
    await context
      .host(node.key)
      .run(script, { args: [prefix], signal: context.signal, what: 'Preparing the host' });
    return 'done';
  },
};
