import {
  describeKey,
  describeOrigin,
  type KeyDescription,
  SECRET_WORDS,
  writeExample,
} from './describe-key.ts';
import { keyTable } from './keys/key-table.ts';

const HEAD = `# cluster.yml, key by key

Written by \`npm run docs\` from the tables in src/config/keys/; a test fails when it is stale. \`rke2ctl explain KEY\` says
the same on the terminal, and [schemas/cluster.schema.json](../schemas/cluster.schema.json) in your editor.

In paths, \`[]\` stands for each entry of a list and \`*\` for a name of your choice. A key with nothing behind it counts as
not written.
`;

/** The reference page: what every key is for, by top-level key in the order of the file, then RKE1's lost keys. Markdown. */
export function renderReference(): string {
  const keys = keyTable().map(describeKey);
  const kept = keys.filter(({ lost }) => lost === null);
  const sections = [...groupBy(kept, ({ path }) => topOf(path))].filter(([, rows]) =>
    rows.some(({ fate }) => fate === 'mapped'),
  );
  return [
    HEAD,
    `${sections.map(([top]) => link(top)).join(' · ')}\n`,
    ...sections.map(([top, rows]) => renderSection(top, rows)),
    renderLost(keys),
  ].join('\n');
}

function topOf(path: string): string {
  return path.split(/[.[]/)[0] ?? path;
}

/** As GitHub makes anchors: small letters, digits, dashes and underscores only. */
function link(path: string): string {
  return `[${path}](#${path.toLowerCase().replaceAll(/[^\w-]/g, '')})`;
}

function renderSection(top: string, rows: readonly KeyDescription[]): string {
  return [`## ${top}\n`, ...rows.map((row) => renderKey(row, row.path === top))].join('\n');
}

function renderKey(key: KeyDescription, isTop: boolean): string {
  const [example] = key.examples;
  const facts = [
    key.type ?? '',
    ...(key.default === null ? [] : [`default: ${key.default}`]),
    describeOrigin(key.origin),
  ];
  return [
    ...(isTop ? [] : [`### \`${key.path}\`\n`]),
    `${key.description}\n`,
    `- ${facts.join(' · ')}`,
    ...key.effects.map((words) => `- ${words}`),
    ...(key.secret ? [`- ${SECRET_WORDS}`] : []),
    ...(example === undefined ? [] : renderExample(writeExample(key.path, example, 'last'))),
    '',
  ].join('\n');
}

function renderExample(text: string): readonly string[] {
  const isLine = !text.includes('\n') && !text.includes('`');
  return isLine ? [`- example: \`${text}\``] : ['', '```yaml', text, '```'];
}

const LOST = `## Keys of RKE1 without a place

RKE2 has no use for these. A file with a key that is *passed over* is valid and gets a warning; one that is *refused* is
not taken until the key is gone, as going on without it would surprise. Empty values get no word.
`;

/** Keys that share their reason are one row; what stands below a lost key is lost with it and not named. */
function renderLost(keys: readonly KeyDescription[]): string {
  const lost = new Set(keys.flatMap((key) => (key.lost === null ? [] : [key.path])));
  const named = keys.filter(
    ({ path }) => lost.has(path) && !listParents(path).some((each) => lost.has(each)),
  );
  const rows = [...groupBy(named, (key) => JSON.stringify([key.fate, key.lost]))].map(([, group]) => {
    const [first] = group;
    const fate = first?.fate === 'refused' ? 'refused' : 'passed over';
    const paths = group.map(({ path }) => `\`${path}\``).join(', ');
    return `| ${paths} | ${fate} | ${cell(first?.lost?.why)} | ${cell(first?.lost?.instead)} |`;
  });
  return [LOST, '| key | | why | instead |', '|---|---|---|---|', ...rows, ''].join('\n');
}

/** `a[].b.c` → `a[].b`, `a[]`, `a`. */
function listParents(path: string): readonly string[] {
  return [...path.matchAll(/(?:\[\])?\.|\[\]/g)].map(({ index }) => path.slice(0, index));
}

function groupBy<T>(items: readonly T[], keyOf: (item: T) => string): ReadonlyMap<string, readonly T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const key = keyOf(item);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [item]);
    else group.push(item);
  }
  return groups;
}

function cell(text = ''): string {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ');
}
