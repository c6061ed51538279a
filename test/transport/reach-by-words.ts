import { dirname } from 'node:path';
import type { Transport } from '../../src/transport/transport.ts';
import { keyAuth, reach } from './reach.ts';

/** How a program of its own is told where to go; `reachByWords` reads it. */
export function wordsToReach(client: 'ssh2' | 'openssh', port: number, key: string, knownHosts: string) {
  return [client, String(port), key, knownHosts] as const;
}

/** The transport that the program's first words name, not connected, and the words after them. */
export function reachByWords(): { readonly transport: Transport; readonly rest: readonly string[] } {
  const [client, port, key = '', knownHosts = '', ...rest] = process.argv.slice(2);
  const transport = reach({
    keys: { directory: dirname(knownHosts), make: () => key, remove: () => undefined },
    sshd: { address: '127.0.0.1', port: Number(port) },
    client: client === 'openssh' ? 'openssh' : 'ssh2',
    auth: keyAuth(key),
  });
  return { transport, rest };
}
