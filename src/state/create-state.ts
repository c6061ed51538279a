import { Secret } from '../domain/secret.ts';
import type { State } from '../domain/state.ts';

/** Gives that many random bytes, good enough for keys: `node:crypto`'s `randomBytes`, or fixed ones in tests. */
export type RandomSource = (size: number) => Uint8Array;

/** Of every token; RKE2 itself takes 16. */
const TOKEN_BYTES = 32;

/**
 * The state of a cluster that does not exist yet: a new identity and two new tokens, nothing applied. Only for a file
 * without state whose hosts carry no marker; anywhere else it would be a second cluster on top of the first. Tokens are
 * hex, so that no quoting, no YAML and no `::` of a full token can bend them.
 */
export function createState(clusterName: string, random: RandomSource): State {
  const secrets = createTokens(random);
  return {
    schemaVersion: 1,
    clusterId: hex(random(16)),
    clusterName,
    serial: 0,
    version: null,
    bootstrapNodeId: null,
    caHash: null,
    desired: null,
    removing: false,
    nodes: {},
    addons: {},
    secrets,
  };
}

/** A server token and an agent token that nobody has had before. */
export function createTokens(random: RandomSource): {
  readonly serverToken: Secret;
  readonly agentToken: Secret;
} {
  const serverToken = hex(random(TOKEN_BYTES));
  const agentToken = hex(random(TOKEN_BYTES));
  // An agent that knew the server token could open the bootstrap data, CA keys and all.
  if (serverToken === agentToken) throw new Error('the random source gave the same bytes twice');
  return { serverToken: new Secret(serverToken), agentToken: new Secret(agentToken) };
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}
