import * as z from 'zod';
import { FlagSchema } from '../schema/scalars.ts';
import { config, own } from './key.ts';

/** What is asked of every node's safety. */
export const HARDENING_KEYS = {
  profile: own(z.enum(['cis', 'etcd'], { error: 'must be `cis` or `etcd`' }), {
    description:
      '`cis`: RKE2 checks and hardens every node by the CIS benchmark, and restricts pods; `etcd`: only that etcd runs as a user of its own. The hosts must be prepared for it: `prepare: [cis-sysctl, cis-user]`.',
    examples: ['cis'],
    becomes: [config('profile')],
  }),
  selinux: own(FlagSchema, {
    description:
      'Whether containers are kept apart by SELinux; the hosts need the package rke2-selinux for it.',
    examples: [true],
    default: '`false`; with `install.package: rpm` `true`',
    becomes: [config('selinux')],
  }),
};
