import * as z from 'zod';
import { refused, warned } from './key.ts';

/** RKE1's choice of authorization; RKE2 leaves none. */
export const AuthorizationSchema = z.strictObject(
  {
    mode: refused({
      description: 'How requests are authorized: `rbac` or `none`.',
      why: 'RKE2 always authorizes by Node and RBAC, and lets nobody do everything.',
      instead: 'Write `rbac`, or leave the key out; who may do what is said by Roles and their bindings.',
      harmless: ['rbac'],
    }),
    options: warned({
      description: 'Options of authorization, which RKE1 did not read.',
      why: 'There is nothing that it would set.',
      instead: 'Leave the key out.',
    }),
  },
  { error: 'must be a map with `mode`' },
);
