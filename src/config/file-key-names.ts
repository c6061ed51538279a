import { keyTable } from './keys/key-table.ts';

let names: ReadonlyMap<string, string> | null = null;

/**
 * For each key of RKE2's config.yaml the key of the file that becomes it (`kube-apiserver-arg` →
 * `services.kube-api.extra_args`): the general one of several; none where several say different things with it.
 */
export function fileKeyNames(): ReadonlyMap<string, string> {
  names ??= listNames();
  return names;
}

function listNames(): ReadonlyMap<string, string> {
  const found = new Map<string, string[]>();
  for (const { entry, path } of keyTable()) {
    if (entry.fate !== 'mapped') continue;
    for (const target of entry.becomes) {
      if (target.kind !== 'config') continue;
      found.set(target.key, [...(found.get(target.key) ?? []), path.replaceAll('[]', '')]);
    }
  }
  return new Map(
    [...found].flatMap(([key, paths]): [string, string][] => {
      const general = paths.find((path) => /\.extra_(args|env|binds)$/.test(path));
      const name = general ?? (paths.length === 1 ? paths[0] : undefined);
      return name === undefined ? [] : [[key, name]];
    }),
  );
}
