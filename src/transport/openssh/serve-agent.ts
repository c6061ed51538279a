import { once } from 'node:events';
import { chmod } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import type { Identity } from '../key-ring.ts';

/** Message numbers of the agent protocol (draft-ietf-sshm-ssh-agent). */
const FAILURE = 5;
const REQUEST_IDENTITIES = 11;
const IDENTITIES_ANSWER = 12;
const SIGN_REQUEST = 13;
const SIGN_RESPONSE = 14;

/** Flags of a sign request for RSA keys. */
const RSA_SHA2_256 = 2;
const RSA_SHA2_512 = 4;

/**
 * Serves identities as an SSH agent at a socket, for OpenSSH's own client: so inline keys never touch the disk, and a
 * passphrase is asked for once in a run whichever client is used. The socket's folder must be the caller's alone.
 * `onProblem` hears why a key could not sign. (ssh2's AgentProtocol loses its place at OpenSSH's session-bind message.)
 */
export async function serveAgent(
  identities: readonly Identity[],
  path: string,
  onProblem: (error: unknown) => void,
): Promise<Server> {
  const server = createServer((socket) => listen(socket, identities, onProblem));
  server.unref();
  server.listen(path);
  await once(server, 'listening');
  await chmod(path, 0o600);
  return server;
}

/** Messages are answered one after another, as the protocol wants them. */
function listen(socket: Socket, identities: readonly Identity[], onProblem: (error: unknown) => void): void {
  let pending = Buffer.alloc(0);
  let turn: Promise<void> = Promise.resolve();
  socket.on('error', () => undefined); // the client hung up
  socket.on('data', (chunk) => {
    pending = Buffer.concat([pending, chunk]);
    while (pending.length >= 4 && pending.length >= 4 + pending.readUInt32BE(0)) {
      const message = pending.subarray(4, 4 + pending.readUInt32BE(0));
      pending = pending.subarray(4 + message.length);
      turn = turn
        .then(() => answer(message, identities))
        .catch((error: unknown) => {
          onProblem(error);
          return Buffer.from([FAILURE]);
        })
        .then((reply) => void socket.write(asString(reply)));
    }
  });
}

async function answer(message: Buffer, identities: readonly Identity[]): Promise<Buffer> {
  switch (message[0]) {
    case REQUEST_IDENTITIES:
      return listIdentities(identities);
    case SIGN_REQUEST:
      return sign(message.subarray(1), identities);
    default:
      return Buffer.from([FAILURE]);
  }
}

function listIdentities(identities: readonly Identity[]): Buffer {
  const entries = identities.flatMap(({ publicKey, label }) => [
    asString(publicKey.getPublicSSH()),
    asString(Buffer.from(label)),
  ]);
  return Buffer.concat([Buffer.from([IDENTITIES_ANSWER]), asNumber(identities.length), ...entries]);
}

async function sign(body: Buffer, identities: readonly Identity[]): Promise<Buffer> {
  const key = readString(body, 0);
  const data = readString(body, 4 + key.length);
  const flags = body.readUInt32BE(8 + key.length + data.length);
  const identity = identities.find((it) => it.publicKey.getPublicSSH().equals(key));
  if (identity === undefined) return Buffer.from([FAILURE]);
  const { algorithm, hash } = chooseAlgorithm(identity.publicKey.type, flags);
  const signature = toWireForm(await identity.sign(data, hash), algorithm);
  const blob = Buffer.concat([asString(Buffer.from(algorithm)), asString(signature)]);
  return Buffer.concat([Buffer.from([SIGN_RESPONSE]), asString(blob)]);
}

function chooseAlgorithm(type: string, flags: number): { algorithm: string; hash: string | undefined } {
  if (type === 'ssh-rsa' && (flags & RSA_SHA2_512) !== 0)
    return { algorithm: 'rsa-sha2-512', hash: 'sha512' };
  if (type === 'ssh-rsa' && (flags & RSA_SHA2_256) !== 0)
    return { algorithm: 'rsa-sha2-256', hash: 'sha256' };
  return { algorithm: type, hash: undefined };
}

/** ECDSA signatures come from OpenSSL as ASN.1 (a sequence of two integers); SSH wants the two as strings. */
function toWireForm(signature: Buffer, algorithm: string): Buffer {
  if (!algorithm.startsWith('ecdsa-') || signature[0] !== 0x30) return signature;
  const first = (signature[1] ?? 0) > 0x80 ? 3 : 2;
  const r = readInteger(signature, first);
  const s = readInteger(signature, first + 2 + r.length);
  return Buffer.concat([asString(r), asString(s)]);
}

function readInteger(asn1: Buffer, at: number): Buffer {
  return asn1.subarray(at + 2, at + 2 + (asn1[at + 1] ?? 0));
}

function readString(buffer: Buffer, at: number): Buffer {
  return buffer.subarray(at + 4, at + 4 + buffer.readUInt32BE(at));
}

function asString(data: Buffer): Buffer {
  return Buffer.concat([asNumber(data.length), data]);
}

function asNumber(value: number): Buffer {
  const buffer = Buffer.alloc(4);
  buffer.writeUInt32BE(value);
  return buffer;
}
