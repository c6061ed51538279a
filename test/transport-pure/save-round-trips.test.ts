import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { connect as dial } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client, Connection } from 'ssh2';
import ssh2 from 'ssh2';
import { describe, expect, it } from 'vitest';
import { Secret } from '../../src/domain/secret.ts';
import { createKeyRing, type Identity, isIdentity } from '../../src/transport/key-ring.ts';
import { IdentityAgent } from '../../src/transport/ssh2/identity-agent.ts';
import { saveRoundTrips } from '../../src/transport/ssh2/save-round-trips.ts';
import { makeSshKey } from '../support/make-ssh-key.ts';

/** As long as a host here may take to begin what it has been told to begin. */
const A_WHILE_MS = 300;

type Service = (name: string) => void;

interface Told {
  /** The host says that it is ready for a login only once it has been asked to log somebody in. */
  readonly ready: 'when asked to log in' | 'late' | 'never';
  /** Which of the requests it lets in, counted from 1. */
  readonly accepts?: number;
  /** Requests before that one are refused only after it has said that it is ready. */
  readonly refusesLate?: boolean;
}

/** What a host saw of a client that logs in. */
interface Seen {
  /** It was asked to log somebody in before it had said that it is ready for that. */
  readonly early: boolean;
  readonly requests: number;
  readonly outcome: 'ready' | string;
}

/** Logs in to a host on loopback with these keys, and what it saw of that. */
async function logIn(
  identities: readonly Identity[],
  { ready, accepts = 1, refusesLate = false }: Told,
): Promise<Seen> {
  const hostKey = makeSshKey().private;
  let isReady = false;
  let early = false;
  let requests = 0;
  const connections = new Set<Connection>();
  const server = new ssh2.Server({ hostKeys: [hostKey] }, (connection) => {
    connections.add(connection);
    connection.on('error', () => undefined);
    const { _protocol: protocol } = connection as unknown as { _protocol: { serviceAccept: Service } };
    const accept = protocol.serviceAccept.bind(protocol);
    const say = (): void => {
      isReady = true;
      accept('ssh-userauth');
    };
    protocol.serviceAccept = () => {
      if (ready === 'late') setTimeout(say, A_WHILE_MS);
    };
    connection.on('authentication', (context) => {
      requests += 1;
      if (!isReady) early = true;
      if (ready === 'when asked to log in' && !isReady) say();
      if (context.method === 'publickey' && requests >= accepts) context.accept();
      else setTimeout(() => context.reject(['publickey']), refusesLate ? 1.5 * A_WHILE_MS : 0);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const client: Client = new ssh2.Client();
  try {
    const outcome = new Promise<string>((resolve) => {
      client.on('ready', () => resolve('ready'));
      client.on('error', (error) => resolve(error.message));
    });
    const methods = [agentOf(identities)];
    client.connect({
      sock: dial({ host: '127.0.0.1', port: (server.address() as AddressInfo).port, noDelay: true }),
      username: 'root',
      hostVerifier: () => true,
      authHandler: (_left, _partial, next) => {
        const agent = methods.shift();
        if (agent === undefined) return false;
        next({ type: 'agent', username: 'root', agent });
        return undefined;
      },
    });
    saveRoundTrips(client, identities);
    const end = await Promise.race([outcome, sleep(4 * A_WHILE_MS, 'nothing happened')]);
    return { early, requests, outcome: end };
  } finally {
    client.destroy();
    for (const connection of connections) connection.end();
    await new Promise<void>((resolve) => server.close(() => resolve()));
  }
}

function agentOf(identities: readonly Identity[]): IdentityAgent {
  return new IdentityAgent(identities, { began: () => undefined, ended: () => undefined });
}

async function identity(type: 'ed25519' | 'ecdsa' | 'rsa', more: Partial<Identity> = {}): Promise<Identity> {
  const { private: key } = makeSshKey(type);
  const read = await createKeyRing(undefined).inline(new Secret(key));
  if (!isIdentity(read)) throw read.error;
  return { ...read, publicKey: read.publicKey, sign: (data, hash) => read.sign(data, hash), ...more };
}

describe('a login', () => {
  it.each(['ed25519', 'ecdsa'] as const)(
    'with an %s key goes out before the host has said that it is ready for one',
    async (type) => {
      const seen = await logIn([await identity(type)], { ready: 'when asked to log in' });
      expect(seen).toEqual({ early: true, requests: 1, outcome: 'ready' });
    },
  );

  it('does not begin anew when the host says late that it is ready', async () => {
    const keys = [await identity('ed25519'), await identity('ecdsa')];
    const seen = await logIn(keys, { ready: 'late', accepts: 2, refusesLate: true });
    expect(seen).toEqual({ early: true, requests: 2, outcome: 'ready' });
  });

  it.each([
    ['an RSA key', () => identity('rsa')],
    ['a key of an agent', () => identity('ed25519', { fromAgent: true })],
    ['a locked key', () => identity('ed25519', { isLocked: true })],
  ] as const)('with %s waits until the host is ready', async (_what, make) => {
    const seen = await logIn([await make()], { ready: 'late' });
    expect(seen).toMatchObject({ early: false, outcome: 'ready' });
    expect(await logIn([await make()], { ready: 'never' })).toMatchObject({ requests: 0 });
  });

  it('goes on with the next key where the host does not take the first', async () => {
    const keys = [await identity('ed25519'), await identity('ecdsa'), await identity('rsa')];
    const seen = await logIn(keys, { ready: 'when asked to log in', accepts: 99 });
    expect(seen.outcome).toBe('All configured authentication methods failed');
    expect(seen.requests).toBeGreaterThanOrEqual(keys.length);
  });
});
