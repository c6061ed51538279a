import { dirname } from 'node:path';
import { keyAuth, reach } from './reach.ts';

/** A program that connects, says so, and waits to be killed. Arguments: client, port, key, known_hosts. */
const [client, port, key = '', knownHosts = ''] = process.argv.slice(2);
const transport = reach({
  keys: { directory: dirname(knownHosts), make: () => key, remove: () => undefined },
  sshd: { address: '127.0.0.1', port: Number(port) },
  client: client === 'openssh' ? 'openssh' : 'ssh2',
  auth: keyAuth(key),
});
await transport.connect();
await transport.run({ command: 'true' });
process.stdout.write('connected\n');
setInterval(() => undefined, 60_000);
