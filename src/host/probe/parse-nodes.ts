import { DRAINED_BY } from '../../domain/drain-mark.ts';
import type { ApiNode } from '../../domain/observed.ts';
import { isRecord } from './is-record.ts';
import { isTextRecord } from './is-text-record.ts';

const ROLE_LABEL = 'node-role.kubernetes.io/';

/**
 * The API's list of Nodes, as JSON; null when it is none (no API server, cut off). Looked through by hand: there may be a
 * thousand of them, and a schema takes ten times as long.
 */
export function parseNodes(text: string): ApiNode[] | null {
  try {
    const value: unknown = JSON.parse(text);
    const items = isRecord(value) ? value['items'] : undefined;
    return Array.isArray(items) ? items.map(readNode) : null;
  } catch {
    return null;
  }
}

/** Throws where it is none, as all that follow. */
function readNode(value: unknown): ApiNode {
  const node = record(value);
  const metadata = record(node['metadata']);
  const spec = record(node['spec'] ?? {});
  const status = record(node['status'] ?? {});
  const labels = texts(metadata['labels'] ?? {});
  const conditions = list(status['conditions']).map(readCondition);
  const ready = conditions.find(({ type }) => type === 'Ready');
  const voter = conditions.find(({ type }) => type === 'EtcdIsVoter');
  return {
    name: text(metadata['name']),
    ready: ready?.status === 'True',
    reason: ready === undefined ? 'no Ready condition yet' : (ready.message ?? ready.reason ?? ''),
    roles: rolesOf(labels),
    version: text(record(status['nodeInfo'] ?? { kubeletVersion: '' })['kubeletVersion']),
    internalAddresses: list(status['addresses']).flatMap(readInternalAddress),
    labels,
    taints: list(spec['taints']).map(readTaint),
    unschedulable: flag(spec['unschedulable'] ?? false),
    drainedByUs: texts(metadata['annotations'] ?? {})[DRAINED_BY] !== undefined,
    etcdVoter: voter === undefined ? null : voter.status === 'True',
  };
}

function rolesOf(labels: Readonly<Record<string, string>>): string[] {
  const roles: string[] = [];
  for (const label in labels) if (label.startsWith(ROLE_LABEL)) roles.push(label.slice(ROLE_LABEL.length));
  return roles.sort();
}

function readCondition(value: unknown) {
  const { type, status, reason, message } = record(value);
  return {
    type: text(type),
    status: text(status),
    reason: reason === undefined ? null : text(reason),
    message: message === undefined ? null : text(message),
  };
}

function readInternalAddress(value: unknown): readonly string[] {
  const { type, address } = record(value);
  return text(type) === 'InternalIP' ? [text(address)] : [];
}

function readTaint(value: unknown): ApiNode['taints'][number] {
  const { key, value: own, effect } = record(value);
  return { key: text(key), value: text(own ?? ''), effect: text(effect) };
}

function text(value: unknown): string {
  if (typeof value !== 'string') throw new TypeError('no text');
  return value;
}

function flag(value: unknown): boolean {
  if (typeof value !== 'boolean') throw new TypeError('neither true nor false');
  return value;
}

/** The API leaves out what is empty, or says null. */
function list(value: unknown): readonly unknown[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) throw new TypeError('no list');
  return value;
}

function record(value: unknown): Readonly<Record<string, unknown>> {
  if (!isRecord(value)) throw new TypeError('no object');
  return value;
}

function texts(value: unknown): Readonly<Record<string, string>> {
  if (!isTextRecord(value)) throw new TypeError('no object of texts');
  return value;
}
