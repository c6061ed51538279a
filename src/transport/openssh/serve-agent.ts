import { once } from 'node:events';
import { chmod } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import ssh2 from 'ssh2';
import type { Identity } from '../key-ring.ts';

/**
 * Serves identities as an SSH agent at a socket, for OpenSSH's own client: so inline keys never touch the disk, and a
 * passphrase is asked for once in a run whichever client is used. The socket's folder must be the caller's alone.
 * `onProblem` hears why a key could not sign.
 */
export async function serveAgent(
  identities: readonly Identity[],
  path: string,
  onProblem: (error: unknown) => void,
): Promise<Server> {
  const server = createServer((socket) => answer(socket, identities, onProblem));
  server.unref();
  server.listen(path);
  await once(server, 'listening');
  await chmod(path, 0o600);
  return server;
}

function answer(socket: Socket, identities: readonly Identity[], onProblem: (error: unknown) => void): void {
  const protocol = new ssh2.AgentProtocol(false);
  socket.on('error', () => undefined); // the client hung up
  protocol.on('error', () => socket.destroy());
  protocol.on('identities', (request) => {
    protocol.getIdentitiesReply(
      request,
      identities.map((identity) => identity.publicKey),
    );
  });
  protocol.on('sign', (request, key, data, options) => {
    const identity = identities.find((it) => it.publicKey.getPublicSSH().equals(key.getPublicSSH()));
    if (identity === undefined) {
      protocol.failureReply(request);
      return;
    }
    identity.sign(data, options.hash).then(
      (signature) => protocol.signReply(request, toWireForm(signature)),
      (error: unknown) => {
        onProblem(error);
        protocol.failureReply(request);
      },
    );
  });
  socket.pipe(protocol).pipe(socket);
}

/** ECDSA signatures come from OpenSSL as ASN.1 (a sequence of two integers); SSH wants the two as strings. */
function toWireForm(signature: Buffer): Buffer {
  if (signature[0] !== 0x30) return signature;
  const numbers: Buffer[] = [];
  let at = (signature[1] ?? 0) > 0x80 ? 3 : 2;
  while (signature[at] === 0x02) {
    const length = signature[at + 1] ?? 0;
    const head = Buffer.alloc(4);
    head.writeUInt32BE(length);
    numbers.push(head, signature.subarray(at + 2, at + 2 + length));
    at += 2 + length;
  }
  // An Ed25519 or RSA signature may begin with the same byte; only ECDSA's ends where its second integer does.
  return numbers.length === 4 && at === signature.length ? Buffer.concat(numbers) : signature;
}
