import * as z from 'zod';
import { type Mistake, showValue } from '../finding.ts';
import { text } from './scalars.ts';

const NAME = /^[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?$/;
const DNS_SUBDOMAIN = /^(?=.{1,253}$)[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/;

/** Kubernetes' rule for node names (DNS-1123 subdomain). */
export function isDnsSubdomain(name: string): boolean {
  return DNS_SUBDOMAIN.test(name);
}

/** What is wrong with the key of a label or a taint, if anything. */
export function checkQualifiedName(key: string, what: 'label' | 'taint'): Mistake | null {
  const parts = key.split('/');
  const name = parts.at(-1) ?? '';
  const prefix = parts.length > 1 ? parts.slice(0, -1).join('/') : null;
  if (NAME.test(name) && (prefix === null || DNS_SUBDOMAIN.test(prefix))) return null;
  return {
    message: `${showValue(key)} cannot be the key of a ${what}.`,
    hint: 'A key is a name of at most 63 letters, digits, `-`, `_` and `.`, with a domain and `/` before it if you like: `example.com/rack`.',
  };
}

/** What is wrong with a label's or taint's value, if anything. Empty is fine. */
export function checkLabelValue(value: string, what: 'label' | 'taint'): Mistake | null {
  if (value === '' || NAME.test(value)) return null;
  return {
    message: `${showValue(value)} cannot be the value of a ${what}.`,
    hint: 'At most 63 letters, digits, `-`, `_` and `.`; the first and the last are letters or digits.',
  };
}

const LABEL_VALUE = 'must be text';

/** Labels of a node, by key. */
export const LabelsSchema = z.record(z.string(), text(LABEL_VALUE), {
  error: 'must be a map of labels, one `key: value` per line',
});
