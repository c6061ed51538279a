import type { Addon } from '../../domain/cluster.ts';
import { sha256 } from '../../lib/hash.ts';
import { listManifestObjects } from '../../rke2/manifest-objects.ts';
import type { ClusterInput } from '../keys/cluster.ts';
import { readLocalFile } from '../local-file.ts';
import { isHttpUrl } from '../schema/scalars.ts';
import type { SecretContext } from '../secret-value.ts';

const INLINE = 'addons';

/** The manifests in the order in which RKE1 applied them: the text of the file first, then what it includes. */
export function resolveAddons(input: ClusterInput, context: SecretContext): readonly Addon[] {
  const { addons = '', addons_include: places = [] } = input;
  const inline = hasObjects(addons) ? [{ name: INLINE, source: { text: addons } }] : [];
  const names = nameAddons(places);
  const included = places.map((place, index): Addon => {
    const source = isHttpUrl(place) ? { url: place } : { text: readLocalFile(place, context) };
    return { name: names[index] ?? INLINE, source };
  });
  return [...inline, ...included];
}

/** Whether anything but blanks and comments stands in the text. */
function hasObjects(text: string): boolean {
  const { mistakes, objects } = listManifestObjects(text);
  return objects.length + mistakes.length > 0;
}

/**
 * A name for each included file, after its own. Where another manifest has it, too (charts and their values are called
 * `chart-…` and `values-…`), it gets a part of its path's hash: by it `up` knows what it brought into the cluster.
 */
function nameAddons(places: readonly string[]): readonly string[] {
  const plain = places.map(nameOf);
  return plain.map((name, index) => {
    const isTaken =
      name === INLINE || /^(chart|values)-/.test(name) || plain.filter((other) => other === name).length > 1;
    return isTaken ? `${name}-${sha256(places[index] ?? '').slice(0, 6)}` : name;
  });
}

/** `./addons/Team_A.yaml` is `team-a`: RKE2 wants a DNS-1123 label, and cuts the name at its first dot. */
function nameOf(place: string): string {
  const path = isHttpUrl(place) ? new URL(place).pathname : place;
  const base = path.split('/').findLast((part) => part !== '') ?? '';
  const name = base
    .replace(/\.(ya?ml|json)$/i, '')
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .slice(0, 40)
    .replaceAll(/^-+|-+$/g, '');
  return name === '' ? 'include' : name;
}
