import { hostCheck } from './check.ts';

/** fapolicyd forbids programs that no package brought, which is all that RKE2 unpacks. */
export const fapolicyd = hostCheck('fapolicyd', 'warning', ({ facts }, { cluster }) => {
  // The official script, other than an unpacked tarball, brings its own rules.
  if (!facts.fapolicyd || cluster.install.method === 'script') return null;
  return {
    message:
      'fapolicyd runs: it will not let the programs start that RKE2 unpacks in /var/lib/rancher, unless a rule allows it.',
    hint: 'Put `allow perm=any all : dir=…` for /var/lib/rancher/, /opt/cni/, /run/k3s/ and /var/lib/kubelet/ into /etc/fapolicyd/rules.d/80-rke2.rules, then `fagenrules --load; systemctl restart fapolicyd`.',
  };
});
