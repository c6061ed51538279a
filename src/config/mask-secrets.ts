import { growKeyTree, type KeyTree, stepInto } from './keys/key-tree.ts';
import { isSecretSource } from './secret-value.ts';

/** Stands where a secret is. */
export const MASK = '[secret]';

/** Names of what people put into values of charts and the like, where no row says what is secret. */
const SECRET_WORDS =
  '(?:pass|password|passphrase|secret|token|credential|(?:api|access|private|secret)[-_]?key)s?';
const SECRET_NAME = new RegExp(`${SECRET_WORDS}$`, 'i');

/** `name=value`, as flags and variables of components are written. */
const SECRET_SETTING = new RegExp(`^(-{0,2}[\\w.-]*${SECRET_WORDS})=.+$`, 'is');

/** A line of YAML whose key or flag is a secret by its name: `"adminPassword": "…"`, `- "oidc-client-secret=…"`. */
const SECRET_LINE = new RegExp(
  `^([ \\t]*(?:- )?(?:"[\\w.-]*${SECRET_WORDS}"|[\\w.-]*${SECRET_WORDS}): )(?![ \\t]*(?:$|[|>&*{[]))[^\\n]+$`,
  'gim',
);
const SECRET_ITEM = new RegExp(`^([ \\t]*- "?-{0,2}[\\w.-]*${SECRET_WORDS}=)[^"\\n]+("?)$`, 'gim');

/**
 * The same keys with every secret masked: those of the tables, passwords in URLs, Secrets among manifests, and what by
 * its name is a secret in the values of charts. Where a secret is read from elsewhere, the place is shown.
 */
export function maskSecrets(value: unknown): unknown {
  return mask(
    value,
    growKeyTree(() => true),
    '',
  );
}

function mask(value: unknown, tree: KeyTree | undefined, name: string): unknown {
  const entry = tree?.row?.entry;
  if (entry?.fate === 'mapped' && entry.secret === true) return maskAll(value);
  if (tree === undefined && SECRET_NAME.test(name)) return maskAll(value);
  if (typeof value === 'string') return maskText(value);
  if (Array.isArray(value)) return value.map((each) => mask(each, tree, name));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, each]) => [key, mask(each, tree && stepInto(tree, key), key)]),
  );
}

function maskAll(value: unknown): unknown {
  if (typeof value === 'string') return isSecretSource(value) ? value : MASK;
  if (Array.isArray(value)) return value.map(maskAll);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, maskAll(each)]));
}

/** Text without passwords of URLs and without the Secrets of manifests in it. */
export function maskText(text: string): string {
  const documents = text.split(/^---[ \t]*$/m);
  const shown = documents.map((each) =>
    /\bkind["']?\s*:\s*["']?Secret\b/.test(each) ? `\n# ${MASK}: a Secret\n` : each,
  );
  return shown
    .join('---')
    .replaceAll(/(:\/\/[^\s:/@]*):[^\s/@]+@/g, `$1:${MASK}@`)
    .replace(SECRET_SETTING, `$1=${MASK}`);
}

/** A file as RKE2 reads it, without what `maskText` takes out and what is a secret by its name: values of charts, flags. */
export function maskFile(text: string): string {
  return maskText(text)
    .replaceAll(SECRET_LINE, (line: string, start: string) =>
      line.includes(MASK) || /config-secret"?: $/.test(start) ? line : `${start}"${MASK}"`,
    )
    .replaceAll(SECRET_ITEM, `$1${MASK}$2`);
}
