import { ArtifactError, CancelledError, ConnectError, Rke2ctlError, TimeoutError } from '../domain/errors.ts';
import { splitCredentials } from '../lib/url-credentials.ts';
import { channelBase } from '../rke2/install-script.ts';
import { parseVersion } from '../rke2/version.ts';
import { explainFetchFailure, proxyWords } from './explain-fetch.ts';

export interface ChannelRequest {
  readonly channel: string;
  /** `install.mirror`: null, `cn`, or a base URL. */
  readonly mirror: string | null;
  /** For the whole of it, redirects included. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
  /** Only looked into for proxy settings, to explain a failure. */
  readonly env: Readonly<Record<string, string | undefined>>;
}

const MAX_REDIRECTS = 5;

/**
 * Asks the channel server once which version a channel stands for now. The answer is a redirect whose last path element
 * is the version; it is not followed further, so the release page itself need not be reachable. Throws ConnectError
 * (network, TLS), TimeoutError, ArtifactError (no such channel, no version in the answer).
 */
export async function resolveChannel(request: ChannelRequest): Promise<string> {
  const { url: start, headers: authorization } = splitCredentials(
    `${channelBase(request.mirror)}/${encodeURIComponent(request.channel)}`,
  );
  const timeout = AbortSignal.timeout(request.timeoutMs);
  const signal = request.signal === undefined ? timeout : AbortSignal.any([timeout, request.signal]);
  let url = start;
  try {
    for (let hop = 0; hop <= MAX_REDIRECTS; hop += 1) {
      const isSameServer = new URL(url).origin === new URL(start).origin;
      const headers = isSameServer ? authorization : {};
      const target = await askOnce(url, request.channel, { redirect: 'manual', signal, headers });
      const version = versionIn(target);
      if (version !== null) return version;
      url = target;
    }
  } catch (error) {
    if (error instanceof Rke2ctlError) throw error;
    if (request.signal?.aborted === true) throw new CancelledError();
    if (timeout.aborted) throw tooSlow(url, request);
    throw unreachable(url, error, request);
  }
  throw noVersion(start, `it redirects more than ${MAX_REDIRECTS} times`);
}

/** Where one address redirects to, absolute. */
async function askOnce(url: string, channel: string, options: RequestInit): Promise<string> {
  const response = await fetch(url, options);
  await response.body?.cancel();
  if (response.status === 404) throw noChannel(url, channel);
  const location = response.headers.get('location');
  if (response.status < 300 || response.status > 399 || location === null) {
    throw noVersion(url, `it answers ${response.status} where a redirect to a release is expected`);
  }
  return new URL(location, url).href;
}

function versionIn(url: string): string | null {
  const last = new URL(url).pathname.split('/').at(-1) ?? '';
  try {
    const text = decodeURIComponent(last);
    return parseVersion(text) === null ? null : text;
  } catch {
    return null;
  }
}

const PIN =
  'write the version itself into cluster.yml (kubernetes_version: v1.35.7+rke2r1), then no channel is asked';

function noChannel(url: string, channel: string): ArtifactError {
  return new ArtifactError({
    code: 'channel-unknown',
    message: `There is no RKE2 channel ${channel}: ${url} answers 404.`,
    hint: `Use stable, latest, or one minor version such as v1.35 as install.channel, or ${PIN}.`,
  });
}

function noVersion(url: string, why: string): ArtifactError {
  return new ArtifactError({
    code: 'channel-unusable',
    message: `${url} does not say which RKE2 version the channel stands for: ${why}.`,
    hint: `Look whether install.mirror is a mirror of RKE2's channels, or ${PIN}.`,
  });
}

function tooSlow(url: string, request: ChannelRequest): TimeoutError {
  return new TimeoutError({
    code: 'channel-timeout',
    message: `${url} gave no answer within ${Math.round(request.timeoutMs / 100) / 10} s.${proxyWords(request.env)}`,
    hint: `Try again, or ${PIN}.`,
    retryable: true,
  });
}

function unreachable(url: string, error: unknown, request: ChannelRequest): ConnectError {
  const { words, isTrust } = explainFetchFailure(error);
  const first = isTrust
    ? 'Set NODE_EXTRA_CA_CERTS to a file with that CA'
    : 'Look at network and DNS of this machine';
  return new ConnectError({
    code: 'channel-unreachable',
    message: `${url} cannot be reached: ${words}.${proxyWords(request.env)}`,
    hint: `${first}, set install.mirror, or ${PIN}.`,
    retryable: true,
    cause: error,
  });
}
