import { CancelledError, Rke2ctlError } from '../domain/errors.ts';
import { artifactFileUrl } from '../rke2/artifact-url.ts';
import { fullUrl, loginHeaders, type UrlAccess } from './url-access.ts';
import { urlUnreachable, urlUnusable } from './url-errors.ts';

export interface UrlQuestion {
  readonly access: UrlAccess;
  readonly name: string;
  readonly signal: AbortSignal;
  /** Only looked into for proxy settings, to explain a failure. */
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** Lists of checksums and of images have some thousand bytes. */
const MOST_TEXT_BYTES = 4 * 1024 * 1024;
/** Silence that long is an answer, too. */
const PATIENCE_MS = 20_000;

/** The text of a small file of the release; null when the server has none. ArtifactError when it cannot be had. */
export function fetchReleaseText(question: UrlQuestion): Promise<string | null> {
  return ask(question, {}, async (response) => {
    const chunks: Uint8Array[] = [];
    let size = 0;
    for await (const chunk of response.body ?? []) {
      size += chunk.length;
      if (size > MOST_TEXT_BYTES) throw urlUnusable(shownUrl(question), 'is much too big for a list');
      chunks.push(chunk);
    }
    return Buffer.concat(chunks).toString('utf8');
  });
}

/** How many bytes a file of the release has; null when the server has none. ArtifactError when that cannot be learned. */
export async function askReleaseSize(question: UrlQuestion): Promise<number | null> {
  const told = await ask(question, { method: 'HEAD' }, async (response) => {
    const length = response.headers.get('content-length');
    // Compressed on its way, the file itself has another length.
    return length === null || response.headers.has('content-encoding') ? -1 : Number(length);
  }).catch((error: unknown) => {
    // Addresses that are signed for GET alone refuse HEAD.
    if (error instanceof Rke2ctlError && error.code === 'artifacts-url-refused') return -1;
    throw error;
  });
  if (told !== -1) return told;
  return ask(question, { headers: { range: 'bytes=0-0' } }, async (response) => {
    const total = /\/(\d+)$/.exec(response.headers.get('content-range') ?? '')?.[1];
    const length = response.status === 206 ? total : response.headers.get('content-length');
    if (length === null || length === undefined)
      throw urlUnusable(shownUrl(question), 'does not say how big it is');
    return Number(length);
  });
}

function shownUrl({ access, name }: UrlQuestion): string {
  return artifactFileUrl(access.base, name);
}

async function ask<T>(
  question: UrlQuestion,
  options: { readonly method?: string; readonly headers?: Readonly<Record<string, string>> },
  read: (response: Response) => Promise<T>,
): Promise<T | null> {
  const { access, name, signal, env } = question;
  const patience = AbortSignal.timeout(PATIENCE_MS);
  const shown = shownUrl(question);
  try {
    const response = await fetch(fullUrl(access, name), {
      ...options,
      headers: { 'accept-encoding': 'identity', ...loginHeaders(access), ...options.headers },
      signal: AbortSignal.any([signal, patience]),
    });
    try {
      if (response.status === 404 || response.status === 410) return null;
      if (!response.ok) throw urlUnusable(shown, refusal(response), 'artifacts-url-refused');
      return await read(response);
    } finally {
      await response.body?.cancel().catch(() => undefined);
    }
  } catch (error) {
    if (error instanceof Rke2ctlError) throw error;
    if (signal.aborted) throw new CancelledError();
    throw urlUnreachable(shown, patience.aborted ? null : error, env);
  }
}

function refusal({ status, statusText }: Response): string {
  return `answers ${status} ${statusText}`.trim();
}
