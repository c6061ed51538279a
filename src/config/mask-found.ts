import { Document, isMap, isScalar, type Pair, parseAllDocuments, visit } from 'yaml';
import { MASK } from './mask-secrets.ts';

/** A text that may be shown, and the secrets that were found in it: they may stand elsewhere, too. */
export interface MaskedFind {
  readonly text: string;
  readonly found: readonly string[];
}

const WORDS =
  'pass|password|passwd|pwd|passphrase|secret|token|credential|bearer|cookie|auth|authorization|' +
  '(?:api|access|private|secret|encryption|client)[-_]?key(?:[-_]?data)?';

/** Names of keys whose values are secrets, whoever wrote the file. */
const SECRET_KEY = new RegExp(`(?:${WORDS})s?$|\\.key$`, 'i');

/** `etcd-s3-config-secret` names a Secret; what is below `auth` has names of its own. */
const NAME_OF_SECRET = /config-secret["' =:\t]*$/i;
const HAS_OWN_NAMES = /auth$/i;

/** `name=value` in any text, as in flags, variables and lines of logs; also `name: value`, and JSON's form of it. */
const SETTING = new RegExp(
  `((?:^|[^\\w])["']?[\\w.-]*(?:${WORDS})s?["']?[ \\t]*[=:][ \\t]*["']?(?:(?:basic|bearer) )?)([^\\s"',;&{}[\\]]{3,})`,
  'gim',
);
const NO_SECRET = /^(?:true|false|null|none|-?\d{1,5})$/i;

const URL_PASSWORD = /(:\/\/[^\s:/@]*):([^\s/@]+)@/g;
const BEARER = /\b((?:bearer|basic) )([\w.~+/=-]{8,})/gi;
const WEB_TOKEN = /\beyJ[\w-]{8,}\.[\w-]+\.[\w-]+/g;
const FULL_TOKEN = /\bK10[0-9a-f]{64}::[^\s"',]+/g;
const PRIVATE_KEY = /-----BEGIN ([A-Z0-9 ]*PRIVATE KEY)-----[\s\S]*?(?:-----END \1-----|$(?![\s\S]))/g;

/** Shorter ones are no secrets that can be looked for: they would tear every text apart. */
const SHORTEST = 4;
/** What a line of a log calls a token may be any word; long ones are looked for elsewhere. */
const SHORTEST_IN_LOGS = 8;

/** What is secret by its form, whatever the text is: passwords in URLs, tokens, private keys, `password=…`. */
export function maskForms(text: string): MaskedFind {
  const found: string[] = [];
  const take = (value: string, shortest = SHORTEST) => {
    if (value.length >= shortest) found.push(value);
    return MASK;
  };
  const masked = text
    .replace(PRIVATE_KEY, (key) => take(key))
    .replace(FULL_TOKEN, (token) => take(token))
    .replace(WEB_TOKEN, (token) => take(token))
    .replace(URL_PASSWORD, (_all, start: string, password: string) => `${start}:${take(password)}@`)
    .replace(BEARER, (_all, start: string, value: string) => start + take(value))
    .replace(SETTING, (all: string, start: string, value: string) =>
      NO_SECRET.test(value) || NAME_OF_SECRET.test(start) ? all : start + take(value, SHORTEST_IN_LOGS),
    );
  return { text: masked, found };
}

/**
 * A file in YAML or JSON without comments, the data of Secrets and the values of keys that are secrets by their names.
 * null when it cannot be read: then nothing can be said of what is in it.
 */
export function maskYamlFile(text: string): MaskedFind | null {
  const found: string[] = [];
  const documents = [...parseAllDocuments(text, { logLevel: 'silent' })];
  if (documents.some(({ errors }) => errors.length > 0)) return null;
  for (const document of documents) {
    dropComments(document);
    visit(document, {
      Map: (_key, map) => {
        if (map.get('kind') !== 'Secret') return;
        for (const name of ['data', 'stringData']) {
          if (!map.has(name)) continue;
          const values = textsOf(map.get(name, true));
          found.push(...values, ...(name === 'data' ? values.map(decode) : []));
          map.set(name, MASK);
        }
      },
      Pair: (_key, pair) => maskPair(pair, found),
    });
  }
  const rest = maskForms(documents.map(String).join('---\n'));
  const worth = [...found, ...rest.found].filter((value) => value.length >= SHORTEST && value !== MASK);
  return { text: rest.text, found: worth };
}

function dropComments(document: Document): void {
  document.comment = null;
  document.commentBefore = null;
  visit(document, {
    Node: (_key, node) => {
      node.comment = null;
      node.commentBefore = null;
    },
  });
}

function maskPair(pair: Pair, found: string[]): symbol | undefined {
  const name = isScalar(pair.key) ? String(pair.key.value) : '';
  if (!SECRET_KEY.test(name) || NAME_OF_SECRET.test(name)) return undefined;
  if (isMap(pair.value) && HAS_OWN_NAMES.test(name)) return undefined;
  const values = textsOf(pair.value);
  if (values.length === 0) return undefined;
  // Places are no secrets, though what lies there may be.
  found.push(...values.filter((value) => !/^\/(?:etc|var|root|home)\//.test(value)));
  pair.value = new Document(MASK).contents;
  return visit.SKIP;
}

/** Every value below, keys left out; true, false and nothing are no values. */
function textsOf(node: unknown): readonly string[] {
  const texts: string[] = [];
  const take = (value: unknown) => {
    if (typeof value === 'string' || typeof value === 'number') texts.push(String(value));
  };
  if (isScalar(node)) take(node.value);
  else if (typeof node === 'object' && node !== null)
    visit(node as Document, { Scalar: (key, { value }) => (key === 'key' ? undefined : take(value)) });
  return texts;
}

function decode(base64: string): string {
  return Buffer.from(base64, 'base64').toString('utf8');
}

/** Variables that say where and how, and hold no secret beside passwords of URLs. */
const OPEN_VARIABLE =
  /(?:_PROXY|_LEVEL|_DEBUG|_DIR|_FILE|_MODE)$|^(?:PATH|HOME|LANG|LC_ALL|TZ|GOMAXPROCS|GODEBUG)$/i;

/** An environment file, or a unit's drop-in: of variables only the names, but for those that are known to be harmless. */
export function maskEnvironmentFile(text: string): MaskedFind {
  const found: string[] = [];
  const mask = (all: string, start: string, name: string, value: string) => {
    if (OPEN_VARIABLE.test(name)) return all;
    const bare = value.replace(/^(["'])(.*)\1$/s, '$2');
    if (bare.length >= SHORTEST_IN_LOGS) found.push(bare);
    return `${start}${name}=${MASK}`;
  };
  const masked = text
    .replace(/^[ \t]*[#;].*$/gm, '')
    .replace(/^(Environment=.*)$/gm, (line: string) =>
      line.replace(/([= ]["']?)([A-Za-z_]\w*)=("[^"]*"|'[^']*'|[^\s"']+)/g, mask),
    )
    .replace(/^((?:export )?)(?!Environment=)([A-Z_][A-Z0-9_]*)=(.*)$/gm, mask);
  const rest = maskForms(masked);
  return { text: rest.text, found: [...found, ...rest.found] };
}
