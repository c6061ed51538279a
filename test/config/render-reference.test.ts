import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { keyTable } from '../../src/config/keys/key-table.ts';
import { renderReference } from '../../src/config/render-reference.ts';

const page = renderReference();
const anchors = new Set(
  [...page.matchAll(/^#+ (.+)$/gm)].map(([, title = '']) =>
    title
      .toLowerCase()
      .replaceAll(' ', '-')
      .replaceAll(/[^\w-]/g, ''),
  ),
);

describe('docs/cluster-yml.md', () => {
  it('is as the tables of keys have it (`npm run docs` writes it anew)', () => {
    const written = readFileSync(new URL('../../docs/cluster-yml.md', import.meta.url), 'utf8');
    expect(written === page, 'docs/cluster-yml.md is stale: run `npm run docs`').toBe(true);
  });

  it('has every key once as a heading, or in the table of lost keys with the key above it', () => {
    const [kept = '', lost = ''] = page.split('## Keys of RKE1 without a place');
    for (const { entry, path } of keyTable()) {
      const isLost = entry.fate === 'warned' || entry.fate === 'refused';
      const titles = kept.split('\n').filter((line) => line === `## ${path}` || line === `### \`${path}\``);
      const isEmpty = keyTable().every(
        (row) => row.entry.fate !== 'mapped' || !row.path.startsWith(path.split(/[.[]/)[0] ?? ''),
      );
      expect({ path, titles: titles.length }).toEqual({ path, titles: isLost || isEmpty ? 0 : 1 });
      const above = path.split('.').map((_step, index, steps) => steps.slice(0, index + 1).join('.'));
      if (isLost)
        expect(
          above.some((each) => lost.includes(`\`${each}\``)),
          path,
        ).toBe(true);
    }
  });

  it('has links that lead somewhere', () => {
    const links = [...page.matchAll(/\]\(#([^)]+)\)/g)].map(([, anchor = '']) => anchor);
    expect(links.length).toBeGreaterThan(10);
    expect(links.filter((anchor) => !anchors.has(anchor))).toEqual([]);
  });
});
