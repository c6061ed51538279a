import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { Readable } from 'node:stream';
import { ArtifactError, Rke2ctlError } from '../domain/errors.ts';
import { commandFailure } from './command-failure.ts';
import type { Host } from './host.ts';
import { RECEIVE } from './receive-script.ts';

export interface Upload {
  /** Absolute path here. */
  readonly source: string;
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
  readonly signal?: AbortSignal;
}

/** Bytes per read and write: big enough that neither end waits for the other's turn. */
const CHUNK_BYTES = 1024 * 1024;

/** Exit codes of the receiving script. */
const EXIT_DISK_FULL = 28;
const EXIT_INCOMPLETE = 65;
const EXIT_DAMAGED = 66;

/**
 * Brings one file to a host with one command. It gets its name only once its SHA-256 has been verified there; a file with
 * the right hash is not sent again (`present`); what an interrupted upload left is gone on from, if it still is the
 * beginning of this file. Rejects with ArtifactError when the bytes are not those of `sha256`, `disk-full` when there is no
 * room, ConnectionLostError.
 */
export async function uploadFile(host: Host, upload: Upload): Promise<'sent' | 'present'> {
  const question = new Question();
  const what = `Uploading ${upload.destination}`;
  const { exitCode, stderr } = await host
    .run(RECEIVE, {
      args: [
        upload.destination,
        upload.sha256,
        String(upload.sizeBytes),
        upload.mode.replace(/^0+(?=\d)/, ''),
        upload.mtime === undefined ? '' : `@${upload.mtime}`,
      ],
      stdin: Readable.from(answer(upload, question), { objectMode: false, highWaterMark: CHUNK_BYTES }),
      onStdout: (chunk) => question.hear(chunk),
      allowFailure: true,
      what,
      ...(upload.signal === undefined ? {} : { signal: upload.signal }),
    })
    .finally(() => question.hear(Buffer.from('end\n')));
  if (exitCode === 0) return question.text.startsWith('present') ? 'present' : 'sent';
  if (exitCode === EXIT_DISK_FULL) throw diskFull(host.target, upload, stderr);
  if (exitCode === EXIT_DAMAGED) throw damaged(host.target, upload);
  if (exitCode === EXIT_INCOMPLETE) throw await shortened(host.target, upload);
  throw commandFailure(host.target, what, exitCode, stderr);
}

/** What the host says before it takes bytes: `present`, or `have <bytes> <hash of them>`. */
class Question {
  text = '';
  readonly asked: Promise<string>;
  #ask: (line: string) => void = () => undefined;

  constructor() {
    this.asked = new Promise((resolve) => {
      this.#ask = resolve;
    });
  }

  hear(chunk: Buffer): void {
    this.text += chunk.toString('utf8');
    const end = this.text.indexOf('\n');
    if (end >= 0) this.#ask(this.text.slice(0, end));
  }
}

/** Our side of the talk: `keep` or `drop` for what is there, then the bytes that are missing. */
async function* answer(upload: Upload, question: Question): AsyncGenerator<Buffer> {
  const [, bytes, hash] = /^have (\d+) (\S+)$/.exec(await question.asked) ?? [];
  if (bytes === undefined) return;
  const isOurs = Number(bytes) > 0 && (await hashOfStart(upload.source, Number(bytes))) === hash;
  let there = isOurs ? Number(bytes) : 0;
  yield Buffer.from(isOurs ? 'keep\n' : 'drop\n');
  upload.onProgress?.(there);
  if (there >= upload.sizeBytes) return;
  const rest = createReadStream(upload.source, {
    start: there,
    end: upload.sizeBytes - 1,
    highWaterMark: CHUNK_BYTES,
  });
  for await (const chunk of rest) {
    yield chunk as Buffer;
    there += (chunk as Buffer).length;
    upload.onProgress?.(there);
  }
}

async function hashOfStart(path: string, bytes: number): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path, { end: bytes - 1, highWaterMark: CHUNK_BYTES })) {
    hash.update(chunk as Buffer);
  }
  return hash.digest('hex');
}

function diskFull(target: string, { destination, sizeBytes }: Upload, stderr: string): Rke2ctlError {
  return new Rke2ctlError({
    code: 'disk-full',
    message: `There is no room on ${target} for ${destination} (${megabytes(sizeBytes)} MB): ${stderr.trim()}.`,
    hint: 'Make room on that file system, then run the same command again. What had arrived was taken away.',
  });
}

function damaged(target: string, { source, destination, sha256 }: Upload): ArtifactError {
  return new ArtifactError({
    code: 'upload-damaged',
    message: `What arrived on ${target} as ${destination} does not have the SHA-256 ${sha256} that it must have, and was thrown away.`,
    hint: `See that ${source} was not changed meanwhile (sha256sum), then run the same command again.`,
    retryable: true,
  });
}

/** The host has too few bytes although its disk has room: the file here is shorter than the plan says, or was cut off. */
async function shortened(target: string, { source, destination, sizeBytes }: Upload): Promise<ArtifactError> {
  return new ArtifactError({
    code: 'upload-incomplete',
    message: `Fewer bytes than the ${sizeBytes} of ${destination} arrived on ${target}.`,
    hint: `See that ${source} is complete, then run the same command again: it goes on where this upload stopped.`,
    retryable: true,
  });
}

function megabytes(bytes: number): number {
  return Math.ceil(bytes / 1_000_000);
}
