import { isScalar } from 'yaml';
import type { Diagnostic } from '../../domain/diagnostic.ts';
import type { Path } from '../finding.ts';
import { parseCluster } from '../parse-cluster.ts';
import { QUOTE_IT } from '../value-mistakes.ts';
import {
  afterwards,
  type ConversionInput,
  type Draft,
  readDraft,
  removeKeys,
  replaceValues,
  type Story,
} from './draft.ts';
import { findPlace, nodeOf } from './find-place.ts';

/** Parts of the file in which a value that cannot be taken may go: the cluster comes up without it all the same. */
const DISPENSABLE = new Set([
  'authentication',
  'authorization',
  'cloud_provider',
  'dns',
  'ingress',
  'monitoring',
  'network',
  'services',
  'system_images',
  'upgrade_strategy',
]);

/** What a cluster is made of: no value of these is taken away, however wrong; a person has to mend it. */
const KEPT =
  /^services\.(kube-controller\.cluster_cidr|kube(-api|-controller)\.service_cluster_ip_range|kubelet\.cluster_domain)$/;

/** Warnings that a setting has no effect; without it nothing changes. */
const IDLE = new Set([
  'chart-values-unused',
  'ingress-port-unused',
  'ingress-settings-unused',
  'network-option-unused',
  'settings-unused',
]);

const MOST_PASSES = 20;

/**
 * Takes out, pass by pass, what `validate` calls a mistake and the cluster can do without: keys that RKE1 did not know
 * either, values that RKE2 cannot take, and settings without effect. Words that meant yes and no to RKE1 are mended, and
 * numbers that were text to it.
 */
export function dropRefusedValues(before: Draft, { target, env }: ConversionInput): Draft {
  let draft = before;
  for (let pass = 0; pass < MOST_PASSES; pass += 1) {
    const { findings } = parseCluster(draft.lines.text, target, { ...env, runCommand: null });
    const errors = findings.filter(({ severity, code }) => severity === 'error' || IDLE.has(code));
    const switches = errors.flatMap((error) => mendScalar(draft, error));
    const next =
      switches.length > 0 ? replaceValues(draft, switches) : removeKeys(draft, listRemovals(draft, errors));
    if (next.lines.text === draft.lines.text) return draft;
    draft = next;
  }
  return draft;
}

/** RKE1 took a number or a switch as text, letter by letter, wherever text was wanted. */
function isTextWanted(hint: string, value: unknown): boolean {
  return hint.startsWith(QUOTE_IT) && (typeof value === 'number' || typeof value === 'boolean');
}

function mendScalar(
  draft: Draft,
  { hint, path = '' }: Diagnostic,
): readonly { readonly path: Path; readonly text: string; readonly story: Story }[] {
  const steps = parsePath(path);
  const place = findPlace(readDraft(draft).document, steps);
  const node = place && nodeOf(place);
  if (isScalar(node) && node.type === 'PLAIN' && isTextWanted(hint, node.value)) {
    const text = JSON.stringify(node.source);
    const message = `\`${node.source}\` was text to RKE1, and is a ${typeof node.value} here: it is in quotes now.`;
    return [{ path: steps, text, story: { kind: 'changed', path: steps, message, hint: null } }];
  }
  const word =
    isScalar(node) && node.type === 'PLAIN' && /^(?:(y|yes|on)|n|no|off)$/i.exec(node.source ?? '');
  if (!word) return [];
  const text = word[1] === undefined ? 'false' : 'true';
  const message = `\`${word[0]}\` was \`${text}\` to RKE1, and is a word here; \`${text}\` is written instead.`;
  return [{ path: steps, text, story: { kind: 'changed', path: steps, message, hint: null } }];
}

function listRemovals(draft: Draft, errors: readonly Diagnostic[]): readonly Story[] {
  const { document } = readDraft(draft);
  const seen = new Set<string>();
  return errors.flatMap(({ code, severity, message, hint, path = '' }): Story[] => {
    const steps = parsePath(path);
    const mayGo = code === 'unknown-key' || (DISPENSABLE.has(String(steps[0])) && !KEPT.test(path));
    if (!mayGo || seen.has(path) || findPlace(document, steps) === null) return [];
    seen.add(path);
    if (code === 'unknown-key') {
      const passed = `RKE1 did not know the key either and passed over it. ${message}`;
      return [{ kind: 'dropped', path: steps, message: passed, hint }];
    }
    return severity === 'error'
      ? [{ kind: 'decision', path: steps, message: `${message} It was taken out.`, hint: afterwards(hint) }]
      : [{ kind: 'dropped', path: steps, message, hint: null }];
  });
}

/** The other way round of formatPath. */
export function parsePath(text: string): Path {
  const steps: (string | number)[] = [];
  for (const [, index, quoted, name] of text.matchAll(/\[(\d+)\]|\[("(?:[^"\\]|\\.)*")\]|([^.[\]]+)/g)) {
    if (index !== undefined) steps.push(Number(index));
    else steps.push(quoted === undefined ? (name ?? '') : String(JSON.parse(quoted)));
  }
  return steps;
}
