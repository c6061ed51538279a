import { ArtifactError } from '../domain/errors.ts';
import type { Host } from '../host/host.ts';
import { receiveFile } from '../host/receive-file.ts';
import type { FileOrigin, Upload } from '../host/run-receive.ts';

/** Has a host fetch a file from its URL and from nowhere else, after what it had of it was thrown away. */
export function fetchAnew(
  host: Host,
  upload: Upload & { readonly origin: FileOrigin },
): Promise<'sent' | 'present'> {
  const { url, request } = upload.origin;
  return receiveFile(host, {
    ...upload,
    onReady: () => undefined,
    nextSource: async (_bytes, last) => {
      if (last !== null) throw cutOff(host.target, url, last.why);
      return { kind: 'url', request, leave: new AbortController().signal };
    },
  });
}

function cutOff(target: string, url: string, why: string): ArtifactError {
  return new ArtifactError({
    code: 'artifacts-url-cut',
    message: `${target} could not fetch ${url} to its end${why === '' ? '' : `: ${why}`}.`,
    hint: 'Run the same command again: it goes on with what is there.',
    retryable: true,
  });
}
