import type { Duplex } from 'node:stream';
import type { Client, ClientChannel } from 'ssh2';
import { retry } from '../../lib/retry.ts';
import { createSemaphore } from '../../lib/semaphore.ts';
import { connectFailed } from '../connect-errors.ts';
import type { SshHost } from '../ssh-host.ts';
import { classifyError } from './classify-error.ts';
import type { OpenedClient } from './open-client.ts';

/** sshd allows 10 sessions on a connection by default and frees a closed one late. */
const CHANNELS = 4;

/** Longer than sshd takes to free the place of a closed channel. */
const OPEN_RETRIES = { attempts: 8, delayMs: 30, maxDelayMs: 1000 };

/** A logged-in connection: opens channels on it, and tells when it is gone. */
export class Ssh2Connection {
  readonly hostKey: string;
  /** Resolves with the reason when the connection has ended, by whichever side. */
  readonly gone: Promise<string>;
  /** The places for commands; what ends a command takes none. */
  readonly slots = createSemaphore(CHANNELS);
  readonly #client: Client;
  readonly #socket: Duplex;
  #lastError = '';
  #isOpen = true;

  constructor(opened: OpenedClient) {
    this.hostKey = opened.hostKey;
    this.#client = opened.client;
    this.#socket = opened.socket;
    this.#client.on('error', (error) => {
      this.#lastError = error.message;
    });
    this.gone = new Promise((resolve) => {
      this.#client.on('close', () => {
        this.#isOpen = false;
        resolve(this.#lastError);
      });
    });
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  get lastError(): string {
    return this.#lastError;
  }

  /**
   * Starts a line in the login shell. `take` gets the channel at once, since all that a short command has to say, its
   * exit code too, may lie in the packet that opens the channel, and is told to listeners only. Rejects with ssh2's own
   * error; "open failed" has been tried again before.
   */
  exec<T>(line: string, signal: AbortSignal | undefined, take: (channel: ClientChannel) => T): Promise<T> {
    return retry(() => this.#execOnce(line, take), {
      ...OPEN_RETRIES,
      signal,
      shouldRetry: (error) => this.#isOpen && isOpenFailure(error),
    });
  }

  #execOnce<T>(line: string, take: (channel: ClientChannel) => T): Promise<T> {
    return new Promise((resolve, reject) => {
      // Throws when the connection has ended, which rejects this promise as well.
      this.#client.exec(line, (error, channel) => (error ? reject(error) : resolve(take(channel))));
    });
  }

  /** Asks a bastion to connect on to `host`. Rejects with ConnectError; gives up after `timeoutMs`. */
  forward(host: SshHost, timeoutMs: number): Promise<Duplex> {
    return new Promise((resolve, reject) => {
      let late = false;
      const timer = setTimeout(() => {
        late = true;
        reject(
          connectFailed('connect-timeout', host, `the bastion got no answer within ${timeoutMs / 1000} s`),
        );
      }, timeoutMs);
      const done = (error: Error | undefined, channel?: Duplex): void => {
        clearTimeout(timer);
        if (late) channel?.destroy();
        else if (channel !== undefined) resolve(channel);
        else
          reject(
            connectFailed(classifyError(error), host, `through the bastion: ${error?.message ?? ''}`, error),
          );
      };
      try {
        this.#client.forwardOut('127.0.0.1', 0, host.address, host.port, done);
      } catch (error) {
        done(error instanceof Error ? error : new Error(String(error)));
      }
    });
  }

  /** Ends the connection; what has been written still goes out, and the host's own word about it is not waited for. */
  async close(): Promise<void> {
    if (!this.#isOpen) return;
    this.#client.end();
    // By then the farewell is in the system's hands, or there is nobody who takes it.
    setImmediate(() => this.#socket.destroy());
    await this.gone;
  }
}

/** `reason` is SSH's number: 1 prohibited, 2 connect failed (what sshd says at MaxSessions), 4 resource shortage. */
function isOpenFailure(error: unknown): boolean {
  return error instanceof Error && 'reason' in error && (error.reason === 2 || error.reason === 4);
}
