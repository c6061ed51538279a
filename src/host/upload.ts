import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import type { Host } from './host.ts';
import { CHUNK_BYTES, runReceive, type Upload } from './run-receive.ts';

/**
 * Brings one file to a host with one command. It gets its name only once its SHA-256 has been verified there; a file with
 * the right hash is not sent again (`present`); what an interrupted upload left is gone on from, if it still is the
 * beginning of this file. Rejects with ArtifactError when the bytes are not those of `sha256`, `disk-full` when there is no
 * room, ConnectionLostError.
 */
export async function uploadFile(host: Host, upload: Upload): Promise<'sent' | 'present'> {
  const question = new Question();
  const receive = runReceive(host, upload, answer(upload, question), (chunk) => question.hear(chunk));
  await receive.finally(() => question.hear(Buffer.from('end\n')));
  return question.text.startsWith('present') ? 'present' : 'sent';
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
    await upload.pace?.((chunk as Buffer).length);
    yield chunk as Buffer;
    there += (chunk as Buffer).length;
    upload.onProgress?.(there);
  }
}

/** SHA-256 of the first `bytes` of a file here. */
export async function hashOfStart(path: string, bytes: number): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path, { end: bytes - 1, highWaterMark: CHUNK_BYTES })) {
    hash.update(chunk as Buffer);
  }
  return hash.digest('hex');
}
