import type { AddressInfo } from 'node:net';
import { connect, createServer } from 'node:tls';

/** Whether a client that trusts nothing but `trusted` (PEM) accepts a server on loopback that sends `chain`. */
export async function trusts(
  trusted: string,
  { chain, key }: { chain: string; key: string },
): Promise<boolean> {
  const server = createServer({ cert: chain, key }, (socket) => socket.end());
  server.on('tlsClientError', () => {});
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    const { port } = server.address() as AddressInfo;
    return await new Promise<boolean>((resolve) => {
      const socket = connect({ host: '127.0.0.1', port, ca: trusted, servername: 'localhost' });
      socket.once('secureConnect', () => {
        resolve(socket.authorized);
        socket.destroy();
      });
      socket.once('error', () => resolve(false));
    });
  } finally {
    await new Promise((resolve) => server.close(resolve));
  }
}
