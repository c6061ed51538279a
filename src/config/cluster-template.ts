import { stringify } from 'yaml';
import * as z from 'zod';
import { describeKey, readDefault } from './describe-key.ts';
import { pickOption, unwrap } from './draft.ts';
import { isLost, listBelow } from './find-key.ts';
import type { KeyRow } from './keys/key-table.ts';

/** The first line of a cluster.yml, by which editors find the schema. */
function modeline(schema: string): string {
  return `# yaml-language-server: $schema=${schema}\n`;
}

/** The least that makes a cluster, to be edited. `schema` is the address of the JSON Schema. */
export function writeMinimal(schema: string): string {
  return `${modeline(schema)}# The least that makes a cluster: one server, two workers. Everything else has a default; \`rke2ctl explain\` lists it.
nodes:
  - {address: 10.0.0.11, user: root, role: [controlplane, etcd]}
  - {address: 10.0.0.21, user: root, role: [worker]}
  - {address: 10.0.0.22, user: root, role: [worker]}
`;
}

/** A file with these keys and a line of comment above. */
export function writeClusterFile(
  schema: string,
  comment: string,
  keys: Readonly<Record<string, unknown>>,
): string {
  const { nodes, ...rest } = keys;
  const list = Array.isArray(nodes) ? nodes.map((node) => `  - ${flow(node)}\n`).join('') : '';
  const text = Object.keys(rest).length === 0 ? '' : stringify(rest, { lineWidth: 0 });
  const [name = '', others = ''] = text.startsWith('cluster_name:') ? splitLine(text) : ['', text];
  return `${modeline(schema)}# ${comment}\n${name}nodes:\n${list}${others}`;
}

function splitLine(text: string): readonly [string, string] {
  const end = text.indexOf('\n') + 1;
  return [text.slice(0, end), text.slice(end)];
}

function flow(value: unknown): string {
  return stringify(value, { collectionStyle: 'flow', flowCollectionPadding: false, lineWidth: 0 }).trimEnd();
}

/**
 * Every key that there is, with what it is for and its default or an example. All but `nodes` is commented out, so that
 * what remains to be filled in is what a cluster cannot do without.
 */
export function writeEmpty(schema: string): string {
  const rows = listBelow('').filter((row) => !isLost(row));
  return [
    modeline(schema),
    '# Every key of cluster.yml. Take the # away from what you want to set, and from the keys above it.\n',
    ...rows.map((row) => `\n${writeKey(row, '', row.path !== 'nodes')}`),
  ].join('');
}

const WIDTH = 110;
/** Keys that no node is without. */
const REQUIRED = ['nodes[].address', 'nodes[].role'];

function writeKey(row: KeyRow, indent: string, commented: boolean): string {
  const { description } = describeKey(row);
  const name = row.path.split('.').at(-1) ?? row.path;
  const mark = commented ? '#' : '';
  const comment = wrap(description, WIDTH - indent.length - 2)
    .map((line) => `${indent}# ${line}\n`)
    .join('');
  const below = listBelow(row.path).filter((each) => !isLost(each));
  if (below.length === 0) {
    const value = REQUIRED.includes(row.path) ? undefined : (readDefault(row) ?? row.examples[0]);
    const shown = value === undefined ? `${name}:` : writeValue(name, value);
    return comment + shown.replaceAll(/^/gm, `${indent}${mark}`).trimEnd().concat('\n');
  }
  const isList = unwrapList(row.schema);
  const isNamed = below[0]?.path.startsWith(`${row.path}.*.`) === true;
  const inner = `${indent}${isNamed || isList ? '    ' : '  '}`;
  const blocks = below.map((each) => writeKey(each, inner, !REQUIRED.includes(each.path)));
  const text = blocks.join('');
  const head = `${comment}${indent}${mark}${name}:\n`;
  if (isNamed) return `${head}${indent}  ${mark}NAME:\n${text}`;
  return head + (isList ? dashFirst(text, indent, mark) : text);
}

/** Text of several lines as it is read best, anything else on one line. */
function writeValue(name: string, value: unknown): string {
  const isLong = typeof value === 'string' && value.includes('\n');
  return isLong ? stringify({ [name]: value }, { lineWidth: 0 }).trimEnd() : `${name}: ${flow(value)}`;
}

/** Puts the dash of a list's entry before its first key. */
function dashFirst(text: string, indent: string, mark: string): string {
  const key = new RegExp(`^${indent} {4}${mark}(?=[\\w-]+:)`, 'm');
  return text.replace(key, `${indent}  ${mark}- `);
}

function unwrapList(schema: z.core.$ZodType): boolean {
  const inner = unwrap(schema);
  if (inner instanceof z.ZodUnion) return pickOption(inner, {}) === null && pickOption(inner, [{}]) !== null;
  return inner instanceof z.ZodArray;
}

function wrap(text: string, width: number): readonly string[] {
  const lines: string[] = [''];
  for (const word of text.split(/\s+/)) {
    const last = lines.at(-1) ?? '';
    if (last !== '' && last.length + word.length + 1 > width) lines.push(word);
    else lines[lines.length - 1] = last === '' ? word : `${last} ${word}`;
  }
  return lines;
}
