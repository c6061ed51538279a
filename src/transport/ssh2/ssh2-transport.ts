import { CancelledError } from '../../domain/errors.ts';
import { notConnected } from '../command-errors.ts';
import type { SshHost } from '../ssh-host.ts';
import type { CommandRequest, CommandResult, RemoteProcess, Transport } from '../transport.ts';
import type { BastionPool, Lease } from './bastion-pool.ts';
import { startCommand } from './start-command.ts';

/** Reaches a host through the ssh2 library, over one connection. A connection that fell is only made anew by `connect`. */
export class Ssh2Transport implements Transport {
  readonly target: string;
  readonly #host: SshHost;
  readonly #bastions: readonly SshHost[];
  readonly #pool: BastionPool;
  #lease: Lease | null = null;
  #connecting: Promise<void> | null = null;
  #hostKey: string | null = null;

  constructor(host: SshHost, bastions: readonly SshHost[], pool: BastionPool) {
    this.target = host.target;
    this.#host = host;
    this.#bastions = bastions;
    this.#pool = pool;
  }

  get hostKey(): string | null {
    return this.#hostKey;
  }

  /** Does nothing when the connection stands. */
  async connect(signal?: AbortSignal): Promise<void> {
    if (signal?.aborted) throw new CancelledError();
    if (this.#lease?.connection.isOpen) return;
    this.#connecting ??= this.#open(signal).finally(() => {
      this.#connecting = null;
    });
    await this.#connecting;
  }

  async #open(signal: AbortSignal | undefined): Promise<void> {
    this.#lease = await this.#pool.open(this.#host, this.#bastions, signal);
    this.#hostKey = this.#lease.connection.hostKey;
  }

  async run(request: CommandRequest): Promise<CommandResult> {
    const process = await this.start(request);
    process.end();
    return process.result;
  }

  async start(request: CommandRequest): Promise<RemoteProcess> {
    const connection = this.#lease?.connection;
    if (connection === undefined || !connection.isOpen) {
      throw notConnected(this.target, request.what ?? request.command, connection?.lastError ?? '');
    }
    return startCommand(connection, this.target, request);
  }

  async close(): Promise<void> {
    const lease = this.#lease;
    this.#lease = null;
    await lease?.release();
  }
}
