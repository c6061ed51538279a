import { dirname, isAbsolute, join, relative, resolve } from 'node:path';
import { isScalar } from 'yaml';
import type { Path } from '../finding.ts';
import { findRowValues, growKeyTree, type KeyTree, stepInto } from '../keys/key-tree.ts';
import { isHttpUrl } from '../schema/scalars.ts';
import { type ConversionInput, type Draft, readDraft, replaceValues } from './draft.ts';
import { findPlace, nodeOf } from './find-place.ts';

/** In RKE1 `${` was text like any other; here it begins a variable unless a dollar sign stands before it. */
export function escapeDollars(draft: Draft): Draft {
  const { document, value } = readDraft(draft);
  const verbatim = growKeyTree(({ entry }) => entry.fate === 'mapped' && entry.verbatim === true);
  const changes = [...listTexts(value, verbatim, [])].flatMap(({ path, text }) => {
    if (!text.includes('${')) return [];
    const place = findPlace(document, path);
    const node = place && nodeOf(place);
    if (!isScalar(node) || !node.range) return [];
    const source = draft.lines.text.slice(node.range[0], node.range[1]);
    const message =
      'A dollar sign was put before each `${`, which would begin a variable here: the value is the same.';
    return [
      {
        path,
        text: source.replaceAll(/\$(?=[${])/g, '$$$$'),
        story: { kind: 'changed' as const, path, message, hint: DOLLAR_HINT },
      },
    ];
  });
  return replaceValues(draft, changes);
}

const DOLLAR_HINT =
  'If another program used to fill it in before RKE1 read the file, take that dollar sign away: rke2ctl does it itself.';

function* listTexts(
  value: unknown,
  verbatim: KeyTree | undefined,
  path: Path,
): Generator<{ readonly path: Path; readonly text: string }> {
  if (verbatim?.row) return;
  if (typeof value === 'string') yield { path, text: value };
  if (typeof value !== 'object' || value === null) return;
  for (const [key, each] of Object.entries(value)) {
    const step = Array.isArray(value) ? Number(key) : key;
    yield* listTexts(each, verbatim && stepInto(verbatim, step), [...path, step]);
  }
}

const PATH_KEYS = /(^|[.\]])(ssh_key_path|ssh_cert_path|addons_include)(\[\])?$/;

/** Relative paths are made to mean the same from the new file's folder. */
export function movePaths(draft: Draft, { file, target, env }: ConversionInput): Draft {
  const from = dirname(resolve(env.cwd, file));
  const to = dirname(resolve(env.cwd, target));
  if (from === to) return draft;
  const { value } = readDraft(draft);
  const tree = growKeyTree(({ path }) => PATH_KEYS.test(path));
  const changes = [...findRowValues(value, tree)].flatMap(({ path, value: each }) => {
    if (typeof each !== 'string' || isAbsolute(each) || each.startsWith('~') || isHttpUrl(each)) return [];
    const moved = relative(to, join(from, each));
    const message = 'The path is relative to the new file now.';
    const text = JSON.stringify(moved.startsWith('.') ? moved : `./${moved}`);
    return [{ path, text, story: { kind: 'changed' as const, path, message, hint: null } }];
  });
  return replaceValues(draft, changes);
}
