import { Document, isPair, isScalar, isSeq, visit } from 'yaml';
import { formatPath, type Path } from '../../config/finding.ts';

/** Where the value at a path of the shown configuration comes from, in words; null to say nothing. */
export type TellOrigin = (path: Path) => string | null;

/** The configuration as YAML in the keys of cluster.yml; with `tell` each value has its origin behind it. */
export function renderConfig(value: unknown, tell: TellOrigin | null): string {
  const document = new Document(value, { aliasDuplicateObjects: false });
  if (tell !== null) {
    visit(document, {
      Scalar(key, node, ancestors) {
        if (key === 'key') return;
        const origin = tell(pathOf(key, ancestors));
        if (origin !== null) node.comment = ` ${origin}`;
      },
    });
  }
  return document.toString({ lineWidth: 0 });
}

/** Every value that is no map and no list, by its path: `{"nodes[0].port": "default"}`. */
export function listOrigins(value: unknown, tell: TellOrigin): Readonly<Record<string, string>> {
  const entries: [string, string][] = [];
  const walk = (each: unknown, path: Path): void => {
    if (typeof each === 'object' && each !== null) {
      const below = Array.isArray(each) ? [...each.entries()] : Object.entries(each);
      for (const [step, inner] of below) walk(inner, [...path, step]);
    } else {
      const origin = tell(path);
      if (origin !== null) entries.push([formatPath(path), origin]);
    }
  };
  walk(value, []);
  return Object.fromEntries(entries);
}

/** The keys and list indexes that lead to a node of a document. */
function pathOf(key: unknown, ancestors: readonly unknown[]): Path {
  return ancestors.flatMap((each, index): (string | number)[] => {
    if (isPair(each)) return [isScalar(each.key) ? String(each.key.value) : String(each.key)];
    if (!isSeq(each)) return [];
    const child = ancestors[index + 1];
    return [child === undefined ? Number(key) : each.items.indexOf(child)];
  });
}
