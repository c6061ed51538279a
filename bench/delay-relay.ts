import { once } from 'node:events';
import { createConnection, createServer, type Socket } from 'node:net';

/**
 * A process of its own between clients and hosts, for kernels without netem: every piece of data, and the end, arrives so
 * much later than it was sent, in order, each way. Connecting itself is not held up. Arguments: the delay in milliseconds,
 * then `PORT=HOST:PORT` for each host: where to listen on 127.0.0.1 and where to go on. Says `ready` on stdout; ends with
 * stdin.
 */
async function main(delayMs: number, routes: readonly string[]): Promise<void> {
  for (const route of routes) {
    const [listenPort = '', host = '', port = ''] = route.split(/[=:]/);
    const server = createServer({ allowHalfOpen: true, noDelay: true }, (near) => {
      const far = createConnection({ host, port: Number(port), allowHalfOpen: true, noDelay: true });
      join(near, far, delayMs);
    });
    server.listen(Number(listenPort), '127.0.0.1');
    await once(server, 'listening');
  }
  console.log('ready');
  process.stdin.resume().on('end', () => process.exit());
}

function join(near: Socket, far: Socket, delayMs: number): void {
  for (const [from, to] of [
    [near, far],
    [far, near],
  ] as const) {
    // Timers of the same length fire in the order in which they were set.
    from.on('data', (data: Buffer) => setTimeout(() => to.writable && to.write(data), delayMs));
    from.on('end', () => setTimeout(() => to.end(), delayMs));
    from.on('error', () => setTimeout(() => to.destroy(), delayMs));
  }
}

await main(Number(process.argv[2]), process.argv.slice(3));
