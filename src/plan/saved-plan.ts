import * as z from 'zod';
import type { JsonMap } from '../domain/cluster.ts';
import { Rke2ctlError } from '../domain/errors.ts';
import type { Plan } from '../domain/plan.ts';
import { foldLists, unfoldLists } from './fold-lists.ts';
import type { PlanBasis } from './plan-basis.ts';
import { PlanSchema, toPlan } from './plan-schema.ts';

/** The form of file that this rke2ctl writes. */
const FORMAT_VERSION = 2;

/** What was asked for beside the file: it shapes the steps, so that `apply` must ask for the same. */
export interface PlanRequest {
  /** The cluster files, as they were named. */
  readonly config: readonly string[];
  readonly local: boolean;
  readonly artifacts: string | null;
  readonly version: string | null;
  readonly channel: string | null;
  readonly checkPorts: boolean;
  readonly ignoredChecks: readonly string[];
  readonly updateAddons: boolean;
  readonly replace: readonly string[];
  /** Nodes that go back to the version before an upgrade; nothing else is done then. */
  readonly rollback: readonly string[];
  readonly keepDrift: boolean;
  readonly targets: readonly string[];
  readonly only: 'workers' | null;
}

/** A plan that was put by, with what it was made from. */
export interface SavedPlan {
  readonly request: PlanRequest;
  readonly basis: PlanBasis;
  readonly plan: Plan;
}

const Described = z.record(z.string(), z.json()) as unknown as z.ZodType<JsonMap>;

const SavedPlanSchema = z.strictObject({
  format: z.literal('rke2ctl-plan'),
  formatVersion: z.literal(FORMAT_VERSION),
  request: z.strictObject({
    config: z.array(z.string()),
    local: z.boolean(),
    artifacts: z.string().nullable(),
    version: z.string().nullable(),
    channel: z.string().nullable(),
    checkPorts: z.boolean(),
    ignoredChecks: z.array(z.string()),
    updateAddons: z.boolean(),
    replace: z.array(z.string()),
    rollback: z.array(z.string()).default([]),
    keepDrift: z.boolean(),
    targets: z.array(z.string()),
    only: z.literal('workers').nullable(),
  }),
  basis: z.strictObject({
    rke2ctl: z.string(),
    cluster: z.strictObject({ digest: z.string(), described: Described }),
    state: z.strictObject({ clusterId: z.string(), serial: z.int(), checksum: z.string() }).nullable(),
    hosts: z.record(z.string(), z.record(z.string(), z.string()).nullable()),
  }),
  plan: PlanSchema,
});

/** The text of the file. It holds no secret, but who may read it learns what the cluster looks like. */
export function encodeSavedPlan({ request, basis, plan }: SavedPlan): string {
  const { steps, ...rest } = plan;
  const { lists, value } = foldLists(steps);
  const head = { format: 'rke2ctl-plan', formatVersion: FORMAT_VERSION, request, basis };
  return `${JSON.stringify({ ...head, plan: { ...rest, steps: value }, lists }, null, 1)}\n`;
}

/** True for any text that says of itself that it is a saved plan, of whatever version. */
export function isSavedPlan(text: string): boolean {
  return formatOf(parseJson(text)) !== null;
}

/** Reads a saved plan back. Throws Rke2ctlError: plan-foreign, plan-newer, plan-corrupt; `file` is for messages. */
export function decodeSavedPlan(text: string, file: string): SavedPlan {
  const value = parseJson(text);
  if (value === undefined && /"format":\s*"rke2ctl-plan"/.test(text.slice(0, 200)))
    throw corrupt(file, 'it is cut off or damaged, and no JSON any more');
  const version = formatOf(value);
  if (version === null) throw foreign(file, value);
  if (version !== FORMAT_VERSION) throw otherVersion(file, version);
  const parsed = SavedPlanSchema.safeParse(unfoldSteps(value));
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw corrupt(file, `\`${issue?.path.join('.') ?? ''}\` is not as it should be`);
  }
  const { request, basis, plan } = parsed.data;
  return { request, basis, plan: toPlan(plan) };
}

/** The document with its lists where they belong; what is not as it should be is left for the schema to say. */
function unfoldSteps(value: unknown): unknown {
  const { lists, plan, ...rest } = value as Readonly<Record<string, unknown>>;
  if (!Array.isArray(lists) || typeof plan !== 'object' || plan === null || !('steps' in plan)) return value;
  return { ...rest, plan: { ...plan, steps: unfoldLists({ lists, value: plan.steps }) } };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The version of the form; null for what is no saved plan. */
function formatOf(value: unknown): number | null {
  if (typeof value !== 'object' || value === null || !('format' in value) || !('formatVersion' in value))
    return null;
  const { format, formatVersion } = value;
  return format === 'rke2ctl-plan' && typeof formatVersion === 'number' ? formatVersion : null;
}

const AGAIN = 'Make it anew: `rke2ctl plan --out FILE`, look at it, then `rke2ctl apply FILE`.';

function corrupt(file: string, why: string): Rke2ctlError {
  return new Rke2ctlError({
    code: 'plan-corrupt',
    message: `The saved plan ${file} cannot be used: ${why}. Nothing was done.`,
    hint: AGAIN,
    exitCode: 3,
  });
}

function foreign(file: string, value: unknown): Rke2ctlError {
  const isPlan = typeof value === 'object' && value !== null && 'schemaVersion' in value && 'steps' in value;
  return new Rke2ctlError({
    code: 'plan-foreign',
    message: isPlan
      ? `${file} is the output of \`plan --output json\`, which is for reading: it does not say what the plan was made from. Nothing was done.`
      : `${file} is no saved plan of rke2ctl. Nothing was done.`,
    hint: AGAIN,
    exitCode: 3,
  });
}

function otherVersion(file: string, version: number): Rke2ctlError {
  const newer = version > FORMAT_VERSION;
  return new Rke2ctlError({
    code: newer ? 'plan-newer' : 'plan-older',
    message: `The saved plan ${file} has form ${version}; this rke2ctl reads form ${FORMAT_VERSION} only. Nothing was done.`,
    hint: newer ? 'Apply it with the rke2ctl that made it, or plan anew with this one.' : AGAIN,
    exitCode: 3,
  });
}
