import { keyTable } from './keys/key-table.ts';

/** The defaults in words as a Markdown table, in the order of the keys, as it stands in the README. */
export function renderDefaultsTable(): string {
  const rows = keyTable().flatMap(({ entry, path }) => {
    if (!('default' in entry) || entry.default === undefined || path.startsWith(REPEATED)) return [];
    return [`| \`${path}\` | ${entry.default} |`];
  });
  return ['| key | without it |', '|---|---|', ...rows, ''].join('\n');
}

/** Jump hosts have the same keys wherever they stand. */
const REPEATED = 'nodes[].bastion_host.';
