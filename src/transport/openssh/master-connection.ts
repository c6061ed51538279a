import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { CancelledError, type Rke2ctlError } from '../../domain/errors.ts';
import { createSemaphore } from '../../lib/semaphore.ts';
import { connectFailed } from '../connect-errors.ts';
import type { SshHost } from '../ssh-host.ts';
import { shownHostKey } from './classify-log.ts';
import type { SessionFiles } from './session-files.ts';

/** As for ssh2; one more place is taken by the session that keeps the master alive. */
const CHANNELS = 4;
const READY = 'rke2ctl-ready';

/** What became of an attempt to connect that failed without being stopped. */
export type ExplainFailure = () => Promise<Rke2ctlError>;

/**
 * OpenSSH's master connection. Its own session reads our end of a pipe, so that it ends with this program, even when
 * that is killed: no master is ever left behind.
 */
export class MasterConnection {
  readonly slots = createSemaphore(CHANNELS);
  readonly #child: ChildProcess;
  readonly #files: SessionFiles;
  #hostKey = '';
  #isOpen = false;
  #ending = '';

  private constructor(child: ChildProcess, files: SessionFiles) {
    this.#child = child;
    this.#files = files;
  }

  /** Connects; `explain` turns the logs into an error when it does not succeed. */
  static async open(
    host: SshHost,
    address: string,
    files: SessionFiles,
    options: {
      readonly timeoutMs: number;
      readonly signal: AbortSignal | undefined;
      readonly explain: ExplainFailure;
    },
  ): Promise<MasterConnection> {
    const line = `echo ${READY}; exec cat >/dev/null`;
    const log = files.logs.at(-1) ?? '/dev/null';
    const args = ['-F', files.config, '-E', log, '-T', ...controlOptions(files, 'yes'), '--', address, line];
    // A piped stderr is known to hang masters.
    const child = spawn('ssh', args, { stdio: ['pipe', 'pipe', 'ignore'], env: files.env });
    const master = new MasterConnection(child, files);
    try {
      await master.#untilReady(host, options);
    } catch (error) {
      child.kill('SIGKILL');
      throw error;
    }
    return master;
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  get hostKey(): string {
    return this.#hostKey;
  }

  /** The client's last words, once the connection has ended. */
  get ending(): string {
    return this.#ending;
  }

  /** Resolves when the connection is gone; by force after two seconds. */
  async close(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exited = once(this.#child, 'exit');
    this.#isOpen = false;
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), 2000);
    // Ends the sessions that are still open as well, which closing stdin would wait for.
    const args = [
      '-F',
      this.#files.config,
      ...controlOptions(this.#files, 'no'),
      '-O',
      'exit',
      '--',
      'master',
    ];
    spawn('ssh', args, { stdio: 'ignore', env: this.#files.env }).on('error', () => this.#child.kill());
    await exited;
    clearTimeout(timer);
  }

  async #untilReady(
    host: SshHost,
    options: {
      readonly timeoutMs: number;
      readonly signal: AbortSignal | undefined;
      readonly explain: ExplainFailure;
    },
  ): Promise<void> {
    const { timeoutMs, signal, explain } = options;
    const child = this.#child;
    child.stdin?.on('error', () => undefined);
    let onAbort = (): void => undefined;
    let timer: NodeJS.Timeout | undefined;
    try {
      await new Promise<void>((resolve, reject) => {
        onAbort = () => reject(new CancelledError());
        if (signal?.aborted) onAbort();
        signal?.addEventListener('abort', onAbort, { once: true });
        timer = setTimeout(
          () => reject(connectFailed('connect-timeout', host, `no answer within ${timeoutMs / 1000} s`)),
          timeoutMs,
        );
        child.once('error', (error) => reject(clientMissing(host, error)));
        child.once(
          'exit',
          () =>
            void this.#onExit()
              .then(() => explain())
              .then(reject, reject),
        );
        let said = '';
        child.stdout?.on('data', (chunk: Buffer) => {
          said = `${said}${chunk.toString()}`.slice(-1000);
          if (said.includes(READY)) resolve();
        });
      });
      this.#isOpen = true;
      this.#hostKey = shownHostKey(await this.#readLog())?.split(' ')[1] ?? '';
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
    }
  }

  async #onExit(): Promise<void> {
    this.#isOpen = false;
    const words = (await this.#readLog())
      .split('\n')
      .filter((line) => line !== '' && !/^debug\d:/.test(line));
    this.#ending = words.at(-1)?.trim() ?? '';
  }

  async #readLog(): Promise<string> {
    return readFile(this.#files.logs.at(-1) ?? '/dev/null', 'utf8').catch(() => '');
  }
}

/** Names the master's socket, for the master itself and for those who talk to it. */
export function controlOptions(files: SessionFiles, master: 'yes' | 'no'): readonly string[] {
  return ['-o', `ControlMaster=${master}`, '-o', `ControlPath=${files.controlPath}`];
}

function clientMissing(host: SshHost, cause: Error): Rke2ctlError {
  return connectFailed(
    'connect-failed',
    host,
    `OpenSSH's client (ssh) could not be started: ${cause.message}`,
    cause,
  );
}
