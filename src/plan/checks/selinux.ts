import { isServer } from '../../rke2/roles.ts';
import { hostCheck } from './check.ts';
import { installCommand } from './install-command.ts';

/** On a host that enforces SELinux RKE2 needs its policy, and from the tarball also to be told. */
export const selinux = hostCheck('selinux', 'warning', ({ facts, node }, { cluster }) => {
  if (facts.selinux !== 'enforcing') return null;
  if (!facts.rke2Selinux) {
    return {
      message:
        'SELinux is enforcing and the policy for RKE2 (package rke2-selinux) is not installed: its containers fail or run unconfined.',
      hint: `Add Rancher’s RPM repository and run \`${installCommand(facts, 'rke2-selinux container-selinux')}\`.`,
    };
  }
  const side = isServer(node.roles) ? 'server' : 'agent';
  if (cluster.install.package === 'rpm' || cluster.rke2[side]['selinux'] === true) return null;
  return {
    message:
      'SELinux is enforcing, but RKE2 from the tarball does not know: its containers would run unconfined.',
    hint: 'Write `selinux: true` at the top of cluster.yml.',
  };
});
