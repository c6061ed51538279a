import { parse } from 'yaml';
import type { FoundFile } from '../../domain/found-host.ts';
import type { LocalFile } from './local-files.ts';

export interface DraftedRegistries {
  /** The value of `registries`; null when cluster.yml has no words for something in the file. */
  readonly value: Readonly<Record<string, unknown>> | null;
  /** Passwords and certificates that the value names. */
  readonly files: readonly LocalFile[];
}

interface Draft {
  readonly folder: string;
  readonly certificates: readonly FoundFile[];
  readonly files: LocalFile[];
}

const NOTHING: DraftedRegistries = { value: null, files: [] };

/**
 * A registries.yaml as `registries` of cluster.yml: all of it or nothing. Passwords go to files below `folder`, and so do
 * the certificates that the file names on the hosts.
 */
export function draftRegistries(
  text: string,
  certificates: readonly FoundFile[],
  folder: string,
): DraftedRegistries {
  const draft: Draft = { folder, certificates, files: [] };
  try {
    const document: unknown = parse(text, { logLevel: 'error' }) ?? {};
    const { mirrors, configs } = only(document, ['mirrors', 'configs']);
    const value = {
      ...section('mirrors', mirrors, (mirror) => draftMirror(mirror)),
      ...section('configs', configs, (config, host) => draftConfig(config, host, draft)),
    };
    return { value, files: draft.files };
  } catch {
    return NOTHING;
  }
}

/** Files on the hosts that a registries.yaml names. */
export function registryCertificates(text: string): readonly string[] {
  return [...text.matchAll(/^\s*(?:ca_file|cert_file|key_file):\s*["']?(\/[^"'\s#]+)/gm)].map(
    ([, path = '']) => path,
  );
}

function section(
  name: string,
  value: unknown,
  draftOne: (entry: unknown, key: string) => object,
): Readonly<Record<string, unknown>> {
  const entries = Object.entries(map(value ?? {}));
  if (entries.length === 0) return {};
  return { [name]: Object.fromEntries(entries.map(([key, entry]) => [key, draftOne(entry, key)])) };
}

function draftMirror(value: unknown): object {
  const { endpoint, rewrite } = only(value ?? {}, ['endpoint', 'rewrite']);
  return {
    ...(endpoint !== undefined && { endpoints: [endpoint].flat().map(asText) }),
    ...(rewrite !== undefined && { rewrites: textMap(rewrite) }),
  };
}

function draftConfig(value: unknown, host: string, draft: Draft): object {
  const { auth, tls } = only(value ?? {}, ['auth', 'tls']);
  return {
    ...(auth !== undefined && { auth: draftAuth(auth, host, draft) }),
    ...(tls !== undefined && { tls: draftTls(tls, host, draft) }),
  };
}

function draftAuth(value: unknown, host: string, draft: Draft): object {
  const { username, password } = only(value, ['username', 'password']);
  return {
    username: asText(username),
    password: `file:${keep(draft, `registry-${fileWord(host)}-password`, asText(password))}`,
  };
}

function draftTls(value: unknown, host: string, draft: Draft): object {
  const tls = only(value, ['ca_file', 'cert_file', 'key_file', 'insecure_skip_verify']);
  const carried = (['ca', 'cert', 'key'] as const).flatMap((part) => {
    const path = tls[`${part}_file`];
    if (path === undefined || path === '') return [];
    const found = draft.certificates.find((file) => file.path === path);
    if (found === undefined) throw new Error('it could not be read');
    const extension = part === 'key' ? 'key' : 'crt';
    return [[part, keep(draft, `registry-${fileWord(host)}-${part}.${extension}`, found.text)] as const];
  });
  const skips = tls['insecure_skip_verify'];
  return {
    ...Object.fromEntries(carried),
    ...(skips === true || skips === 'true' ? { insecure_skip_verify: true } : {}),
  };
}

function keep({ folder, files }: Draft, name: string, content: string): string {
  const path = `${folder}/${name}`;
  files.push({ path, content });
  return path;
}

function fileWord(host: string): string {
  return host.replaceAll(/[^A-Za-z0-9.-]+/g, '-');
}

/** A map with no other keys than these; anything else has no words in cluster.yml. */
function only(value: unknown, names: readonly string[]): Readonly<Record<string, unknown>> {
  const entries = Object.entries(map(value)).filter(([, each]) => each !== null && each !== undefined);
  if (entries.some(([key]) => !names.includes(key))) throw new Error('a key without counterpart');
  return Object.fromEntries(entries);
}

function map(value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new Error('not a map');
  return value as Readonly<Record<string, unknown>>;
}

function textMap(value: unknown): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(map(value)).map(([key, each]) => [key, asText(each)]));
}

function asText(value: unknown): string {
  if (typeof value !== 'string' && typeof value !== 'number') throw new Error('not a text');
  return String(value);
}
