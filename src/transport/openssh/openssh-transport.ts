import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import type { ClusterNode } from '../../domain/cluster.ts';
import { CancelledError, ConnectError, type Rke2ctlError } from '../../domain/errors.ts';
import { retry } from '../../lib/retry.ts';
import { notConnected } from '../command-errors.ts';
import { connectFailed, onTheWayTo } from '../connect-errors.ts';
import { type KnownHost, parseKnownHosts } from '../known-hosts.ts';
import type { SshRoute } from '../ssh-config.ts';
import type { SshHost } from '../ssh-host.ts';
import type { CommandRequest, CommandResult, RemoteProcess, Transport } from '../transport.ts';
import type { TransportContext } from '../transport-context.ts';
import { classifyForward, classifyLog } from './classify-log.ts';
import { MasterConnection } from './master-connection.ts';
import { type SessionFiles, writeSessionFiles } from './session-files.ts';
import { startMuxCommand } from './start-mux-command.ts';

const DROPPED_RETRIES = { attempts: 4, delayMs: 400, maxDelayMs: 3000 };

/** Reaches a host through OpenSSH's own client, all commands over one master connection. */
export class OpensshTransport implements Transport {
  readonly target: string;
  readonly #route: SshRoute;
  readonly #node: ClusterNode;
  readonly #context: TransportContext;
  #files: SessionFiles | null = null;
  #master: MasterConnection | null = null;
  #connecting: Promise<void> | null = null;

  constructor(route: SshRoute, node: ClusterNode, context: TransportContext) {
    this.target = route.host.target;
    this.#route = route;
    this.#node = node;
    this.#context = context;
  }

  get hostKey(): string | null {
    return this.#master?.hostKey || null;
  }

  /** Does nothing when the connection stands. */
  async connect(signal?: AbortSignal): Promise<void> {
    if (signal?.aborted) throw new CancelledError();
    if (this.#master?.isOpen) return;
    this.#connecting ??= retry(() => this.#open(signal), {
      ...DROPPED_RETRIES,
      signal,
      shouldRetry: (error) => error instanceof ConnectError && error.code === 'connection-dropped',
    })
      .catch((error: unknown) => {
        throw signal?.aborted ? new CancelledError() : error;
      })
      .finally(() => {
        this.#connecting = null;
      });
    await this.#connecting;
  }

  async run(request: CommandRequest): Promise<CommandResult> {
    const process = await this.start(request);
    process.end();
    return process.result;
  }

  async start(request: CommandRequest): Promise<RemoteProcess> {
    if (this.#master?.isOpen !== true || this.#files === null) {
      throw notConnected(this.target, request.what ?? request.command, this.#master?.ending ?? '');
    }
    const { address } = this.#node;
    return startMuxCommand(
      { master: this.#master, files: this.#files, address, target: this.target },
      request,
    );
  }

  async close(): Promise<void> {
    const [master, files] = [this.#master, this.#files];
    this.#files = null;
    await master?.close();
    await files?.remove();
  }

  async #open(signal: AbortSignal | undefined): Promise<void> {
    await this.close();
    const files = await writeSessionFiles(this.#node, this.#context);
    try {
      const timeoutMs = this.#context.settings.connectTimeoutMs * (files.logs.length + 1);
      const explain = (): Promise<Rke2ctlError> => this.#explain(files);
      this.#master = await MasterConnection.open(this.#route.host, this.#node.address, files, {
        timeoutMs,
        signal,
        explain,
      });
      this.#files = files;
    } catch (error) {
      await files.remove();
      throw error;
    }
  }

  /** The first hop whose log tells of a failure is the one to blame. */
  async #explain(files: SessionFiles): Promise<Rke2ctlError> {
    const { host, bastions } = this.#route;
    const hops: SshHost[] = [...(this.#node.bastions.length > 0 ? bastions : []), host];
    for (const [index, hop] of hops.entries()) {
      const log = await readFile(files.logs[index] ?? '', 'utf8').catch(() => '');
      const next = hops[index + 1];
      const forward = next === undefined ? null : classifyForward(log, next);
      const { knownHosts } = this.#context.settings;
      const error =
        forward ?? classifyLog(log, { host: hop, knownHosts, readEntry, problems: files.problems });
      if (error === null) continue;
      const isOwn = hop === host || (forward !== null && next === host);
      return isOwn ? error : (onTheWayTo(host.target, error) as Rke2ctlError);
    }
    return connectFailed('connect-failed', host, 'the client gave no reason');
  }
}

function readEntry(file: string, line: number): KnownHost | undefined {
  try {
    return parseKnownHosts(readFileSync(file, 'utf8'), file).find((entry) => entry.line === line);
  } catch {
    return undefined;
  }
}
