import { Readable } from 'node:stream';
import { ArtifactError, Rke2ctlError } from '../domain/errors.ts';
import { commandFailure } from './command-failure.ts';
import { FETCH_URL } from './fetch-script.ts';
import type { Host } from './host.ts';
import { RECEIVE } from './receive-script.ts';

/** Where hosts fetch a file by themselves; what lies here comes from there as well. */
export interface FileOrigin {
  /** For messages: without login and query. */
  readonly url: string;
  /** As `fetchRequest` makes it. */
  readonly request: string;
  /** Resolves once the file lies here, verified. */
  readonly obtain: (signal?: AbortSignal) => Promise<void>;
}

/** Where the bytes of a file are. */
export interface ArtifactSource {
  /** Absolute path here. */
  readonly source: string;
  /** Where the host is to fetch it if it can; the file need not lie here then. */
  readonly origin?: FileOrigin;
}

/** A file that a host is to have. */
export interface Upload extends ArtifactSource {
  /** Absolute path there. */
  readonly destination: string;
  readonly sha256: string;
  readonly sizeBytes: number;
  /** Octal, as `0644`. */
  readonly mode: string;
  /** Modification time (seconds) that the file gets there; the time of the upload unless given. */
  readonly mtime?: number;
  /** Bytes that are there, what an earlier try left included. */
  readonly onProgress?: (bytes: number) => void;
  /** Told where the bytes come from, and again whenever that changes: `here`, `its URL`, or a node's key. */
  readonly onSource?: (source: string) => void;
  /** Resolves when so many bytes more may leave this machine; any time unless given. */
  readonly pace?: (bytes: number) => Promise<void>;
  readonly signal?: AbortSignal;
}

/** Bytes per read and write: big enough that neither end waits for the other's turn. */
export const CHUNK_BYTES = 1024 * 1024;

/** Exit codes of the receiving script. */
const EXIT_DISK_FULL = 28;
const EXIT_INCOMPLETE = 65;
const EXIT_DAMAGED = 66;

/**
 * Runs the receiving script to its end: `talk` is our side of it, `hear` gets the host's. Rejects with ArtifactError when
 * the bytes are too few or not those of the hash, `disk-full` when there is no room, and as `Host.run` does.
 */
export async function runReceive(
  host: Host,
  upload: Upload,
  talk: AsyncIterable<Buffer>,
  hear: (chunk: Buffer) => void,
): Promise<void> {
  const what = `Uploading ${upload.destination}`;
  const { exitCode, stderr } = await host.run(RECEIVE, {
    args: [
      upload.destination,
      upload.sha256,
      String(upload.sizeBytes),
      upload.mode.replace(/^0+(?=\d)/, ''),
      upload.mtime === undefined ? '' : `@${upload.mtime}`,
      upload.origin === undefined ? '' : FETCH_URL,
    ],
    stdin: Readable.from(talk, { objectMode: false, highWaterMark: CHUNK_BYTES }),
    onStdout: hear,
    allowFailure: true,
    what,
    ...(upload.signal === undefined ? {} : { signal: upload.signal }),
  });
  if (exitCode === 0) return;
  if (exitCode === EXIT_DISK_FULL) throw diskFull(host.target, upload, stderr);
  if (exitCode === EXIT_DAMAGED) throw damaged(host.target, upload);
  if (exitCode === EXIT_INCOMPLETE) throw await shortened(host.target, upload);
  throw commandFailure(host.target, what, exitCode, stderr);
}

function diskFull(target: string, { destination, sizeBytes }: Upload, stderr: string): Rke2ctlError {
  return new Rke2ctlError({
    code: 'disk-full',
    message: `There is no room on ${target} for ${destination} (${megabytes(sizeBytes)} MB): ${stderr.trim()}.`,
    hint: 'Make room on that file system, then run the same command again. What had arrived was taken away.',
  });
}

function damaged(target: string, { source, destination, sha256, origin }: Upload): ArtifactError {
  if (origin !== undefined) return damagedOrigin(target, origin, sha256);
  return new ArtifactError({
    code: 'upload-damaged',
    message: `What arrived on ${target} as ${destination} does not have the SHA-256 ${sha256} that it must have, and was thrown away.`,
    hint: `See that ${source} was not changed meanwhile (sha256sum), then run the same command again.`,
    retryable: true,
  });
}

function damagedOrigin(target: string, { url }: FileOrigin, sha256: string): ArtifactError {
  return new ArtifactError({
    code: 'artifacts-url-damaged',
    message: `What ${target} fetched from ${url} does not have the SHA-256 ${sha256} that the release's list of checksums names, and was thrown away.`,
    hint: 'See what is served there: a proxy or cache on the way may give another file, or the file and its list are of two releases. Then run the same command again.',
    retryable: true,
  });
}

/** The host has too few bytes although its disk has room: the file here is shorter than the plan says, or was cut off. */
async function shortened(
  target: string,
  { source, destination, sizeBytes, origin }: Upload,
): Promise<ArtifactError> {
  return new ArtifactError({
    code: 'upload-incomplete',
    message: `Fewer bytes than the ${sizeBytes} of ${destination} arrived on ${target}.`,
    hint: `See that ${origin?.url ?? source} is complete, then run the same command again: it goes on where this upload stopped.`,
    retryable: true,
  });
}

function megabytes(bytes: number): number {
  return Math.ceil(bytes / 1_000_000);
}
