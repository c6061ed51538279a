import { clusterAddress } from '../../domain/node-identity.ts';
import { clusterCheck } from './check.ts';
import { findDuplicates } from './duplicates.ts';

/** The address at which the other nodes reach a node must be its alone. */
export const uniqueAddress = clusterCheck('unique-address', 'error', (input) =>
  findDuplicates(
    input,
    (host) => [clusterAddress(host.node, host.facts)],
    (address, labels) => ({
      message: `${labels} would all be reached by the other nodes at ${address}, and only one of them can answer there.`,
      hint: 'Give each its own `internal_address` in the file: the address by which the nodes see each other.',
    }),
  ),
);
