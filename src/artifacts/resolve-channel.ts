import { ArtifactError, CancelledError, ConnectError, Rke2ctlError, TimeoutError } from '../domain/errors.ts';
import { channelBase } from '../rke2/install-script.ts';
import { parseVersion } from '../rke2/version.ts';

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
  const { start, authorization } = takeCredentials(
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

/** `https://user:password@mirror/…` → the address as it may be shown, and the header that carries the rest. */
function takeCredentials(address: string): {
  readonly start: string;
  readonly authorization: Record<string, string>;
} {
  const url = new URL(address);
  const pair = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`;
  url.username = '';
  url.password = '';
  const authorization =
    pair === ':' ? {} : { authorization: `Basic ${Buffer.from(pair).toString('base64')}` };
  return { start: url.href, authorization };
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

/** System and TLS error codes → what they mean here. */
const MEANINGS: Readonly<Record<string, string>> = {
  CERT_HAS_EXPIRED: 'its certificate has expired, or the clock of this machine is wrong',
  CERT_NOT_YET_VALID: 'its certificate is not valid yet, or the clock of this machine is wrong',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'its certificate is self-signed',
  EAI_AGAIN: 'its name cannot be resolved just now (no name server answers)',
  ECONNREFUSED: 'nothing listens there (connection refused)',
  ECONNRESET: 'the connection was cut',
  EHOSTUNREACH: 'there is no route to it',
  ENETUNREACH: 'there is no route to its network',
  ENOTFOUND: 'its name is not known to the name server',
  ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate is for another name',
  ETIMEDOUT: 'it does not answer',
  SELF_SIGNED_CERT_IN_CHAIN: 'its certificate comes from a CA that this machine does not trust',
  UND_ERR_CONNECT_TIMEOUT: 'it does not answer',
  UND_ERR_SOCKET: 'the connection was cut',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'its certificate comes from a CA that this machine does not trust',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'its certificate comes from a CA that this machine does not trust',
};

function unreachable(url: string, error: unknown, request: ChannelRequest): ConnectError {
  const code = codeOf(error);
  const isTrust = code !== null && /SELF_SIGNED|ISSUER|LEAF_SIGNATURE/.test(code);
  const first = isTrust
    ? 'Set NODE_EXTRA_CA_CERTS to a file with that CA'
    : 'Look at network and DNS of this machine';
  return new ConnectError({
    code: 'channel-unreachable',
    message: `${url} cannot be reached: ${(code === null ? undefined : MEANINGS[code]) ?? code ?? innermost(error)}.${proxyWords(request.env)}`,
    hint: `${first}, set install.mirror, or ${PIN}.`,
    retryable: true,
    cause: error,
  });
}

/** fetch says only "fetch failed"; the reason is the cause, or the first of several when more addresses were tried. */
function codeOf(error: unknown): string | null {
  for (let current = error; current instanceof Error; current = current.cause) {
    const inner = current instanceof AggregateError ? current.errors[0] : current;
    if (inner instanceof Error && 'code' in inner && typeof inner.code === 'string') return inner.code;
  }
  return null;
}

function innermost(error: unknown): string {
  return error instanceof Error && error.cause !== undefined ? innermost(error.cause) : String(error);
}

/** Node's own fetch goes past proxies unless it is told otherwise (NODE_USE_ENV_PROXY, from Node 24 on). */
function proxyWords(env: ChannelRequest['env']): string {
  const name = ['HTTPS_PROXY', 'https_proxy', 'HTTP_PROXY', 'http_proxy'].find(
    (key) => (env[key] ?? '') !== '',
  );
  if (name === undefined || env['NODE_USE_ENV_PROXY'] === '1') return '';
  return ` (${name} is set, but this question does not go through a proxy; Node 24 and later do it with NODE_USE_ENV_PROXY=1.)`;
}
