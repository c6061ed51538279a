import * as z from 'zod';
import type { JsonMap } from '../domain/cluster.ts';
import { VERBS } from '../domain/operation.ts';
import { canonicalJson } from '../lib/canonical-json.ts';
import { sha256 } from '../lib/hash.ts';
import { migrateDocument } from './migrate-document.ts';
import { stateCorrupt, stateEdited, stateNewer, stateOfRke1 } from './state-errors.ts';

/** The form of state file that this rke2ctl writes. */
const STATE_SCHEMA_VERSION = 1;

const SealedSchema = z.strictObject({
  kdf: z.literal('scrypt'),
  n: z.int().positive(),
  r: z.int().positive(),
  p: z.int().positive(),
  salt: z.base64(),
  cipher: z.literal('aes-256-gcm'),
  nonce: z.base64(),
  ciphertext: z.base64(),
  tag: z.base64(),
});

/** The secrets, once they are open. */
export const SecretsSchema = z.strictObject({
  serverToken: z.string().min(1),
  agentToken: z.string().min(1),
  // States of earlier releases have neither.
  next: z.strictObject({ serverToken: z.string().min(1), agentToken: z.string().min(1) }).optional(),
  former: z.array(z.strictObject({ serverToken: z.string().min(1), until: z.int() })).optional(),
});

/** What is in it was read as JSON, so it cannot be anything else; looking at all of it costs more than the rest of the state. */
const JsonMapSchema = z.record(z.string(), z.unknown()) as unknown as z.ZodType<JsonMap>;

const OperationSchema = z.strictObject({
  verb: z.enum(VERBS),
  startedAt: z.int(),
  request: JsonMapSchema,
  done: z.array(z.string()),
});

const NodeAccessSchema = z.strictObject({
  user: z.string(),
  keyPaths: z.array(z.string()),
  keyPathsAreDefaults: z.boolean(),
  certificatePath: z.string().nullable(),
  agent: z.enum(['required', 'auto']),
  bastions: z.array(z.strictObject({ address: z.string(), port: z.int(), user: z.string() })),
});

const NodeRecordSchema = z.strictObject({
  nodeId: z.string(),
  name: z.string(),
  machineId: z.string(),
  hostKey: z.string().nullable(),
  address: z.string(),
  port: z.int(),
  clusterAddress: z.string(),
  otherAddress: z.string().optional(),
  roles: z.array(z.enum(['etcd', 'controlplane', 'worker'])),
  version: z.string(),
  phase: z.enum(['staged', 'joined']),
  // States of earlier releases have none of these.
  ssh: NodeAccessSchema.optional(),
  leftBehind: z.string().optional(),
  moving: z.string().optional(),
  stranded: z.boolean().optional(),
  startedWith: z.string().optional(),
  labels: z.array(z.string()).optional(),
  taints: z.array(z.string()).optional(),
  adopted: z
    .array(
      z.strictObject({
        found: z.record(z.string(), z.string().nullable()),
        standFor: z.record(z.string(), z.string()),
      }),
    )
    .optional(),
});

const ObjectRefSchema = z.strictObject({
  apiVersion: z.string(),
  kind: z.string(),
  namespace: z.string().nullable(),
  name: z.string(),
});

const AddonRecordSchema = z.strictObject({
  sha256: z.string(),
  url: z.string().nullable(),
  objects: z.array(ObjectRefSchema),
  former: z.array(ObjectRefSchema).optional(),
});

/** A state as it lies on disk: its secrets either readable or sealed, and a checksum over all the rest. */
export const StateDocumentSchema = z.strictObject({
  schemaVersion: z.literal(STATE_SCHEMA_VERSION),
  // It becomes part of file names.
  clusterId: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9-]{0,63}$/),
  serial: z.int().nonnegative(),
  checksum: z.string(),
  clusterName: z.string(),
  version: z.string().nullable(),
  bootstrapNodeId: z.string().nullable(),
  caHash: z.string().nullable(),
  desired: JsonMapSchema.nullable(),
  removing: z.boolean(),
  operation: OperationSchema.optional(),
  nodes: z.record(z.string(), NodeRecordSchema),
  // States of the first releases have none.
  addons: z.record(z.string(), AddonRecordSchema).default({}),
  secrets: z.union([SecretsSchema, z.strictObject({ sealed: SealedSchema })]),
});

export type StateDocument = z.output<typeof StateDocumentSchema>;

/** `sha256:` over the canonical JSON of everything but the checksum itself. */
export function documentChecksum(document: Readonly<Record<string, unknown>>): string {
  const { checksum: _ignored, ...rest } = document;
  return `sha256:${sha256(canonicalJson(rest))}`;
}

/**
 * Text of a state file → its document, brought to the present form; sealed secrets stay sealed. `file` is for messages.
 * StateError: state-corrupt, state-edited, state-newer, state-rke1.
 */
export function parseStateDocument(text: string, file: string): StateDocument {
  const raw = parseObject(text, file);
  if ('desiredState' in raw || 'currentState' in raw) throw stateOfRke1(file);
  const version = raw['schemaVersion'];
  if (typeof version !== 'number' || !Number.isInteger(version) || version < 1) {
    throw stateCorrupt(file, 'it does not say which form of state it is (schemaVersion)');
  }
  // Before the checksum: a later form may reckon it in another way.
  if (version > STATE_SCHEMA_VERSION) throw stateNewer(file, version, STATE_SCHEMA_VERSION);
  if (raw['checksum'] !== checksumOf(raw, file)) throw stateEdited(file);
  const parsed = StateDocumentSchema.safeParse(migrateDocument(raw, version, STATE_SCHEMA_VERSION));
  if (parsed.success) return parsed.data;
  throw stateCorrupt(file, `its checksum fits, but ${describeIssue(parsed.error)}`);
}

/** The first thing that is wrong, without the value at that place, which may be a secret. */
export function describeIssue(error: z.ZodError): string {
  const [issue] = error.issues;
  const place = issue?.path.join('.') ?? '';
  return `${place === '' ? 'the whole' : `\`${place}\``} is not as it should be (${issue?.code ?? 'unknown'})`;
}

function parseObject(text: string, file: string): Record<string, unknown> {
  const trimmed = text.trimEnd();
  if (trimmed === '') throw stateCorrupt(file, 'it is empty');
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    const cut = trimmed.startsWith('{') && !trimmed.endsWith('}');
    throw stateCorrupt(file, cut ? `it is cut off after ${text.length} characters` : 'it is not valid JSON');
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value };
  throw stateCorrupt(file, 'it is JSON, but not a state');
}

function checksumOf(raw: Readonly<Record<string, unknown>>, file: string): string {
  try {
    return documentChecksum(raw);
  } catch {
    // Nested deeper than the stack goes: nothing that we ever wrote.
    throw stateCorrupt(file, 'it is JSON, but not a state');
  }
}
