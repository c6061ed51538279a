import { hostCheck } from './check.ts';

/** RKE2 binds a node to `internal_address`, so it must be one of the host's own. */
export const internalAddress = hostCheck('internal-address', 'error', ({ node, facts }) => {
  const wanted = node.internalAddress;
  if (wanted === null || facts.addresses.length === 0) return null;
  if (facts.addresses.some((own) => own.address === wanted)) return null;
  const own = facts.addresses.filter((candidate) => candidate.interface !== 'lo').map((each) => each.address);
  return {
    message: `internal_address ${wanted} is not an address of this host (it has ${own.join(', ') || 'none but loopback'}), and RKE2 could not listen on it.`,
    hint: 'Write one of the host’s own addresses, or put the address on its interface. A public address that NAT sends here belongs into `address`.',
  };
});
