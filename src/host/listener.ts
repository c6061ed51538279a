import { randomBytes } from 'node:crypto';
import { RemoteCommandError, Rke2ctlError } from '../domain/errors.ts';
import type { RemoteProcess } from '../transport/transport.ts';
import type { Host } from './host.ts';
import { LISTEN, SERVE_ONE } from './serve-script.ts';

export interface ListenerOptions {
  /** The node's own address, without brackets. */
  readonly address: string;
  /** Tried in this order. */
  readonly ports: readonly number[];
  /** Where firewalld lets peers in; empty for its default zone, null when its rules are not ours. */
  readonly zone: string | null;
  /** How many bytes a second one connection may get; 0 for any number. */
  readonly bytesPerSecond: number;
}

/** One connection for one peer to one file. */
export interface TicketRequest {
  readonly peer: string;
  /** Absolute path of the file, whole or to be. */
  readonly path: string;
  readonly sizeBytes: number;
  /** False while it still comes in: it is then sent as it grows. */
  readonly isWhole: boolean;
}

export interface Ticket {
  readonly ticket: string;
  readonly token: string;
}

/** A node's short-lived listener for its peers. */
export interface Listener {
  readonly address: string;
  readonly port: number;
  /** Lets the peer in for a minute and makes a secret for it that is good once. Rejects when the listener is gone. */
  issue(request: TicketRequest): Promise<Ticket>;
  /** Resolves once it is gone from the host, its rules of firewalld included, or cannot be asked any more. */
  close(): Promise<void>;
}

/** However long a run takes, no listener lives longer; the next transfer opens another. */
const LIFE_SECONDS = 4 * 3600;
/** Without a line from us the listener ends. */
const PATIENCE_SECONDS = 90;
const HEARTBEAT_MS = 30_000;
const ANSWER_MS = 15_000;

/**
 * Starts a listener on a host with systemd's own systemd-socket-activate; rejects where that, bash or a free port is
 * missing, or the address is not the host's.
 */
export async function startListener(host: Host, options: ListenerOptions): Promise<Listener> {
  const lines = new Lines();
  const bind = options.address.includes(':') ? `[${options.address}]` : options.address;
  const process = await host.start(LISTEN, {
    args: [
      bind,
      String(LIFE_SECONDS),
      String(PATIENCE_SECONDS),
      options.zone ?? '-',
      SERVE_ONE,
      String(options.bytesPerSecond),
      ...options.ports.map(String),
    ],
    onStdout: (chunk) => lines.hear(chunk),
    what: 'Serving files to other nodes',
  });
  process.result.then(
    () => lines.close(null),
    (error: unknown) => lines.close(error),
  );
  const ready = await lines.next('port').catch((error) => {
    process.end();
    throw error;
  });
  const port = Number(ready.slice(5));
  return new HostListener(options.address, port, process, lines);
}

class HostListener implements Listener {
  readonly address: string;
  readonly port: number;
  readonly #process: RemoteProcess;
  readonly #lines: Lines;
  readonly #heart: NodeJS.Timeout;
  #count = 0;

  constructor(address: string, port: number, process: RemoteProcess, lines: Lines) {
    this.address = address;
    this.port = port;
    this.#process = process;
    this.#lines = lines;
    this.#heart = setInterval(() => void process.write('beat\n').catch(() => undefined), HEARTBEAT_MS);
    this.#heart.unref();
    process.result.then(
      () => clearInterval(this.#heart),
      () => clearInterval(this.#heart),
    );
  }

  async issue({ peer, path, sizeBytes, isWhole }: TicketRequest): Promise<Ticket> {
    this.#count += 1;
    const ticket = String(this.#count);
    const token = randomBytes(24).toString('hex');
    const ready = this.#lines.next(`ready ${ticket}`);
    ready.catch(() => undefined);
    await this.#process.write(
      `ticket ${ticket} ${token} ${sizeBytes} ${isWhole ? 'whole' : 'growing'} ${peer} ${path}\n`,
    );
    await ready;
    return { ticket, token };
  }

  async close(): Promise<void> {
    clearInterval(this.#heart);
    this.#process.end();
    const tired = new Promise<void>((resolve) => setTimeout(resolve, ANSWER_MS).unref());
    await Promise.race([this.#process.result.then(() => undefined), tired]).catch(() => undefined);
  }
}

/** Waits for lines of the listener by their beginnings. */
class Lines {
  #rest = '';
  #end: Error | null = null;
  readonly #waiting = new Map<string, { take: (line: string) => void; drop: (error: Error) => void }>();

  next(beginning: string): Promise<string> {
    if (this.#end !== null) return Promise.reject(this.#end);
    return new Promise((take, drop) => {
      const patience = setTimeout(() => {
        this.#waiting.delete(beginning);
        drop(gone('did not answer in time'));
      }, ANSWER_MS);
      patience.unref();
      const settled = () => clearTimeout(patience);
      this.#waiting.set(beginning, {
        take: (line) => {
          settled();
          take(line);
        },
        drop: (error) => {
          settled();
          drop(error);
        },
      });
    });
  }

  hear(chunk: Buffer): void {
    const lines = (this.#rest + chunk.toString('latin1')).split('\n');
    this.#rest = lines.pop() ?? '';
    for (const line of lines) {
      const beginning = line.startsWith('port ') ? 'port' : line;
      this.#waiting.get(beginning)?.take(line);
      this.#waiting.delete(beginning);
    }
  }

  close(error: unknown): void {
    const words = error instanceof RemoteCommandError ? error.stderr.trim() : '';
    this.#end = error instanceof Error ? error : gone(words === '' ? 'ended' : words);
    for (const { drop } of this.#waiting.values()) drop(this.#end);
    this.#waiting.clear();
  }
}

/** Never shown alone: who cannot serve is passed over. */
function gone(words: string): Rke2ctlError {
  return new Rke2ctlError({
    code: 'listener-gone',
    message: `The listener for other nodes ${words}.`,
    hint: 'The files come over your own line then; nothing needs to be done.',
  });
}
