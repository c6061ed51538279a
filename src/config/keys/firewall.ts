import * as z from 'zod';
import { showValue } from '../finding.ts';
import { findNearestName } from '../nearest-name.ts';
import { checked, text } from '../schema/scalars.ts';

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

/** What rke2ctl does about the hosts' own firewall. */
export const FirewallSchema = z.strictObject(
  {
    provider: z
      .enum(['auto', 'firewalld', 'none'], { error: 'must be `auto`, `firewalld` or `none`' })
      .meta({
        description: 'Which firewall the hosts have. Default auto: firewalld where it runs.',
        examples: ['auto'],
      })
      .optional(),
    zone: checked(text('must be the name of a zone'), (zone) =>
      /^[\w-]{1,17}$/.test(zone)
        ? null
        : {
            message: `${showValue(zone)} cannot be the name of a firewalld zone.`,
            hint: 'A zone’s name has at most 17 letters, digits, `-` and `_`, such as `public`.',
          },
    )
      .meta({
        description: 'firewalld zone of the nodes’ interfaces. Default: its default zone.',
        examples: ['public'],
      })
      .optional(),
    manage: z
      .enum(['open', 'check'], { error: 'must be `open` or `check`' })
      .meta({
        description: '`open` opens the ports that the cluster needs, `check` only looks. Default open.',
        examples: ['open'],
      })
      .optional(),
    public: z
      .array(PublicSchema, { error: 'must be a list of names and ports' })
      .meta({
        description:
          'What anybody may reach: `api`, `ingress`, `nodeports`, or ports such as `8080/tcp`. Default: the three names.',
        examples: [['api', 'ingress', '8080/tcp']],
      })
      .optional(),
  },
  { error: 'must be a map with `provider`, `zone`, `manage` and `public`' },
);
