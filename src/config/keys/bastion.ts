import * as z from 'zod';
import { HostAddressSchema } from '../schema/addresses.ts';
import { mapped, ours, required, warned } from './key.ts';
import { SSH_LOGIN_KEYS } from './ssh-login.ts';

const BASTION_KEYS = {
  address: required(
    mapped(HostAddressSchema, {
      description: 'Name or IP address of the jump host.',
      examples: ['bastion.example.com'],
      becomes: [ours('the host that SSH goes through')],
    }),
  ),
  ...SSH_LOGIN_KEYS,
  ignore_proxy_env_vars: warned({
    description: 'Took HTTP_PROXY and its like out of RKE1’s environment while it dialled the jump host.',
    why: 'rke2ctl dials SSH directly and never looks at proxy variables.',
    instead: 'Leave the key out; for a proxy before SSH write a `ProxyCommand` in ~/.ssh/config.',
  }),
};

/** One jump host. All but the address falls back to the cluster's own SSH settings. */
const BastionSchema = z
  .strictObject(BASTION_KEYS, { error: 'must be a map with the keys of a jump host' })
  .meta({ examples: [{ address: 'bastion.example.com', user: 'ubuntu' }] });

/** A jump host, or a chain of them from the operator outwards. */
export const BastionChainSchema = z.union([BastionSchema, z.array(BastionSchema)], {
  error: 'must be a jump host (`address`, `user`, …) or a list of them, the one you reach first at the top',
});

export type BastionInput = z.output<typeof BastionSchema>;
