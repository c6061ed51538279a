import type { Server, Socket } from 'node:net';
import { connect, createServer } from 'node:net';
import { readFileIfAny, writeFile } from './files.ts';
import { info, warn } from './log.ts';

const DIAL_TIMEOUT_MS = 2000;

/** A TCP proxy on a loopback port in front of servers; it remembers the addresses it learned in a file. */
export interface LoadBalancer {
  /** `host:port` of the servers now, the first reachable one is used; kept in the file. */
  setAddresses(addresses: readonly string[]): void;
  readonly addresses: readonly string[];
}

/** The file's content, in the form RKE2 gives it. */
interface Remembered {
  readonly ServerURL: string;
  readonly ServerAddresses: readonly string[];
}

/**
 * Starts the proxy. `defaultAddress` is the configured server; addresses remembered from an earlier run follow it, so
 * that the node can start while that server is away.
 */
export async function startLoadBalancer(options: {
  readonly port: number;
  readonly serverUrl: string;
  readonly defaultAddress: string;
  readonly file: string;
}): Promise<LoadBalancer> {
  const remembered = readRemembered(options.file);
  let addresses = unique([options.defaultAddress, ...remembered]);
  const server = createServer({ pauseOnConnect: true }, (incoming) => forward(incoming, () => addresses));
  await listenOnLoopback(server, options.port);
  info(
    `Running load balancer ${options.file.replace(/^.*\/|\.json$/g, '')} 127.0.0.1:${options.port} -> [${addresses.join(' ')}]`,
  );
  return {
    get addresses() {
      return addresses;
    },
    setAddresses: (next) => {
      if (next.length === 0 || next.join() === addresses.join()) return;
      addresses = unique(next);
      const content: Remembered = { ServerURL: options.serverUrl, ServerAddresses: addresses };
      writeFile(options.file, JSON.stringify(content, null, 2));
    },
  };
}

function readRemembered(file: string): readonly string[] {
  const text = readFileIfAny(file);
  if (text === undefined) return [];
  try {
    return (JSON.parse(text) as Remembered).ServerAddresses;
  } catch {
    warn(`Failed to load server addresses from ${file}`);
    return [];
  }
}

function forward(incoming: Socket, addresses: () => readonly string[]): void {
  const candidates = [...addresses()];
  incoming.on('error', () => incoming.destroy());
  const dialNext = (): void => {
    const address = candidates.shift();
    if (address === undefined) {
      incoming.destroy();
      return;
    }
    const { host, port } = splitHostPort(address);
    const outgoing = connect({ host, port, timeout: DIAL_TIMEOUT_MS });
    const giveUp = (): void => {
      outgoing.removeAllListeners();
      outgoing.on('error', () => undefined);
      outgoing.destroy();
      dialNext();
    };
    outgoing.once('error', giveUp);
    outgoing.once('timeout', giveUp);
    outgoing.once('connect', () => {
      outgoing.removeAllListeners('error').removeAllListeners('timeout');
      outgoing.setTimeout(0);
      join(incoming, outgoing);
    });
  };
  dialNext();
}

function join(left: Socket, right: Socket): void {
  const end = (): void => {
    left.destroy();
    right.destroy();
  };
  for (const socket of [left, right]) {
    socket.setNoDelay(true);
    socket.on('error', end);
    socket.on('close', end);
  }
  left.pipe(right);
  right.pipe(left);
  left.resume();
}

/** Both loopback addresses, as local clients may use either; only 127.0.0.1 where there is no IPv6. */
function listenOnLoopback(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
}

/** Takes `host:port` apart, with or without brackets. */
export function splitHostPort(address: string): { host: string; port: number } {
  const colon = address.lastIndexOf(':');
  return { host: address.slice(0, colon).replace(/^\[|\]$/g, ''), port: Number(address.slice(colon + 1)) };
}

function unique(addresses: readonly string[]): readonly string[] {
  return [...new Set(addresses)];
}
