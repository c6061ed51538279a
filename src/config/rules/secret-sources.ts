import * as z from 'zod';
import { Secret } from '../../domain/secret.ts';
import { type Finding, findingAt, type Path } from '../finding.ts';
import { findRowValues, growKeyTree, type KeyTree } from '../keys/key-tree.ts';
import { isSecretSource, lookUpSecret } from '../secret-value.ts';
import type { Rule } from './rule.ts';

let secrets: KeyTree | null = null;

/**
 * Secrets that stand in a variable, a file or behind a command must be there, and be what their key takes. Commands are
 * only run where the secrets are needed; `validate` passes them over.
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
  return findings;
};

/** Says nothing of the content itself, which is secret. */
function refuseContent(path: Path, source: string): Finding {
  const key = path.findLast((step) => typeof step === 'string');
  return findingAt(path, {
    code: 'secret-unfit',
    message: `What ${source.startsWith('command:') ? 'the command prints' : `\`${source}\` holds`} is nothing that \`${key}\` can be.`,
    hint: `\`rke2ctl explain ${path.filter((step) => typeof step === 'string').join('.')}\` says what it has to look like.`,
  });
}
