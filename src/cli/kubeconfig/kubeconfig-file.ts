import { readFile } from 'node:fs/promises';
import { parse } from 'yaml';

/** What lies where the operator's kubeconfig goes: nothing (or an empty file), one that we wrote, or somebody's own. */
export type KubeconfigFile = 'absent' | 'ours' | 'foreign';

/** Looks at the file. Ours is a kubeconfig with one context, called after the cluster, and nothing else in it. */
export async function inspectKubeconfig(path: string, clusterName: string): Promise<KubeconfigFile> {
  const text = await readFile(path, 'utf8').catch((error: unknown) =>
    error instanceof Error && 'code' in error && error.code === 'ENOENT' ? '' : null,
  );
  if (text === null) return 'foreign';
  if (text.trim() === '') return 'absent';
  return holdsOnly(text, clusterName) ? 'ours' : 'foreign';
}

function holdsOnly(text: string, clusterName: string): boolean {
  const document = parseOrNull(text) as Readonly<Record<string, unknown>> | null;
  if (typeof document !== 'object' || document === null) return false;
  const isOnly = (key: string) => {
    const list = document[key];
    return Array.isArray(list) && list.length === 1 && (list[0] as { name?: unknown }).name === clusterName;
  };
  return document['kind'] === 'Config' && ['clusters', 'users', 'contexts'].every(isOnly);
}

function parseOrNull(text: string): unknown {
  try {
    return parse(text);
  } catch {
    return null;
  }
}
