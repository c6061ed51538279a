/** An address as it may be shown and remembered, and the headers that carry the rest of it. */
export interface SplitUrl {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** Takes user and password out of a URL (`https://user:password@host/…`). Throws TypeError when it is none. */
export function splitCredentials(address: string): SplitUrl {
  const url = new URL(address);
  const pair = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`;
  url.username = '';
  url.password = '';
  const headers: Record<string, string> =
    pair === ':' ? {} : { authorization: `Basic ${Buffer.from(pair).toString('base64')}` };
  return { url: url.href, headers };
}
