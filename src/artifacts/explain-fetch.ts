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

/** Why `fetch` failed, as the rest of a sentence; `isTrust`: a CA that this machine does not trust is at the bottom of it. */
export function explainFetchFailure(error: unknown): { readonly words: string; readonly isTrust: boolean } {
  const code = codeOf(error);
  const words = (code === null ? undefined : MEANINGS[code]) ?? code ?? innermost(error);
  return { words, isTrust: code !== null && /SELF_SIGNED|ISSUER|LEAF_SIGNATURE/.test(code) };
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

/** A sentence in brackets where a proxy is set and not used; else nothing. Node's own fetch goes past proxies unless it is told otherwise (NODE_USE_ENV_PROXY, from Node 24 on). */
export function proxyWords(env: Readonly<Record<string, string | undefined>>): string {
  const name = ['HTTPS_PROXY', 'https_proxy', 'HTTP_PROXY', 'http_proxy'].find(
    (key) => (env[key] ?? '') !== '',
  );
  if (name === undefined || env['NODE_USE_ENV_PROXY'] === '1') return '';
  return ` (${name} is set, but this request does not go through a proxy; Node 24 and later do it with NODE_USE_ENV_PROXY=1.)`;
}
