import { textAt } from './json-path.ts';
import type { KubeObject } from './kube-object.ts';
import { badRequest } from './status-error.ts';

/** True for the objects that a request's label and field selectors let through. */
export type Selector = (object: KubeObject) => boolean;

type Labels = Readonly<Record<string, string>>;
type Requirement = (labels: Labels) => boolean;

/** Splits at commas that are not inside parentheses. */
function splitRequirements(text: string): readonly string[] {
  return text
    .split(/,(?![^(]*\))/)
    .map((part) => part.trim())
    .filter((part) => part !== '');
}

function parseRequirement(text: string): Requirement {
  const set = /^(\S+)\s+(in|notin)\s+\(([^)]*)\)$/.exec(text);
  if (set !== null) {
    const [, key = '', operator, list = ''] = set;
    const values = new Set(list.split(',').map((value) => value.trim()));
    const isIn = (labels: Labels): boolean => labels[key] !== undefined && values.has(labels[key]);
    return operator === 'in' ? isIn : (labels) => !isIn(labels);
  }
  const equality = /^([^!=\s]+)\s*(==|=|!=)\s*(\S*)$/.exec(text);
  if (equality !== null) {
    const [, key = '', operator, value] = equality;
    return operator === '!=' ? (labels) => labels[key] !== value : (labels) => labels[key] === value;
  }
  const existence = /^(!?)([^!=\s()]+)$/.exec(text);
  if (existence === null) throw badRequest(`unable to parse requirement: ${text}`);
  const [, not, key = ''] = existence;
  return (labels) => (labels[key] === undefined) === (not === '!');
}

/** Kubernetes' label selector syntax: `a=b, c!=d, e in (f, g), h, !i`. */
export function parseLabelSelector(text: string): (labels: Labels) => boolean {
  const requirements = splitRequirements(text).map(parseRequirement);
  return (labels) => requirements.every((requirement) => requirement(labels));
}

const SELECTABLE_FIELD =
  /^(metadata\.(name|namespace)|spec\.\w+|status\.\w+|involvedObject\.\w+|type|reason|reportingComponent|source)$/;

/** Kubernetes' field selector syntax: `metadata.name=a,spec.nodeName!=b`; other fields are refused with 400. */
export function parseFieldSelector(text: string): Selector {
  const requirements = splitRequirements(text).map((part): Selector => {
    const [, field = '', operator, value] = /^([^!=]+)(==|=|!=)(.*)$/.exec(part) ?? [];
    if (operator === undefined) throw badRequest(`invalid field selector: ${part}`);
    if (!SELECTABLE_FIELD.test(field)) throw badRequest(`field label not supported: ${field}`);
    // `spec.unschedulable=false` must match a node that does not have the field.
    const read = (object: KubeObject): string => {
      const found = textAt(object, field);
      return found === '' && (value === 'false' || value === 'true') ? 'false' : found;
    };
    return operator === '!=' ? (object) => read(object) !== value : (object) => read(object) === value;
  });
  return (object) => requirements.every((requirement) => requirement(object));
}

/** Both selectors of a request's query together. */
export function parseSelectors(query: URLSearchParams): Selector {
  const byLabel = parseLabelSelector(query.get('labelSelector') ?? '');
  const byField = parseFieldSelector(query.get('fieldSelector') ?? '');
  return (object) => byLabel(object.metadata.labels ?? {}) && byField(object);
}

/** The selector inside an object (`spec.selector` with matchLabels and matchExpressions). */
export function matchesLabelSelector(selector: unknown, labels: Labels): boolean {
  const { matchLabels, matchExpressions } = (selector ?? {}) as {
    matchLabels?: Labels;
    matchExpressions?: readonly { key: string; operator: string; values?: readonly string[] }[];
  };
  const isEqual = Object.entries(matchLabels ?? {}).every(([key, value]) => labels[key] === value);
  const isExpressed = (matchExpressions ?? []).every(({ key, operator, values = [] }) => {
    const value = labels[key];
    if (operator === 'Exists') return value !== undefined;
    if (operator === 'DoesNotExist') return value === undefined;
    const isIn = value !== undefined && values.includes(value);
    return operator === 'In' ? isIn : !isIn;
  });
  return isEqual && isExpressed;
}
