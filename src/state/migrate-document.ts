type RawDocument = Readonly<Record<string, unknown>>;

/** Brings a document of one form to the next one; the key of the table is the form it starts from. */
export type Migrations = Readonly<Record<number, (document: RawDocument) => RawDocument>>;

/** Every form that ever was written, but the present one. There has been one form so far. */
const MIGRATIONS: Migrations = {};

/**
 * Takes a document through every form between `from` and `to`. The result says the new `schemaVersion`; it is validated
 * by the caller. A gap in the table is a defect of ours and throws.
 */
export function migrateDocument(
  document: RawDocument,
  from: number,
  to: number,
  migrations: Migrations = MIGRATIONS,
): RawDocument {
  let current = document;
  for (let version = from; version < to; version += 1) {
    const migrate = migrations[version];
    if (migrate === undefined) throw new Error(`no way from state format ${version} to ${version + 1}`);
    current = { ...migrate(current), schemaVersion: version + 1 };
  }
  return current;
}
