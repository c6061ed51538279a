import * as z from 'zod';
import { Secret } from '../../domain/secret.ts';
import { type Finding, findingAt, type Path } from '../finding.ts';
import { findRowValues, growKeyTree, type KeyTree } from '../keys/key-tree.ts';
import { isSecretSource, lookUpSecret } from '../secret-value.ts';
import type { Rule } from './rule.ts';

let secrets: KeyTree | null = null;
let plain: KeyTree | null = null;

/**
 * Secrets that stand in a variable, a file or behind a command must be there, and be what their key takes. Commands are
 * only run where the secrets are needed; `validate` passes them over. No other key takes its value from there: `env:NAME`
 * as a user would be a user of that very name.
 */
export const checkSecretSources: Rule = (draft, context) => {
  secrets ??= growKeyTree(({ entry }) => entry.fate === 'mapped' && entry.secret === true);
  const findings: Finding[] = [];
  for (const { path, row, value } of findRowValues(draft, secrets)) {
    if (typeof value !== 'string' || !isSecretSource(value)) continue;
    const found = lookUpSecret(value, context);
    if (!(found instanceof Secret)) findings.push(findingAt(path, found));
    else if (found.reveal() !== '' && !z.safeParse(row.schema, found.reveal()).success)
      findings.push(refuseContent(path, value));
  }
  plain ??= growKeyTree(({ entry }) => entry.fate === 'mapped' && !entry.secret && !entry.verbatim);
  for (const { path, value } of findRowValues(draft, plain)) {
    const name = typeof value === 'string' ? VARIABLE.exec(value)?.[1] : undefined;
    if (name !== undefined) findings.push(refusePlace(path, name));
  }
  return findings;
};

const VARIABLE = /^env:([A-Za-z_]\w*)$/;

function refusePlace(path: Path, name: string): Finding {
  const key = path.findLast((step) => typeof step === 'string');
  return findingAt(path, {
    code: 'secret-misplaced',
    message: `\`env:\` is for passwords and keys; \`${key}\` is neither, and would be the text \`env:${name}\` itself.`,
    hint: `Write \`\${${name}}\`, which is replaced in every text.`,
  });
}

/** Says nothing of the content itself, which is secret. */
function refuseContent(path: Path, source: string): Finding {
  const key = path.findLast((step) => typeof step === 'string');
  return findingAt(path, {
    code: 'secret-unfit',
    message: `What ${source.startsWith('command:') ? 'the command prints' : `\`${source}\` holds`} is nothing that \`${key}\` can be.`,
    hint: `\`rke2ctl explain ${path.filter((step) => typeof step === 'string').join('.')}\` says what it has to look like.`,
  });
}
