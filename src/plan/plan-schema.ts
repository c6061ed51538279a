import * as z from 'zod';
import type { JsonValue } from '../domain/cluster.ts';
import { VERBS } from '../domain/operation.ts';
import type { Plan } from '../domain/plan.ts';
import { MAINTENANCE_STEPS } from './maintenance-step-schemas.ts';
import { base, PlannedNodeSchema, Role, strings } from './step-base.ts';

/*
 * The plan as JSON, as `plan --output json` prints it and a saved plan holds it. The types are those of domain/plan.ts
 * (it does not compile otherwise), and docs/plan-json.md explains every field (a test fails otherwise).
 */

const Json = z.json() as unknown as z.ZodType<JsonValue>;

const ArtifactSchema = z.strictObject({ name: z.string(), sha256: z.string(), sizeBytes: z.number() });

const FirewallSchema = z.strictObject({
  zone: z.string(),
  ports: strings,
  richRules: strings,
  trustedSources: strings,
  ipsets: z.record(z.string(), strings),
});

const MarkerSchema = z.strictObject({
  schemaVersion: z.literal(1),
  clusterId: z.string(),
  clusterName: z.string(),
  nodeId: z.string(),
  machineId: z.string(),
  name: z.string(),
  roles: z.array(Role),
  version: z.string(),
  installed: z
    .strictObject({
      method: z.enum(['airgap', 'script']),
      package: z.enum(['tar', 'rpm']),
      prefix: z.string(),
      images: z.array(ArtifactSchema),
    })
    .nullable(),
  dataDir: z.string(),
  files: strings,
  written: z.record(z.string(), z.string()).optional(),
  firewall: FirewallSchema.nullable(),
});

const DiagnosticSchema = z.strictObject({
  severity: z.enum(['error', 'warning']),
  code: z.string(),
  message: z.string(),
  hint: z.string(),
  path: z.string().exactOptional(),
  position: z.strictObject({ file: z.string(), line: z.int(), column: z.int() }).exactOptional(),
  node: z.string().exactOptional(),
});

const TaintSchema = z.strictObject({
  key: z.string(),
  value: z.string(),
  effect: z.enum(['NoSchedule', 'PreferNoSchedule', 'NoExecute']),
});

const InstallWaySchema = z.discriminatedUnion('method', [
  z.strictObject({ method: z.literal('airgap'), tarball: ArtifactSchema, prefix: z.string() }),
  z.strictObject({
    method: z.literal('script'),
    script: z.string(),
    fetch: z.enum(['host', 'operator']),
    environment: z.record(z.string(), z.string()),
  }),
]);

const ObjectRefSchema = z.strictObject({
  apiVersion: z.string(),
  kind: z.string(),
  namespace: z.string().nullable(),
  name: z.string(),
});

const PortProbeSchema = z.strictObject({
  from: z.string(),
  to: z.string(),
  address: z.string(),
  port: z.int(),
  protocol: z.enum(['tcp', 'udp']),
  purpose: z.string(),
});

/** The steps by kind. */
export const StepSchema = z.discriminatedUnion('kind', [
  z.strictObject({
    ...base,
    kind: z.literal('claim'),
    marker: MarkerSchema,
    bootstrap: z.boolean(),
    move: z.strictObject({ mark: z.string(), stranded: strings }).optional(),
  }),
  z.strictObject({
    ...base,
    kind: z.literal('set-ttl'),
    seconds: z.int().nullable(),
    files: z.array(z.strictObject({ path: z.string(), sha256: z.string().nullable(), mode: z.string() })),
  }),
  z.strictObject({
    ...base,
    kind: z.literal('stage-artifacts'),
    arch: z.string(),
    tarball: ArtifactSchema.nullable(),
    images: z.array(ArtifactSchema),
    from: z.string().optional(),
  }),
  z.strictObject({
    ...base,
    kind: z.literal('install'),
    version: z.string(),
    way: InstallWaySchema,
    obsolete: strings,
  }),
  z.strictObject({
    ...base,
    kind: z.literal('keep-previous'),
    version: z.string(),
    prefix: z.string(),
    images: strings,
    files: strings,
  }),
  z.strictObject({
    ...base,
    kind: z.literal('restore-previous'),
    version: z.string(),
    prefix: z.string(),
    images: strings,
  }),
  z.strictObject({ ...base, kind: z.literal('drop-previous'), prefix: z.string() }),
  z.strictObject({
    ...base,
    kind: z.literal('prepare-host'),
    preparations: z.array(z.enum(['network-manager', 'cis-sysctl', 'cis-user', 'inotify'])),
    prefix: z.string(),
  }),
  z.strictObject({
    ...base,
    kind: z.literal('open-firewall'),
    add: FirewallSchema,
    remove: FirewallSchema,
    reload: z.boolean(),
  }),
  z.strictObject({ ...base, kind: z.literal('check-ports'), probes: z.array(PortProbeSchema) }),
  z.strictObject({
    ...base,
    kind: z.literal('write-files'),
    files: z.array(z.strictObject({ path: z.string(), sha256: z.string().nullable(), mode: z.string() })),
    removed: strings,
  }),
  z.strictObject({
    ...base,
    kind: z.literal('start-service'),
    join: z.strictObject({ key: z.string(), address: z.string() }).nullable(),
    voter: z.boolean(),
    restart: z.boolean(),
  }),
  z.strictObject({
    ...base,
    kind: z.literal('verify-nodes'),
    nodes: z.array(
      z.strictObject({ key: z.string(), name: z.string(), roles: z.array(Role), address: z.string() }),
    ),
  }),
  z.strictObject({
    ...base,
    kind: z.literal('delete-addon'),
    name: z.string(),
    objects: z.array(ObjectRefSchema),
    forget: z.boolean(),
  }),
  z.strictObject({
    ...base,
    kind: z.literal('verify-addons'),
    addons: z.array(z.strictObject({ name: z.string(), sha256: z.string() })),
  }),
  z.strictObject({
    ...base,
    kind: z.literal('save-snapshot'),
    name: z.string(),
    besides: strings.exactOptional(),
  }),
  z.strictObject({
    ...base,
    kind: z.literal('drain'),
    via: strings,
    input: z.strictObject({
      force: z.boolean(),
      ignoreDaemonsets: z.boolean(),
      deleteEmptydir: z.boolean(),
      gracePeriodSeconds: z.number(),
      timeoutSeconds: z.number(),
    }),
  }),
  z.strictObject({ ...base, kind: z.literal('uncordon'), via: strings }),
  z.strictObject({
    ...base,
    kind: z.literal('leave-cluster'),
    via: strings,
    members: strings,
    forget: z.boolean(),
  }),
  z.strictObject({
    ...base,
    kind: z.literal('label-node'),
    via: strings,
    labels: z.strictObject({ set: z.record(z.string(), z.string()), remove: strings }),
    taints: z.strictObject({ set: z.array(TaintSchema), remove: z.array(TaintSchema) }),
  }),
  z.strictObject({ ...base, kind: z.literal('await-charts'), via: strings }),
  z.strictObject({ ...base, kind: z.literal('await-dns'), name: z.string(), addresses: strings }),
  z.strictObject({ ...base, kind: z.literal('write-kubeconfig'), server: z.string() }),
  z.strictObject({ ...base, kind: z.literal('copy-state') }),
  z.strictObject({ ...base, kind: z.literal('fetch-snapshots'), names: strings, directory: z.string() }),
  z.strictObject({ ...base, kind: z.literal('uninstall'), marker: MarkerSchema.nullable() }),
  z.strictObject({ ...base, kind: z.literal('forget-state') }),
  ...MAINTENANCE_STEPS,
]);

/** A whole plan. */
export const PlanSchema = z.strictObject({
  schemaVersion: z.literal(1),
  clusterId: z.string(),
  clusterName: z.string(),
  version: z.string(),
  purpose: z.enum(['up', 'remove', ...VERBS]),
  steps: z.array(StepSchema),
  findings: z.array(DiagnosticSchema),
  changes: z.array(z.strictObject({ path: z.string(), before: Json, after: Json })),
  drift: z.array(
    z.strictObject({
      node: z.string().nullable(),
      kind: z.enum([
        'file',
        'firewall',
        'service',
        'binary',
        'label',
        'taint',
        'node-gone',
        'node-more',
        'member-more',
        'marker',
      ]),
      subject: z.string(),
      message: z.string(),
      mended: z.boolean(),
    }),
  ),
  nodes: z.array(PlannedNodeSchema),
  leaving: z.array(PlannedNodeSchema),
  unreachable: strings,
});

type Mutable<T> = T extends readonly (infer E)[]
  ? Mutable<E>[]
  : T extends object
    ? { -readonly [K in keyof T]: Mutable<T[K]> }
    : T;

/** Neither compiles when a type has what the schema has not, or the other way round. */
export const toPlan = (plan: z.output<typeof PlanSchema>): Plan => plan;
export const fromPlan = (plan: Mutable<Plan>): Mutable<z.output<typeof PlanSchema>> => plan;
