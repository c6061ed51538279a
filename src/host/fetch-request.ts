/** Where a host is to fetch a file, and as whom. */
export interface FetchAddress {
  /** The whole of it, its query included. */
  readonly url: string;
  /** `user:password`. */
  readonly login: string | null;
  readonly proxy: string | null;
}

/** Nothing for so long means that the connection is dead. */
const CONNECT_SECONDS = 10;
const STALL_SECONDS = 20;
const REDIRECTS = 10;

/** The line that FETCH_URL takes: a configuration of curl, one of wget, and the URL, each in base64. Holds secrets. */
export function fetchRequest(address: FetchAddress): string {
  const words = [curlConfig(address), wgetConfig(address), `${address.url}\n`];
  return words.map((word) => Buffer.from(word).toString('base64')).join(' ');
}

function curlConfig({ url, login, proxy }: FetchAddress): string {
  const isSafe = url.startsWith('https:');
  const settings: readonly (readonly [string, string | number | null])[] = [
    ['url', url],
    ...(login === null ? [] : [['user', login] as const]),
    ...(proxy === null ? [] : [['proxy', proxy] as const]),
    ['proto', '=http,https'],
    // A login must not leave encryption behind, wherever the server sends us.
    ['proto-redir', isSafe ? '=https' : '=http,https'],
    ['max-redirs', REDIRECTS],
    ['connect-timeout', CONNECT_SECONDS],
    ['speed-limit', 1],
    ['speed-time', STALL_SECONDS],
  ];
  const flags = ['fail', 'silent', 'show-error', 'location', 'globoff'];
  return [...flags, ...settings.map(([name, value]) => `${name} = ${quote(value)}`), ''].join('\n');
}

function quote(value: string | number | null): string {
  return typeof value === 'string' ? `"${value.replaceAll(/["\\]/g, '\\$&')}"` : String(value);
}

function wgetConfig({ url, login, proxy }: FetchAddress): string {
  const [user = '', password = ''] = splitOnce(login ?? '');
  return [
    'tries = 1',
    `connect_timeout = ${CONNECT_SECONDS}`,
    `read_timeout = ${STALL_SECONDS}`,
    `max_redirect = ${REDIRECTS}`,
    ...(url.startsWith('https:') ? ['https_only = on'] : []),
    ...(login === null
      ? []
      : [`http_user = ${user}`, `http_password = ${password}`, 'auth_no_challenge = on']),
    ...(proxy === null ? [] : ['use_proxy = on', `http_proxy = ${proxy}`, `https_proxy = ${proxy}`]),
    '',
  ].join('\n');
}

function splitOnce(login: string): readonly string[] {
  const colon = login.indexOf(':');
  return colon < 0 ? [login, ''] : [login.slice(0, colon), login.slice(colon + 1)];
}
