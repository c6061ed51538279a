import { ArtifactError, CancelledError, ConnectError, Rke2ctlError, TimeoutError } from '../domain/errors.ts';
import { sha256 } from '../lib/hash.ts';
import { splitCredentials } from '../lib/url-credentials.ts';
import { explainFetchFailure, proxyWords } from './explain-fetch.ts';
import type { TextCache } from './text-cache.ts';

export interface AddonRequest {
  /** The addon as cluster.yml calls it, for messages. */
  readonly name: string;
  readonly url: string;
  /** SHA-256 of what this cluster was given from that URL; null when it was given nothing yet. */
  readonly pin: string | null;
  /** Take what the URL holds now, whatever the pin says. */
  readonly update: boolean;
  readonly cache: TextCache;
  /** Asks elsewhere (the cluster's own nodes) for the pinned text; null when nobody has it. */
  readonly recall: () => Promise<string | null>;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  /** Only looked into for proxy settings, to explain a failure. */
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** Manifests of whole operators have two or three. */
const MAX_BYTES = 16 * 1024 * 1024;

/**
 * The text of an addon that stands at a URL: of what is pinned a copy from the cache or the cluster, else fetched and kept
 * in the cache. Throws ArtifactError when the URL gives another text than the pinned one, or none; ConnectError,
 * TimeoutError.
 */
export async function fetchAddon(request: AddonRequest): Promise<string> {
  const { pin, update, cache } = request;
  const known = pin === null || update ? null : await recallPinned(pin, request);
  if (known !== null) return known;
  const { url, headers } = splitCredentials(request.url);
  const text = await download(url, headers, request);
  const hash = sha256(text);
  if (pin !== null && !update && hash !== pin) throw changed(request.name, url, pin, hash);
  await cache.write(hash, text);
  return text;
}

async function recallPinned(pin: string, { cache, recall }: AddonRequest): Promise<string | null> {
  const kept = await cache.read(pin);
  if (kept !== null) return kept;
  const text = await recall();
  if (text === null || sha256(text) !== pin) return null;
  await cache.write(pin, text);
  return text;
}

async function download(
  url: string,
  headers: Readonly<Record<string, string>>,
  request: AddonRequest,
): Promise<string> {
  const timeout = AbortSignal.timeout(request.timeoutMs);
  try {
    const response = await fetch(url, { headers, signal: AbortSignal.any([timeout, request.signal]) });
    if (!response.ok) {
      await response.body?.cancel();
      throw unusable(
        request.name,
        url,
        `the server answers ${response.status} ${response.statusText}`.trim(),
      );
    }
    return await readText(response, request.name, url);
  } catch (error) {
    if (error instanceof Rke2ctlError) throw error;
    if (request.signal.aborted) throw new CancelledError();
    if (timeout.aborted) throw tooSlow(url, request);
    throw unreachable(url, error, request);
  }
}

async function readText(response: Response, name: string, url: string): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body ?? []) {
    size += chunk.length;
    if (size > MAX_BYTES) throw unusable(name, url, `it is bigger than ${MAX_BYTES / 1024 ** 2} MiB`);
    chunks.push(chunk);
  }
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(Buffer.concat(chunks));
  } catch {
    throw unusable(name, url, 'it is not text in UTF-8');
  }
}

function changed(name: string, url: string, pin: string, hash: string): ArtifactError {
  return new ArtifactError({
    code: 'addon-changed',
    message: `The addon ${name} at ${url} is no longer what this cluster was given: it was ${pin}, and now it is ${hash}. Nothing was changed.`,
    hint: 'Look at what is new there. If you want it, run the command with `--update-addons`; if not, keep a copy of the old text beside cluster.yml and name that in addons_include.',
  });
}

function unusable(name: string, url: string, why: string): ArtifactError {
  return new ArtifactError({
    code: 'addon-unusable',
    message: `The addon ${name} cannot be had from ${url}: ${why}. Nothing was changed.`,
    hint: 'Check the address under addons_include, or download the manifest and name the file there.',
  });
}

function tooSlow(url: string, { name, timeoutMs, env }: AddonRequest): TimeoutError {
  return new TimeoutError({
    code: 'addon-timeout',
    message: `The addon ${name} did not come from ${url} within ${Math.round(timeoutMs / 100) / 10} s.${proxyWords(env)}`,
    hint: 'Try again, or download the manifest and name the file in addons_include.',
    retryable: true,
  });
}

function unreachable(url: string, error: unknown, { name, env }: AddonRequest): ConnectError {
  const { words, isTrust } = explainFetchFailure(error);
  const first = isTrust ? 'Set NODE_EXTRA_CA_CERTS to a file with that CA' : 'Look at network and DNS here';
  return new ConnectError({
    code: 'addon-unreachable',
    message: `The addon ${name} cannot be fetched from ${url}: ${words}.${proxyWords(env)}`,
    hint: `${first}, or download the manifest and name the file in addons_include.`,
    retryable: true,
    cause: error,
  });
}
