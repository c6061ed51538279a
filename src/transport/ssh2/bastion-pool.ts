import type { Duplex } from 'node:stream';
import { CancelledError, ConnectError } from '../../domain/errors.ts';
import { retry } from '../../lib/retry.ts';
import { createSemaphore, type Semaphore } from '../../lib/semaphore.ts';
import { onTheWayTo } from '../connect-errors.ts';
import type { SshHost } from '../ssh-host.ts';
import { openClient, type Ssh2Deps } from './open-client.ts';
import { Ssh2Connection } from './ssh2-connection.ts';

/** sshd starts to drop connections that have not logged in yet at ten of them (MaxStartups). */
const HANDSHAKES = 5;

const DROPPED_RETRIES = { attempts: 4, delayMs: 400, maxDelayMs: 3000 };

/** A connection that may be shared; `release` gives it back. */
export interface Lease {
  readonly connection: Ssh2Connection;
  release(): Promise<void>;
}

interface Shared {
  users: number;
  readonly stop: AbortController;
  readonly lease: Promise<Lease>;
}

/**
 * Opens connections, through bastions where there are some. All hosts behind a bastion share one connection to it,
 * which lives as long as one of them does.
 */
export class BastionPool {
  readonly #deps: Ssh2Deps;
  readonly #shared = new Map<string, Shared>();
  readonly #handshakes = new Map<string, Semaphore>();

  constructor(deps: Ssh2Deps) {
    this.#deps = deps;
  }

  /** Connects to `host` through `bastions`, the first of which is reached from here. */
  async open(host: SshHost, bastions: readonly SshHost[], signal: AbortSignal | undefined): Promise<Lease> {
    const way = await this.#share(bastions, signal).catch((error: unknown) => {
      throw onTheWayTo(host.target, error);
    });
    try {
      const connection = await retry(() => this.#connect(host, way?.connection ?? null, bastions, signal), {
        ...DROPPED_RETRIES,
        signal,
        shouldRetry: (error) => error instanceof ConnectError && error.code === 'connection-dropped',
      });
      void connection.gone.then(() => way?.release());
      return { connection, release: () => connection.close() };
    } catch (error) {
      await way?.release();
      throw signal?.aborted ? new CancelledError() : error;
    }
  }

  async #connect(
    host: SshHost,
    way: Ssh2Connection | null,
    bastions: readonly SshHost[],
    signal: AbortSignal | undefined,
  ): Promise<Ssh2Connection> {
    const via = way === null ? null : await this.#forward(way, host, signal);
    try {
      return await this.#handshakesOf(bastions.at(-1) ?? host).run(
        async () => new Ssh2Connection(await openClient(host, via, this.#deps, signal)),
        signal,
      );
    } catch (error) {
      closeQuietly(via);
      throw error;
    }
  }

  async #forward(way: Ssh2Connection, host: SshHost, signal: AbortSignal | undefined): Promise<Duplex> {
    const channel = way.forward(host, this.#deps.settings.connectTimeoutMs);
    channel.then(
      (late) => {
        if (signal?.aborted) closeQuietly(late);
      },
      () => undefined,
    );
    return unlessAborted(channel, signal);
  }

  /** The connection to the last of `bastions`; null when there are none. */
  async #share(bastions: readonly SshHost[], signal: AbortSignal | undefined): Promise<Lease | null> {
    const last = bastions.at(-1);
    if (last === undefined) return null;
    const key = bastions.map((it) => it.target).join(' ');
    const shared = this.#shared.get(key) ?? this.#startSharing(key, last, bastions.slice(0, -1));
    shared.users += 1;
    const release = releaseOnce(async () => {
      shared.users -= 1;
      if (shared.users > 0) return;
      if (this.#shared.get(key) === shared) this.#shared.delete(key);
      shared.stop.abort();
      await shared.lease.then((lease) => lease.release()).catch(() => undefined);
    });
    try {
      const lease = await unlessAborted(shared.lease, signal);
      return { connection: lease.connection, release };
    } catch (error) {
      void release();
      throw error;
    }
  }

  #startSharing(key: string, host: SshHost, before: readonly SshHost[]): Shared {
    const stop = new AbortController();
    const lease = this.open(host, before, stop.signal);
    const shared: Shared = { users: 0, stop, lease };
    this.#shared.set(key, shared);
    const forget = (): void => {
      if (this.#shared.get(key) === shared) this.#shared.delete(key);
    };
    // A bastion that failed or fell is dialled anew by whoever comes next.
    lease.then((it) => it.connection.gone.then(forget), forget);
    return shared;
  }

  #handshakesOf(host: SshHost): Semaphore {
    const key = `${host.address} ${host.port}`;
    const known = this.#handshakes.get(key) ?? createSemaphore(HANDSHAKES);
    this.#handshakes.set(key, known);
    return known;
  }
}

function releaseOnce(release: () => Promise<void>): () => Promise<void> {
  let done: Promise<void> | null = null;
  return () => {
    done ??= release();
    return done;
  };
}

async function unlessAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return work;
  if (signal.aborted) throw new CancelledError();
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(new CancelledError());
    signal.addEventListener('abort', onAbort, { once: true });
    const leave = (): void => signal.removeEventListener('abort', onAbort);
    work.then(
      (value) => {
        leave();
        resolve(value);
      },
      (error: unknown) => {
        leave();
        reject(error);
      },
    );
  });
}

function closeQuietly(stream: Duplex | null): void {
  stream?.on('error', () => undefined);
  stream?.destroy();
}
