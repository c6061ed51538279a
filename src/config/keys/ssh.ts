import * as z from 'zod';
import { checked, DurationSchema, LocalPathSchema } from '../schema/scalars.ts';

/** How SSH is done, for all hosts alike. */
export const SshSchema = z.strictObject(
  {
    host_keys: z
      .enum(['strict', 'accept-new'], { error: 'must be `strict` or `accept-new`' })
      .meta({
        description:
          '`strict`: a host must be in known_hosts; `accept-new`: its key is written there at first contact. A changed key always stops. Default accept-new.',
        examples: ['accept-new'],
      })
      .optional(),
    known_hosts: LocalPathSchema.meta({
      description: 'The known_hosts file. Default ~/.ssh/known_hosts.',
      examples: ['./known_hosts'],
    }).optional(),
    client: z
      .enum(['ssh2', 'openssh'], { error: 'must be `ssh2` or `openssh`' })
      .meta({
        description:
          '`ssh2` is built in; `openssh` runs this machine’s own ssh, so that all of ~/.ssh/config holds. Default ssh2.',
        examples: ['openssh'],
      })
      .optional(),
    connect_timeout: checked(DurationSchema, (time) =>
      Number.parseFloat(String(time)) !== 0
        ? null
        : {
            message: 'A `connect_timeout` of 0 would give up before any host can answer.',
            hint: 'Write a time such as `10s`, or leave the key out.',
          },
    )
      .meta({
        description: 'How long a host may take to answer. Default 10s.',
        examples: ['10s'],
      })
      .optional(),
    keepalive: DurationSchema.meta({
      description:
        'How often a silent connection is asked whether it still lives; 0 never asks. Default 15s.',
      examples: ['15s'],
    }).optional(),
  },
  { error: 'must be a map with `host_keys`, `known_hosts`, `client`, `connect_timeout` and `keepalive`' },
);
