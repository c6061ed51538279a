import * as z from 'zod';
import { mapped, ours, warned } from './key.ts';

/** RKE1's choice of authorization; RKE2 leaves none. */
export const AuthorizationSchema = z.strictObject(
  {
    mode: mapped(
      z.literal('rbac', {
        error: (issue) =>
          issue.input === 'none'
            ? 'must be `rbac`: RKE2 always authorizes by Node and RBAC, and lets nobody do everything'
            : 'must be `rbac`',
      }),
      {
        description: 'RKE2 always authorizes by Node and RBAC.',
        examples: ['rbac'],
        default: '`rbac`',
        becomes: [ours('nothing: it is so anyway')],
      },
    ),
    options: warned({
      description: 'Options of authorization, which RKE1 did not read.',
      why: 'There is nothing that it would set.',
      instead: 'Leave the key out.',
    }),
  },
  { error: 'must be a map with `mode`' },
);
