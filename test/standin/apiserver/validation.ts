import { isRecord, recordsAt, textAt, valueAt } from './json-path.ts';
import type { KubeObject } from './kube-object.ts';
import type { ResourceType } from './resource-catalog.ts';
import { invalid, type StatusCause } from './status-error.ts';

type Cause = Required<StatusCause>;

const LABEL = '[a-z0-9]([-a-z0-9]*[a-z0-9])?';
const IS_LABEL = new RegExp(`^${LABEL}$`);
const IS_SUBDOMAIN = new RegExp(`^${LABEL}(\\.${LABEL})*$`);
const IS_QUALIFIED = /^([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$/;
const MAX_SECRET_BYTES = 1024 * 1024;
const TAINT_EFFECTS = ['NoSchedule', 'PreferNoSchedule', 'NoExecute'];

/** Kinds whose name is one DNS label; RBAC kinds are freer (any path segment); all others a DNS subdomain. */
const LABEL_NAMED = new Set(['namespaces', 'services']);

const LABEL_WORDS =
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an " +
  "alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
const SUBDOMAIN_WORDS =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end " +
  "with an alphanumeric character (e.g. 'example.com', regex used for validation is " +
  "'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";

function wrong(field: string, value: string, why: string): Cause {
  const message = `Invalid value: ${JSON.stringify(value)}: ${why}`;
  return { reason: 'FieldValueInvalid', field, message };
}

function checkName(resource: ResourceType, name: string): readonly Cause[] {
  const field = 'metadata.name';
  if (name === '') {
    return [
      { reason: 'FieldValueRequired', field, message: 'Required value: name or generateName is required' },
    ];
  }
  if (resource.group === 'rbac.authorization.k8s.io') {
    return /[/%]/.test(name) ? [wrong(field, name, "may not contain '/' or '%'")] : [];
  }
  if (LABEL_NAMED.has(resource.plural)) {
    if (name.length > 63) return [wrong(field, name, 'must be no more than 63 characters')];
    return IS_LABEL.test(name) ? [] : [wrong(field, name, LABEL_WORDS)];
  }
  if (name.length > 253) return [wrong(field, name, 'must be no more than 253 characters')];
  return IS_SUBDOMAIN.test(name) ? [] : [wrong(field, name, SUBDOMAIN_WORDS)];
}

function isQualifiedName(key: string): boolean {
  const parts = key.split('/');
  const name = parts.at(-1) ?? '';
  const prefix = parts.length === 2 ? parts[0] : undefined;
  if (parts.length > 2 || name.length > 63 || !IS_QUALIFIED.test(name)) return false;
  return prefix === undefined || (prefix.length <= 253 && IS_SUBDOMAIN.test(prefix));
}

const QUALIFIED_WORDS =
  "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character";

function checkLabels(object: KubeObject): readonly Cause[] {
  const causes: Cause[] = [];
  for (const [key, value] of Object.entries(object.metadata.labels ?? {})) {
    if (!isQualifiedName(key)) causes.push(wrong('metadata.labels', key, QUALIFIED_WORDS));
    const isValue = value === '' || (value.length <= 63 && IS_QUALIFIED.test(value));
    if (!isValue) {
      const why =
        "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must " +
        'start and end with an alphanumeric character';
      causes.push(
        wrong('metadata.labels', value, value.length > 63 ? 'must be no more than 63 characters' : why),
      );
    }
  }
  for (const key of Object.keys(object.metadata.annotations ?? {})) {
    if (!isQualifiedName(key.toLowerCase())) causes.push(wrong('metadata.annotations', key, QUALIFIED_WORDS));
  }
  return causes;
}

function checkTaints(object: KubeObject): readonly Cause[] {
  const seen = new Set<string>();
  return recordsAt(object, 'spec.taints').flatMap((taint, index): readonly Cause[] => {
    const field = `spec.taints[${index}]`;
    const key = textAt(taint, 'key');
    const effect = textAt(taint, 'effect');
    const id = `${key}:${effect}`;
    if (!isQualifiedName(key)) return [wrong(`${field}.key`, key, QUALIFIED_WORDS)];
    if (!TAINT_EFFECTS.includes(effect)) {
      const supported = TAINT_EFFECTS.map((name) => JSON.stringify(name)).join(', ');
      const message = `Unsupported value: ${JSON.stringify(effect)}: supported values: ${supported}`;
      return [{ reason: 'FieldValueNotSupported', field: `${field}.effect`, message }];
    }
    if (seen.has(id)) return [wrong(field, id, 'taints must be unique by key and effect pair')];
    seen.add(id);
    return [];
  });
}

function checkSecret(object: KubeObject, previous: KubeObject | undefined): readonly Cause[] {
  const data = valueAt(object, 'data');
  const values = isRecord(data) ? Object.values(data).map(String) : [];
  const size = values.reduce((sum, value) => sum + Buffer.from(value, 'base64').length, 0);
  const causes: Cause[] = [];
  if (size > MAX_SECRET_BYTES) {
    const message = `Too long: must have at most ${MAX_SECRET_BYTES} bytes`;
    causes.push({ reason: 'FieldValueTooLong', field: 'data', message });
  }
  if (previous !== undefined && textAt(previous, 'type') !== textAt(object, 'type')) {
    causes.push(wrong('type', textAt(object, 'type'), 'field is immutable'));
  }
  const isFrozen = previous !== undefined && valueAt(previous, 'immutable') === true;
  if (isFrozen && JSON.stringify(valueAt(previous, 'data')) !== JSON.stringify(data)) {
    const message = 'Forbidden: field is immutable when `immutable` is set';
    causes.push({ reason: 'FieldValueForbidden', field: 'data', message });
  }
  return causes;
}

/** Throws 422 with every broken rule: names, labels, annotations, taints, size and immutability of Secrets. */
export function validateObject(resource: ResourceType, object: KubeObject, previous?: KubeObject): void {
  const causes = [
    ...(previous === undefined ? checkName(resource, object.metadata.name) : []),
    ...checkLabels(object),
    ...(resource.kind === 'Node' ? checkTaints(object) : []),
    ...(resource.kind === 'Secret' ? checkSecret(object, previous) : []),
  ];
  if (causes.length > 0) throw invalid(resource, object.metadata.name, causes);
}
