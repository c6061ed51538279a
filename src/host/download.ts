import { createHash } from 'node:crypto';
import { open, rename, rm } from 'node:fs/promises';
import { ArtifactError } from '../domain/errors.ts';
import type { Host } from './host.ts';

export interface Download {
  /** Absolute path there. */
  readonly source: string;
  /** Absolute path here; its directory must exist. */
  readonly target: string;
  readonly signal?: AbortSignal;
}

/** The hash goes to stderr, as stdout is the file. */
const SEND = `
cat "$1" || exit 1
sha256sum <"$1" | cut -d ' ' -f 1 >&2
`;

/**
 * Fetches one file from a host. It gets its name here (0600, synced) only once its SHA-256 is the one that the host
 * computed. Rejects with ArtifactError when it is not, RemoteCommandError when there is no such file.
 */
export async function downloadFile(host: Host, { source, target, signal }: Download): Promise<void> {
  const part = `${target}.part`;
  const file = await open(part, 'w', 0o600);
  const hash = createHash('sha256');
  let written: Promise<unknown> = Promise.resolve();
  try {
    const { stderr } = await host.run(SEND, {
      args: [source],
      what: `Fetching ${source}`,
      onStdout: (chunk) => {
        hash.update(chunk);
        written = written.then(() => file.write(chunk));
        // Awaited below, when all has come; until then a failure must not count as unhandled.
        written.catch(() => undefined);
      },
      ...(signal === undefined ? {} : { signal }),
    });
    await written;
    const told = stderr.trim().split('\n').at(-1);
    if (hash.digest('hex') !== told) throw changed(host.target, source);
    await file.sync();
    await file.close();
    await rename(part, target);
  } catch (error) {
    await file.close().catch(() => undefined);
    await rm(part, { force: true });
    throw error;
  }
}

function changed(target: string, source: string): ArtifactError {
  return new ArtifactError({
    code: 'download-damaged',
    message: `What came of ${source} from ${target} is not what lies there (the SHA-256 differs).`,
    hint: 'It may have changed while it was read: run the same command again.',
    retryable: true,
  });
}
