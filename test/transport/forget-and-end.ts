import { dirname } from 'node:path';
import { keyAuth, reach } from './reach.ts';

/**
 * A program that starts a command which waits, does with it what is named (abort, forget, close) in that order, and says at
 * its own end how many ms that came later. Arguments: client, port, key, known_hosts, and the order.
 */
const [client, port, key = '', knownHosts = '', ...order] = process.argv.slice(2);
const transport = reach({
  keys: { directory: dirname(knownHosts), make: () => key, remove: () => undefined },
  sshd: { address: '127.0.0.1', port: Number(port) },
  client: client === 'openssh' ? 'openssh' : 'ssh2',
  auth: keyAuth(key),
});
await transport.connect();
const stop = new AbortController();
let spoke: () => void = () => undefined;
const spoken = new Promise<void>((resolve) => {
  spoke = resolve;
});
const waiting = await transport.start({ command: 'echo up; cat', signal: stop.signal, onStdout: spoke });
waiting.result.catch(() => undefined);
await spoken;
const acts: Readonly<Record<string, () => unknown>> = {
  abort: () => stop.abort(),
  forget: () => waiting.end('forgotten'),
  close: () => transport.close(),
};
const started = performance.now();
for (const act of order) await acts[act]?.();
process.on('exit', () => process.stdout.write(`${Math.round(performance.now() - started)}\n`));
