import { Duplex } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect, type TLSSocket } from 'node:tls';
import type { CertificateFacts, ServedCertificate } from '../domain/certificates.ts';
import { CancelledError, RemoteCommandError } from '../domain/errors.ts';
import { factsOfCertificate } from '../pki/read-certificate-facts.ts';
import type { RemoteProcess } from '../transport/transport.ts';
import type { Host } from './host.ts';

const REFUSED = 7;
const NO_TOOL = 8;

/** One handshake on one machine; a host under load takes a while. */
const TIMEOUT_MS = 8_000;
const GOODBYE_MS = 1_500;

/**
 * Connects what is said here with port $1 of the first of the addresses $2, $3, … that listens. A host surely has bash,
 * which needs no other tool for it; a port forwarded by sshd would be forbidden on hardened hosts. The reader of the
 * other side ends with it, or with its time; the writer with our stdin.
 */
const TUNNEL = `
command -v bash >/dev/null 2>&1 || exit ${NO_TOOL}
exec bash --norc -c '
port=$1; shift
for address do
  if { exec 3<>/dev/tcp/$address/$port; } 2>/dev/null; then
    exec 4<&0
    cat <&4 >&3 2>/dev/null &
    exec timeout 10 cat <&3
  fi
done
exit ${REFUSED}' tunnel "$@"
`;

export interface ServedOptions {
  readonly port: number;
  /** Tried one after another; loopback unless given. */
  readonly addresses?: readonly string[];
  readonly signal?: AbortSignal;
}

/**
 * The certificate that a port of a host shows, asked from the host itself; the handshake is spoken here, through the
 * connection that stands. No name is asked for, so that the supervisor adds none to its certificate, and nothing is
 * trusted or sent: a server that wants to know its client (etcd) shows its certificate before. Rejects only with
 * CancelledError.
 */
export async function readServedCertificate(host: Host, options: ServedOptions): Promise<ServedCertificate> {
  const { port, addresses = LOOPBACK, signal } = options;
  const tunnel = new Tunnel();
  let process: RemoteProcess | null = null;
  try {
    process = await host.start(TUNNEL, {
      args: [String(port), ...addresses],
      timeoutMs: TIMEOUT_MS,
      what: `Asking port ${port} for its certificate`,
      onStdout: (chunk) => tunnel.push(chunk),
      ...(signal !== undefined && { signal }),
    });
    tunnel.carry(process);
    const shaken = shakeHands(tunnel);
    // Whichever side gives up first says why; the other only sees that it is over.
    const certificate = await Promise.race([shaken, process.result.then(() => shaken)]);
    return { asked: true, certificate };
  } catch (error) {
    if (signal?.aborted || error instanceof CancelledError) throw error;
    return explain((await exitOf(process)) ?? error, port);
  } finally {
    tunnel.destroy();
    // Whoever closes the connection next must not cut it off.
    await Promise.race([
      process?.result.catch(() => undefined),
      sleep(GOODBYE_MS, undefined, { ref: false }),
    ]);
  }
}

/** Why the far end went, if it went by itself: what we notice first may only be that nobody reads any more. */
function exitOf(process: RemoteProcess | null): Promise<unknown> {
  if (process === null) return Promise.resolve(null);
  process.end();
  const rejection = process.result.then(
    () => null,
    (error: unknown) => (error instanceof RemoteCommandError ? error : null),
  );
  return Promise.race([rejection, sleep(GOODBYE_MS, null, { ref: false })]);
}

const LOOPBACK = ['127.0.0.1', '::1'] as const;

/** Both directions of a remote command as one stream. */
class Tunnel extends Duplex {
  #process: RemoteProcess | null = null;

  carry(process: RemoteProcess): void {
    this.#process = process;
    process.result.then(
      () => this.push(null),
      (error: unknown) => this.destroy(error instanceof Error ? error : new Error(String(error))),
    );
  }

  override _read(): void {
    // What comes is pushed as it comes; a handshake is small.
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    const written = this.#process?.write(chunk) ?? Promise.reject(new Error('there is no connection'));
    written.then(() => done(), done);
  }

  override _final(done: () => void): void {
    this.#process?.end();
    done();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#process?.end();
    done(error);
  }
}

function shakeHands(tunnel: Tunnel): Promise<CertificateFacts> {
  return new Promise((resolve, reject) => {
    tunnel.on('error', reject);
    const socket: TLSSocket = connect({ socket: tunnel, rejectUnauthorized: false });
    // Stays: a server that wants a client's certificate complains after we are through.
    socket.on('error', reject);
    socket.once('close', () => reject(new Error('the connection was closed before a certificate was shown')));
    socket.once('secureConnect', () => {
      const certificate = socket.getPeerX509Certificate();
      if (certificate === undefined) reject(new Error('the server showed no certificate'));
      else resolve(factsOfCertificate(certificate));
      // Says goodbye, upon which the server closes and the reader over there ends.
      socket.end();
    });
  });
}

function explain(error: unknown, port: number): ServedCertificate {
  if (error instanceof RemoteCommandError && error.exitStatus === REFUSED)
    return { asked: false, reason: 'refused', words: `nothing listens on port ${port}` };
  if (error instanceof RemoteCommandError && error.exitStatus === NO_TOOL)
    return { asked: false, reason: 'no-tool', words: 'the host has no bash to ask with' };
  const words = error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error);
  return { asked: false, reason: 'failed', words: `the handshake with port ${port} failed: ${words}` };
}
