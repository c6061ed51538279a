import type { Diagnostic } from '../domain/diagnostic.ts';
import type { Observed } from '../domain/observed.ts';
import type { State } from '../domain/state.ts';
import { isServer } from '../rke2/roles.ts';
import { compareVersions, countMinorsBetween, parseVersion, type Rke2Version } from '../rke2/version.ts';
import { findNode } from './list-nodes.ts';

/** A kubelet may be this many minor versions older than the API server, by Kubernetes' policy. */
export const KUBELET_SKEW = 3;

/**
 * Kubernetes' rules for versions, which RKE2 itself does not enforce: no minor version is skipped, none goes back (data that a
 * newer version has written may mean nothing to an older one), and no kubelet is left too far behind.
 */
export function checkVersion(observed: Observed, state: State, wanted: string): readonly Diagnostic[] {
  const target = parseVersion(wanted);
  if (target === null) return [];
  const joined = Object.values(state.nodes).filter(({ phase }) => phase === 'joined');
  const running = joined.map(({ name, roles }) => ({
    name,
    isServer: isServer(roles),
    text: findNode(observed, name)?.version || (state.version ?? wanted),
  }));
  const servers = running.filter((node) => node.isServer);
  for (const { name, text, isServer: serves } of running) {
    const version = parseVersion(text);
    if (version === null) continue;
    const minors = countMinorsBetween(version, target);
    if (minors === null || minors < 0) return [downgrade(name, text, wanted, minors)];
    if (serves && minors > 1) return [skipped(name, text, wanted, version)];
    if (!serves && minors > KUBELET_SKEW && servers.length > 0) return [tooOld(name, text, wanted)];
  }
  return running.some(({ text }) => isOlder(target, text)) ? [patchBack(running, wanted, target)] : [];
}

function isOlder(target: Rke2Version, text: string): boolean {
  const version = parseVersion(text);
  return version !== null && compareVersions(target, version) < 0;
}

function downgrade(node: string, before: string, wanted: string, minors: number | null): Diagnostic {
  return {
    severity: 'error',
    code: 'version-downgrade',
    path: 'kubernetes_version',
    node,
    message: `${node} runs ${before}, and the file asks for ${wanted}${minors === null ? ', another major version' : ''}. Kubernetes cannot go back to an older minor version: what the newer one has written into etcd may be lost on the older.`,
    hint: `Write kubernetes_version: ${before} again. The only way back is a snapshot from before the upgrade, restored with the old version.`,
  };
}

function skipped(node: string, before: string, wanted: string, { major, minor }: Rke2Version): Diagnostic {
  return {
    severity: 'error',
    code: 'version-skips-minor',
    path: 'kubernetes_version',
    node,
    message: `${node} runs ${before}, and the file asks for ${wanted}: servers must not skip a minor version.`,
    hint: `Go through v${major}.${minor + 1} first: write a version of it, run \`rke2ctl up\`, then go on.`,
  };
}

function tooOld(node: string, before: string, wanted: string): Diagnostic {
  return {
    severity: 'error',
    code: 'version-kubelet-too-old',
    path: 'kubernetes_version',
    node,
    message: `${node} still runs ${before}: with servers at ${wanted} its kubelet would be more than ${KUBELET_SKEW} minor versions behind.`,
    hint: 'Bring that node up to the version of the servers first, by `rke2ctl up` with their version, or take it out of the file.',
  };
}

function patchBack(
  running: readonly { readonly name: string; readonly text: string }[],
  wanted: string,
  target: Rke2Version,
): Diagnostic {
  const newer = running.filter(({ text }) => isOlder(target, text));
  return {
    severity: 'warning',
    code: 'version-patch-back',
    path: 'kubernetes_version',
    message: `${newer.map(({ name, text }) => `${name} (${text})`).join(', ')}: the file asks for the older ${wanted}. Within a minor version that works, and mends of the newer one go with it.`,
    hint: 'If that is not meant, write the newer version.',
  };
}
