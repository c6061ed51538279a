import * as z from 'zod';
import { DEFAULTS } from '../defaults.ts';
import { showValue } from '../finding.ts';
import { findNearestName } from '../nearest-name.ts';
import { checked, text } from '../schema/scalars.ts';
import { ours, own } from './key.ts';

const FIREWALL = ours('which ports are open on the hosts');

const PUBLIC_NAMES = ['api', 'ingress', 'nodeports'];

const PublicSchema = checked(text('must be a name or `port/protocol`'), (entry) => {
  if (PUBLIC_NAMES.includes(entry) || isPortRange(entry)) return null;
  const nearest = findNearestName(entry, PUBLIC_NAMES);
  return {
    message: `${showValue(entry)} is nothing that can be made public.`,
    hint: nearest
      ? `Did you mean \`${nearest}\`?`
      : 'Write `api`, `ingress`, `nodeports`, or a port with its protocol such as `8080/tcp` or `30000-30100/udp`.',
  };
}).meta({ examples: ['8080/tcp'] });

function isPortRange(entry: string): boolean {
  const match = /^(\d{1,5})(?:-(\d{1,5}))?\/(tcp|udp)$/.exec(entry);
  if (!match) return false;
  const first = Number(match[1]);
  const last = Number(match[2] ?? match[1]);
  return first >= 1 && last <= 65535 && first <= last;
}

const FIREWALL_KEYS = {
  provider: own(z.enum(['auto', 'firewalld', 'none'], { error: 'must be `auto`, `firewalld` or `none`' }), {
    description: 'Which firewall the hosts have. `auto`: firewalld where it runs; `none`: it is yours.',
    examples: ['auto'],
    default: `\`${DEFAULTS.firewallProvider}\``,
    becomes: [FIREWALL],
  }),
  zone: own(
    checked(text('must be the name of a zone'), (zone) =>
      /^[\w-]{1,17}$/.test(zone)
        ? null
        : {
            message: `${showValue(zone)} cannot be the name of a firewalld zone.`,
            hint: 'A zone’s name has at most 17 letters, digits, `-` and `_`, such as `public`.',
          },
    ),
    {
      description: 'firewalld zone of the nodes’ interfaces.',
      examples: ['public'],
      default: 'firewalld’s default zone',
      becomes: [FIREWALL],
    },
  ),
  manage: own(z.enum(['open', 'check'], { error: 'must be `open` or `check`' }), {
    description: '`open` opens the ports that the cluster needs, `check` only looks.',
    examples: ['open'],
    default: `\`${DEFAULTS.firewallManage}\``,
    becomes: [FIREWALL],
  }),
  public: own(z.array(PublicSchema, { error: 'must be a list of names and ports' }), {
    description: 'What anybody may reach: `api`, `ingress`, `nodeports`, or ports such as `8080/tcp`.',
    examples: [['api', 'ingress', '8080/tcp']],
    default: `\`[${DEFAULTS.firewallPublic.join(', ')}]\``,
    becomes: [FIREWALL],
  }),
};

/** What rke2ctl does about the hosts' own firewall. */
export const FirewallSchema = z.strictObject(FIREWALL_KEYS, {
  error: 'must be a map with `provider`, `zone`, `manage` and `public`',
});
