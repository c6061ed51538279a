import { type Document, isMap, isSeq, type Node, type Pair, visit } from 'yaml';
import { deref, keyText } from './yaml-position.ts';

interface AnchorMistake {
  readonly code: 'yaml-anchor';
  readonly message: string;
  readonly hint: string;
  readonly offset: number;
}

/** Aliases that stand for nothing or for themselves, and merges (`<<`) of what is no map. */
export function findAnchorMistakes(document: Document.Parsed): readonly AnchorMistake[] {
  const mistakes: AnchorMistake[] = [];
  const add = (node: Node | null | undefined, message: string, hint: string): void => {
    mistakes.push({ code: 'yaml-anchor', message, hint, offset: node?.range?.[0] ?? 0 });
  };
  visit(document, {
    Alias(_key, alias, ancestors) {
      const target = alias.resolve(document);
      if (target && !ancestors.includes(target)) return;
      const message = target
        ? `\`*${alias.source}\` stands inside the very thing that it stands for.`
        : `\`*${alias.source}\` stands for nothing: there is no \`&${alias.source}\` before it.`;
      add(alias, message, 'Set the anchor before its alias, or write the value out.');
    },
    Pair(_key, pair) {
      if (keyText(pair.key) !== '<<' || isMergeable(pair, document)) return;
      const message = 'The merge key `<<` takes the keys of another map, and what stands here is none.';
      add(
        pair.key as Node,
        message,
        'Write an alias of a map behind it, such as `<<: *server`, or take the line away.',
      );
    },
  });
  return mistakes;
}

function isMergeable(pair: Pair, document: Document.Parsed): boolean {
  const source = deref(pair.value as Node | null, document);
  const sources = isSeq(source) ? source.items.map((item) => deref(item as Node, document)) : [source];
  return sources.every((each) => isMap(each));
}
