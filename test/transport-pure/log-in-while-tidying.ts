import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import ssh2 from 'ssh2';
import { quickenExchange, quickenVerify } from '../../src/transport/ssh2/quicken-exchange.ts';
import { makeSshKey } from '../support/make-ssh-key.ts';

/**
 * A program that logs in to a host of its own three times, while memory is tidied whenever Node tells what a key is made of.
 * Needs --expose-gc. Ends with exit code 0, or never.
 */
const tidy = (globalThis as { readonly gc?: () => void }).gc;
for (const name of ['crv', 'kty', 'x']) {
  Object.defineProperty(Object.prototype, name, {
    configurable: true,
    set(this: object, value: unknown) {
      tidy?.();
      Object.defineProperty(this, name, { value, enumerable: true, configurable: true, writable: true });
    },
  });
}

const server = new ssh2.Server({ hostKeys: [makeSshKey().private] }, (connection) => {
  connection.on('error', () => undefined);
  connection.on('authentication', (context) => context.accept());
});
server.listen(0, '127.0.0.1');
await once(server, 'listening');
const { port } = server.address() as AddressInfo;
for (let i = 0; i < 3; i += 1) {
  const client = new ssh2.Client();
  client.connect({
    host: '127.0.0.1',
    port,
    username: 'root',
    algorithms: { kex: ['curve25519-sha256'] },
    hostVerifier: (key: Buffer) => {
      quickenVerify(key);
      return true;
    },
  });
  quickenExchange(client);
  await once(client, 'ready');
  client.end();
  await once(client, 'close');
}
process.exit(tidy === undefined ? 1 : 0);
