import { CIS_SYSCTLS } from '../../rke2/requirements.ts';
import { isServer } from '../../rke2/roles.ts';
import { type Complaint, hostCheck } from './check.ts';

/** With a CIS profile RKE2 refuses to start until the host is prepared for it. */
export const cisPreparation = hostCheck('cis-preparation', 'error', ({ facts, node }, { cluster }) => {
  const server = isServer(node.roles);
  const profile = (server ? cluster.rke2.server : cluster.rke2.agent)['profile'];
  if (typeof profile !== 'string' || profile === '') return null;
  const complaints: Complaint[] = [];
  const wrong = Object.entries(CIS_SYSCTLS).filter(([name, value]) => (facts.sysctls[name] ?? '') !== value);
  if (profile.startsWith('cis') && wrong.length > 0 && !cluster.prepare.includes('cis-sysctl')) {
    const found = wrong.map(
      ([name, value]) => `${name} is ${facts.sysctls[name] ?? 'unknown'}, not ${value}`,
    );
    complaints.push({
      message: `\`profile: ${profile}\` demands kernel parameters that are not set: ${found.join('; ')}. RKE2 will not start.`,
      hint: 'Write `prepare: [cis-sysctl]` to have them set, or set them yourself in /etc/sysctl.d/60-rke2-cis.conf.',
    });
  }
  if (server && !facts.users.etcd && !cluster.prepare.includes('cis-user')) {
    complaints.push({
      message: `\`profile: ${profile}\` runs etcd as user etcd, and the host has no such user and group. RKE2 will not start.`,
      hint: 'Write `prepare: [cis-user]` to have them made, or run `useradd -r -c "etcd user" -s /sbin/nologin -M etcd -U`.',
    });
  }
  return complaints;
});
