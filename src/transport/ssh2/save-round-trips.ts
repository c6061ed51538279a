import type { Client } from 'ssh2';
import type { Identity } from '../key-ring.ts';

/** What ssh2's clients are made of, as far as it is changed here. None of it is promised by ssh2. */
interface Internals {
  readonly _protocol?: {
    authPK?: (user: string, key: PublicKey, algorithm: string | undefined, sign?: Sign) => void;
    service?: (name: string) => void;
    readonly _handlers?: {
      GLOBAL_REQUEST?: (...words: GlobalRequest) => void;
      SERVICE_ACCEPT?: ServiceAccept | undefined;
    };
  };
}

interface PublicKey {
  getPublicSSH(): Buffer;
}

type Sign = (data: Buffer, done: (signature: Buffer) => void) => void;
type ServiceAccept = (protocol: unknown, name: string) => void;
type GlobalRequest = readonly [protocol: unknown, name: string, wantsReply: boolean, data: unknown];

const PROVE_HOST_KEYS = 'hostkeys-00@openssh.com';
const LOGIN = 'ssh-userauth';

/**
 * Spares a client that has begun to connect three questions that ssh2 asks every host. A key that needs no passphrase
 * and lies in our own hands is offered with its signature, instead of asking first whether the host would take it: one
 * round trip. The first key goes out before the host has said that it is ready for a login: one more. And a host is not asked to prove keys that it may show some other time, which costs it a signature with
 * each of them: what is trusted is the key that it has shown. An ssh2 that is made otherwise asks as before.
 */
export function saveRoundTrips(client: Client, identities: readonly Identity[]): void {
  const { _protocol: protocol } = client as unknown as Internals;
  if (protocol === undefined) return;
  const { authPK: ask, _handlers: handlers } = protocol;
  if (typeof ask === 'function') {
    protocol.authPK = (user, key, algorithm, sign) => {
      const identity = sign === undefined ? openIdentity(identities, key) : undefined;
      if (identity === undefined) {
        ask.call(protocol, user, key, algorithm, sign);
        return;
      }
      ask.call(protocol, user, key, algorithm, (data, done) => {
        // What cannot be signed after all is asked about, and ends as it does then.
        identity.sign(data, hashOf(algorithm)).then(done, () => ask.call(protocol, user, key, algorithm));
      });
    };
  }
  const { service, _handlers: { SERVICE_ACCEPT: begin } = {} } = protocol;
  if (typeof service === 'function' && handlers !== undefined && typeof begin === 'function') {
    protocol.service = (name) => {
      service.call(protocol, name);
      if (name !== LOGIN || !mayGoFirst(identities[0])) return;
      begin(protocol, name);
      // By the time that the host says so the login is under way.
      handlers.SERVICE_ACCEPT = () => undefined;
    };
  }
  const answer = handlers?.GLOBAL_REQUEST;
  if (handlers !== undefined && typeof answer === 'function') {
    handlers.GLOBAL_REQUEST = (...request) => {
      const [, name, wantsReply] = request;
      if (name !== PROVE_HOST_KEYS || wantsReply) answer(...request);
    };
  }
}

/** What an RSA key signs with is the host's choice, which it may tell until it is ready. */
function mayGoFirst(identity: Identity | undefined): boolean {
  return (
    identity !== undefined &&
    !identity.fromAgent &&
    !identity.isLocked &&
    identity.publicKey.type !== 'ssh-rsa'
  );
}

/** Signing with an agent's key may wait for a person, and with a locked one asks for a passphrase. */
function openIdentity(identities: readonly Identity[], key: PublicKey): Identity | undefined {
  const wanted = key.getPublicSSH();
  return identities.find(
    ({ fromAgent, isLocked, publicKey }) =>
      !fromAgent && !isLocked && publicKey.getPublicSSH().equals(wanted),
  );
}

/** RSA keys sign with the hash that the algorithm names; the others have one of their own. */
function hashOf(algorithm: string | undefined): string | undefined {
  if (algorithm === 'ssh-rsa') return 'sha1';
  return algorithm?.startsWith('rsa-sha2-') ? algorithm.replace('rsa-sha2-', 'sha') : undefined;
}
