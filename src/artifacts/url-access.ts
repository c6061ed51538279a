import type { Secret } from '../domain/secret.ts';
import { artifactFileUrl } from '../rke2/artifact-url.ts';

/** Where the files of a release are fetched, and what it takes. */
export interface UrlAccess {
  /** Without query and login; this may be shown. */
  readonly base: string;
  /** `user:password`. */
  readonly login: Secret | null;
  readonly query: Secret | null;
}

/** The address of one file in full, its query included: not to be shown. */
export function fullUrl({ base, query }: UrlAccess, name: string): string {
  return `${artifactFileUrl(base, name)}${query === null ? '' : `?${query.reveal()}`}`;
}

/** The headers that carry the login. fetch leaves them behind when it is sent to another server. */
export function loginHeaders({ login }: UrlAccess): Readonly<Record<string, string>> {
  return login === null ? {} : { authorization: `Basic ${Buffer.from(login.reveal()).toString('base64')}` };
}
