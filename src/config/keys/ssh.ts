import * as z from 'zod';
import { DEFAULTS } from '../defaults.ts';
import { checked, DurationSchema, LocalPathSchema } from '../schema/scalars.ts';
import { ours, own } from './key.ts';

const SSH = ours('how SSH is done');

const SSH_KEYS = {
  host_keys: own(z.enum(['strict', 'accept-new'], { error: 'must be `strict` or `accept-new`' }), {
    description:
      '`strict`: a host must be in known_hosts; `accept-new`: its key is written there at first contact. A changed key always stops.',
    examples: ['accept-new'],
    default: `\`${DEFAULTS.hostKeys}\``,
    becomes: [SSH],
  }),
  known_hosts: own(LocalPathSchema, {
    description: 'The known_hosts file.',
    examples: ['./known_hosts'],
    default: `\`~/${DEFAULTS.knownHosts}\``,
    becomes: [SSH],
  }),
  client: own(z.enum(['ssh2', 'openssh'], { error: 'must be `ssh2` or `openssh`' }), {
    description:
      '`ssh2` is built in; `openssh` runs this machine’s own ssh, so that all of ~/.ssh/config holds.',
    examples: ['openssh'],
    default: `\`${DEFAULTS.sshClient}\``,
    becomes: [SSH],
  }),
  connect_timeout: own(
    checked(DurationSchema, (time) =>
      Number.parseFloat(String(time)) !== 0
        ? null
        : {
            message: 'A `connect_timeout` of 0 would give up before any host can answer.',
            hint: 'Write a time such as `10s`, or leave the key out.',
          },
    ),
    {
      description: 'How long a host may take to answer.',
      examples: ['10s'],
      default: `\`${DEFAULTS.connectTimeoutMs / 1000}s\``,
      becomes: [SSH],
    },
  ),
  keepalive: own(DurationSchema, {
    description: 'How often a silent connection is asked whether it still lives; 0 never asks.',
    examples: ['15s'],
    default: `\`${DEFAULTS.keepaliveMs / 1000}s\``,
    becomes: [SSH],
  }),
};

/** How SSH is done, for all hosts alike. */
export const SshSchema = z.strictObject(SSH_KEYS, {
  error: 'must be a map with `host_keys`, `known_hosts`, `client`, `connect_timeout` and `keepalive`',
});
