import type { Diagnostic } from '../domain/diagnostic.ts';
import type { State } from '../domain/state.ts';
import { sha256 } from '../lib/hash.ts';
import type { Manifest } from '../render/manifests.ts';
import { listManifestObjects, objectKey } from '../rke2/manifest-objects.ts';

/**
 * What is wrong with the manifests before any of them reaches a host: texts that Kubernetes cannot take, two of one name,
 * one object in two of them. What the state has a record of was found good before.
 */
export function checkManifests(manifests: readonly Manifest[], state: State): readonly Diagnostic[] {
  const names = new Set<string>();
  const owners = new Map<string, string>();
  const findings: Diagnostic[] = [];
  for (const manifest of manifests) {
    const { name, content } = manifest;
    if (names.has(name)) findings.push(sameName(name));
    names.add(name);
    if (content === null) continue;
    const record = state.addons[name];
    const isKnown = record?.sha256 === sha256(content);
    const { objects, mistakes } = isKnown
      ? { objects: record.objects, mistakes: [] }
      : listManifestObjects(content);
    findings.push(...mistakes.map(({ line, message }) => broken(manifest, `line ${line}: ${message}`)));
    for (const object of objects) {
      const key = objectKey(object);
      const other = owners.get(key);
      if (other !== undefined && other !== name)
        findings.push(twice(`${object.kind} ${object.name}`, other, name));
      owners.set(key, name);
    }
  }
  return findings;
}

function broken({ name, url }: Manifest, mistake: string): Diagnostic {
  return {
    severity: 'error',
    code: 'addon-broken',
    message: `Kubernetes cannot take the addon ${name}${url === null ? '' : ` (${url})`}: ${mistake}. Nothing was changed.`,
    hint: 'Mend the manifest; `kubectl apply --dry-run=client -f FILE` tries it.',
  };
}

function sameName(name: string): Diagnostic {
  return {
    severity: 'error',
    code: 'addon-name-twice',
    message: `Two things of the file would become the same manifest, rke2ctl-${name}.yaml.`,
    hint: 'Give one of them another name: those of charts begin with `chart-`, those of chart values with `values-`.',
  };
}

function twice(object: string, one: string, other: string): Diagnostic {
  return {
    severity: 'warning',
    code: 'addon-object-twice',
    message: `${object} stands in ${one} and in ${other}: which of the two wins changes from run to run.`,
    hint: 'Leave it in one of them.',
  };
}
