import { describe, expect, it } from 'vitest';
import { migrateDocument } from '../../src/state/migrate-document.ts';

const MIGRATIONS = {
  1: (document: Readonly<Record<string, unknown>>) => ({ ...document, added: true }),
  2: ({ old, ...rest }: Readonly<Record<string, unknown>>) => ({ ...rest, renamed: old }),
};

describe('migrateDocument', () => {
  it('goes through every form in turn', () => {
    expect(migrateDocument({ schemaVersion: 1, old: 'x' }, 1, 3, MIGRATIONS)).toEqual({
      schemaVersion: 3,
      added: true,
      renamed: 'x',
    });
  });

  it('starts where the document is', () => {
    expect(migrateDocument({ schemaVersion: 2, old: 'x' }, 2, 3, MIGRATIONS)).not.toHaveProperty('added');
  });

  it('leaves the present form as it is, and fails on a gap', () => {
    const document = { schemaVersion: 1 };
    expect(migrateDocument(document, 1, 1)).toBe(document);
    expect(() => migrateDocument(document, 1, 2)).toThrow(/format 1 to 2/);
  });
});
