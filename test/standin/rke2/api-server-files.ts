import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parse } from 'yaml';
import { makeDirectory, writeFile } from './files.ts';
import { listOf, textOf } from './flags.ts';
import { reasonOf } from './log.ts';
import type { ServerOptions } from './options.ts';
import { RANCHER_DIRECTORY } from './paths.ts';

const DEFAULT_POLICY = 'apiVersion: audit.k8s.io/v1\nkind: Policy\nmetadata: {}\nrules:\n- level: None\n';

/**
 * What the API server says of the files that it is told to read, before it ends; undefined when it is content with them.
 * RKE2 itself reads none of them (an audit policy that is missing it writes, one that logs nothing), shows the container
 * those that exist, and waits for the API server without an end.
 */
export function apiServerComplaint(options: ServerOptions): string | undefined {
  const { flags, profile } = options;
  const policy =
    textOf(flags, 'audit-policy-file') ||
    (profile.startsWith('cis') ? join(RANCHER_DIRECTORY, 'audit-policy.yaml') : '');
  if (policy !== '' && !existsSync(policy)) {
    makeDirectory(dirname(policy));
    writeFile(policy, DEFAULT_POLICY);
  }
  const admission =
    textOf(flags, 'pod-security-admission-config-file') || join(RANCHER_DIRECTORY, 'rke2-pss.yaml');
  const args = listOf(flags, 'kube-apiserver-arg').map((arg) => arg.replace(/^--/, '').split(/=(.*)/s));
  const named = new Map(args.map(([name = '', value = '']) => [name, value]));
  return (
    policyComplaint(named.get('audit-policy-file') ?? policy) ??
    admissionComplaint(options, named.get('admission-control-config-file') ?? admission) ??
    missingComplaint(named)
  );
}

/** Leaves the words where the container's log would be. */
export function writeApiServerLog({ nodeName }: ServerOptions, words: string): void {
  const directory = `/var/log/pods/kube-system_kube-apiserver-${nodeName}_static/kube-apiserver`;
  makeDirectory(dirname(directory));
  makeDirectory(directory);
  appendFileSync(join(directory, '0.log'), `${new Date().toISOString()} stderr F Error: ${words}\n`);
}

function policyComplaint(path: string): string | undefined {
  if (path === '') return undefined;
  const failed = 'loading audit policy file:';
  const read = readObject(path);
  if (typeof read === 'string') return `${failed} ${read}`;
  if (read['kind'] !== 'Policy' || read['apiVersion'] !== 'audit.k8s.io/v1')
    return `${failed} failed decoding: no kind "${String(read['kind'])}" is registered for version "${String(read['apiVersion'])}"`;
  const rules = Array.isArray(read['rules']) ? read['rules'] : [];
  if (rules.length === 0) return `${failed} loaded illegal policy with 0 rules from file ${path}`;
  const levels = ['None', 'Metadata', 'Request', 'RequestResponse'];
  const wrong = rules.find((rule) => !levels.includes(String((rule as Rule | null)?.level)));
  return wrong === undefined
    ? undefined
    : `audit policy validation failed: rules[].level: Unsupported value: "${String((wrong as Rule | null)?.level)}"`;
}

interface Rule {
  readonly level?: string;
}

function admissionComplaint(options: ServerOptions, path: string): string | undefined {
  const failed = 'failed to read plugin config:';
  const read = readObject(path);
  if (typeof read === 'string')
    return `${failed} unable to read admission control configuration from "${path}" [${read}]`;
  if (read['kind'] !== 'AdmissionConfiguration')
    return `${failed} no kind "${String(read['kind'])}" is registered for version "${String(read['apiVersion'])}"`;
  const plugins = (Array.isArray(read['plugins']) ? read['plugins'] : []) as readonly Plugin[];
  for (const plugin of plugins) {
    if (plugin.path === undefined || plugin.path === '') continue;
    const file = plugin.path.startsWith('/') ? plugin.path : join(dirname(path), plugin.path);
    if (!isMounted(options, file)) return `${failed} open ${file}: no such file or directory`;
  }
  return undefined;
}

interface Plugin {
  readonly path?: string;
}

/** The container sees the files of its arguments and what extra mounts bring, and the server's own directory. */
function isMounted({ flags, paths }: ServerOptions, file: string): boolean {
  if (!existsSync(file)) return false;
  const mounts = listOf(flags, 'kube-apiserver-extra-mount').map((mount) => mount.split(':')[1] ?? '');
  return [...mounts, paths.server].some((place) => file === place || file.startsWith(`${place}/`));
}

function missingComplaint(named: ReadonlyMap<string, string>): string | undefined {
  for (const [name, value] of named) {
    if (/-(file|config)$/.test(name) && value.startsWith('/') && !existsSync(value))
      return `open ${value}: no such file or directory`;
  }
  return undefined;
}

/** The file's map, or why there is none. */
function readObject(path: string): Record<string, unknown> | string {
  if (!existsSync(path)) return `open ${path}: no such file or directory`;
  try {
    const content: unknown = parse(readFileSync(path, 'utf8'));
    return typeof content === 'object' && content !== null && !Array.isArray(content)
      ? (content as Record<string, unknown>)
      : `couldn't get version/kind of ${path}`;
  } catch (error) {
    return `error converting YAML to JSON: yaml: ${reasonOf(error).split('\n')[0]}`;
  }
}
