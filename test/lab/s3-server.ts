import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { mustRun } from './command.ts';

const MAIN = fileURLToPath(new URL('./s3-main.ts', import.meta.url));
const TSX = fileURLToPath(import.meta.resolve('tsx'));

/** A real S3 server that checks signatures, with one bucket. */
export interface S3Server {
  readonly port: number;
  readonly bucket: string;
  /** Where the objects lie, as files. */
  readonly directory: string;
  /** PEM of the CA that signed its certificate; null without TLS. */
  readonly ca: string | null;
  stop(): Promise<void>;
}

/** The one pair of keys that it knows. */
export const S3_KEYS = { accessKey: 'S3RVER', secretKey: 'S3RVER' } as const;

export interface S3ServerOptions {
  /** Files of its own go here. */
  readonly directory: string;
  /** What it listens at, and what its certificate names; loopback unless given. */
  readonly address?: string;
  readonly tls?: boolean;
  /** Where objects go instead; it must be there. */
  readonly objects?: string;
  /** Words before the command, such as those that enter another network. */
  readonly within?: readonly string[];
}

/** Starts one as a process of its own. It ends with `stop`, and with this process. */
export async function startS3Server(options: S3ServerOptions): Promise<S3Server> {
  const { directory, address = '127.0.0.1', tls = true, within = [] } = options;
  const objects = options.objects ?? join(directory, 'objects');
  await mkdir(objects, { recursive: true });
  const files = tls ? await makeCertificate(directory, address) : null;
  const words = [
    ...[...within, process.execPath, '--import', TSX, MAIN, address, '0', objects, 'snapshots'],
    ...(files === null ? [] : [files.cert, files.key]),
  ];
  const [program = '', ...args] = words;
  const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  const [line] = (await Promise.race([
    once(createInterface(child.stdout), 'line'),
    once(child, 'exit').then(([code]) => Promise.reject(new Error(`the S3 server ended with ${code}`))),
  ])) as [string];
  return {
    port: Number(line),
    bucket: 'snapshots',
    directory: objects,
    ca: files === null ? null : await readFile(files.ca, 'utf8'),
    stop: () => stop(child),
  };
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return;
  const ended = once(child, 'exit');
  child.stdin?.end();
  await ended;
}

const CURVE = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];

async function makeCertificate(directory: string, address: string) {
  const file = (name: string): string => join(directory, name);
  await mustRun([
    ...['openssl', 'req', '-x509', ...CURVE, '-subj', '/CN=s3-ca', '-days', '2'],
    ...['-keyout', file('s3-ca.key'), '-out', file('s3-ca.crt')],
  ]);
  await mustRun([
    ...['openssl', 'req', ...CURVE, '-subj', '/CN=s3', '-keyout', file('s3.key'), '-out', file('s3.csr')],
  ]);
  await writeFile(file('s3.ext'), `subjectAltName=IP:${address}\n`);
  await mustRun([
    ...['openssl', 'x509', '-req', '-in', file('s3.csr'), '-CA', file('s3-ca.crt')],
    ...['-CAkey', file('s3-ca.key'), '-CAcreateserial', '-days', '2', '-extfile', file('s3.ext')],
    ...['-out', file('s3.crt')],
  ]);
  return { ca: file('s3-ca.crt'), cert: file('s3.crt'), key: file('s3.key') };
}
