import { connect as dial } from 'node:net';
import type { Duplex } from 'node:stream';
import type { AnyAuthMethod, Client, ConnectConfig } from 'ssh2';
import ssh2 from 'ssh2';
import type { SshSettings } from '../../domain/cluster.ts';
import { CancelledError, type Rke2ctlError } from '../../domain/errors.ts';
import { authFailed, connectFailed } from '../connect-errors.ts';
import { findIdentities, type Identities } from '../find-identities.ts';
import type { HostKeys } from '../host-keys.ts';
import type { KeyRing } from '../key-ring.ts';
import { fingerprintKey } from '../known-hosts.ts';
import type { SshHost } from '../ssh-host.ts';
import { classifyError } from './classify-error.ts';
import { IdentityAgent } from './identity-agent.ts';
import { joinWrites } from './join-writes.ts';
import { quickenExchange, quickenVerify } from './quicken-exchange.ts';
import { quickenPadding } from './quicken-padding.ts';
import { saveRoundTrips } from './save-round-trips.ts';

/** What every ssh2 connection of a run shares. */
export interface Ssh2Deps {
  readonly settings: Pick<SshSettings, 'connectTimeoutMs' | 'keepaliveMs'>;
  readonly hostKeys: HostKeys;
  readonly keyRing: KeyRing;
  /** SSH_AUTH_SOCK, if there is an agent. */
  readonly agentSocket: string | null;
}

/** A client that has logged in. */
export interface OpenedClient {
  readonly client: Client;
  /** What it goes over. */
  readonly socket: Duplex;
  /** SHA256 fingerprint of the key that the host showed. */
  readonly hostKey: string;
}

/** AES-128-GCM moves the most on machines with AES instructions (measured half as much again as ssh2's first choice). */
const CIPHERS = [
  'aes128-gcm@openssh.com',
  'aes256-gcm@openssh.com',
  'chacha20-poly1305@openssh.com',
  'aes128-ctr',
  'aes256-ctr',
] as const;

/** With fewer a loaded host looks dead; with more a dead one looks alive for minutes. */
const KEEPALIVES_UNANSWERED = 4;

/**
 * Connects and logs in, directly or through `via`, the channel that a bastion opened. Rejects with ConnectError,
 * AuthError, HostKeyError or CancelledError.
 */
export async function openClient(
  host: SshHost,
  via: Duplex | null,
  deps: Ssh2Deps,
  signal: AbortSignal | undefined,
): Promise<OpenedClient> {
  const identities = await findIdentities(host.auth, deps);
  if (identities.usable.length === 0) throw authFailed(host, attemptOf(identities, [], [], ''));
  const algorithms = await deps.hostKeys.algorithms(host.hostKeyName);
  if (signal?.aborted) throw new CancelledError();
  return new Login(host, deps, identities).open(
    {
      // Without noDelay whatever takes two packets waits some 40 ms for the host's delayed acknowledgement (Nagle).
      sock: via ?? joinWrites(dial({ host: host.address, port: host.port, noDelay: true })),
      username: host.user,
      algorithms: { cipher: [...CIPHERS], serverHostKey: [...algorithms] },
      keepaliveInterval: deps.settings.keepaliveMs,
      keepaliveCountMax: KEEPALIVES_UNANSWERED,
      readyTimeout: 0, // ours stands still while a person types a passphrase
    },
    signal,
  );
}

function attemptOf(
  identities: Identities,
  problems: readonly Rke2ctlError[],
  accepted: readonly string[],
  detail: string,
): Parameters<typeof authFailed>[1] {
  return {
    offered: identities.usable.map((identity) => identity.label),
    problems: [...identities.problems, ...problems],
    accepted,
    detail,
  };
}

/** One attempt to log in, from the first packet to 'ready' or the reason why not. */
class Login {
  readonly #host: SshHost;
  readonly #deps: Ssh2Deps;
  readonly #identities: Identities;
  readonly #client: Client = new ssh2.Client();
  readonly #signingProblems: Rke2ctlError[] = [];
  #hostKey = '';
  /** What the host has shown, once it may be trusted. */
  #trusted: Buffer | null = null;
  #accepted: readonly string[] = [];
  #timer: NodeJS.Timeout | undefined;
  /** What a client says later is not about its login: the end of its connection, an exchange of new keys. */
  #isOver = false;
  #reject: (error: unknown) => void = () => undefined;

  constructor(host: SshHost, deps: Ssh2Deps, identities: Identities) {
    this.#host = host;
    this.#deps = deps;
    this.#identities = identities;
  }

  async open(
    config: ConnectConfig & { readonly sock: Duplex },
    signal: AbortSignal | undefined,
  ): Promise<OpenedClient> {
    const onAbort = (): void => this.#reject(new CancelledError());
    signal?.addEventListener('abort', onAbort, { once: true });
    try {
      await new Promise<void>((resolve, reject) => {
        this.#reject = reject;
        this.#listen(resolve);
        this.#startTimer();
        this.#client.connect({
          ...config,
          authHandler: this.#authHandler(),
          hostVerifier: (key: Buffer, verify: (valid: boolean) => void) => this.#verify(key, verify),
        });
        quickenExchange(this.#client);
        quickenPadding(this.#client);
        saveRoundTrips(this.#client, this.#identities.usable);
      });
    } catch (error) {
      this.#client.destroy();
      throw error;
    } finally {
      this.#isOver = true;
      clearTimeout(this.#timer);
      signal?.removeEventListener('abort', onAbort);
    }
    return { client: this.#client, socket: config.sock, hostKey: this.#hostKey };
  }

  #listen(resolve: () => void): void {
    // This listener stays for the client's whole life: an error without one would end the program.
    this.#client.on('error', (error) => this.#fail(error));
    this.#client.on('close', () => {
      if (!this.#isOver) this.#fail(new Error('Connection closed before login'));
    });
    this.#client.on('handshake', () => {
      quickenPadding(this.#client);
      this.#startTimer();
    });
    this.#client.on('ready', resolve);
  }

  #startTimer(): void {
    if (this.#isOver) return;
    clearTimeout(this.#timer);
    const ms = this.#deps.settings.connectTimeoutMs;
    this.#timer = setTimeout(
      () => this.#reject(connectFailed('connect-timeout', this.#host, `no answer within ${ms / 1000} s`)),
      ms,
    );
  }

  #fail(error: Error): void {
    if (this.#isOver) return;
    const level = 'level' in error ? error.level : undefined;
    if (level === 'agent') return; // one key could not sign; the next one is tried
    const isAuth =
      level === 'client-authentication' || /too many authentication failures/i.test(error.message);
    if (isAuth) {
      this.#reject(
        authFailed(
          this.#host,
          attemptOf(this.#identities, this.#signingProblems, this.#accepted, error.message),
        ),
      );
      return;
    }
    this.#reject(connectFailed(classifyError(error), this.#host, error.message, error));
  }

  #verify(key: Buffer, verify: (valid: boolean) => void): void {
    if (this.#trusted !== null) {
      // Keys are exchanged anew while a connection lasts, always with the same host. Judged at once: what is written while
      // ssh2 waits for an answer then goes out with a broken head, and the host hangs up.
      verify(this.#trusted.equals(key));
      return;
    }
    const shown = Buffer.from(key);
    this.#hostKey = fingerprintKey(key);
    quickenVerify(key);
    const owner = { name: this.#host.hostKeyName, target: this.#host.target };
    this.#deps.hostKeys.check(owner, key).then(
      () => {
        this.#trusted = shown;
        verify(true);
      },
      (error: unknown) => {
        this.#reject(error);
        verify(false);
      },
    );
  }

  /** One method in truth: our own agent, which holds every key. */
  #authHandler(): NonNullable<ConnectConfig['authHandler']> {
    const agent = new IdentityAgent(this.#identities.usable, {
      began: () => clearTimeout(this.#timer),
      ended: (error) => {
        this.#startTimer();
        if (error !== null && 'hint' in error) this.#signingProblems.push(error as Rke2ctlError);
      },
    });
    // After the keys comes `none`, which never succeeds, but makes the host tell what it would accept.
    const methods: AnyAuthMethod[] = [
      { type: 'agent', username: this.#host.user, agent },
      { type: 'none', username: this.#host.user },
    ];
    return (authsLeft, _partial, next) => {
      this.#accepted = authsLeft ?? [];
      const method = methods.shift();
      if (method === undefined) return false; // ends the attempts; the types leave that out
      next(method);
      return undefined;
    };
  }
}
