import * as z from 'zod';
import { showValue } from '../finding.ts';
import { isDnsSubdomain } from './labels.ts';
import { checked, text } from './scalars.ts';

/** Labels that a node must have; numbers and flags count as the text that labels are. */
export const NodeSelectorSchema = z.record(
  z.string(),
  z.union([z.string(), z.number(), z.boolean()], { error: 'must be text' }),
  { error: 'must be a map of labels and their values' },
);

const KEYS = { error: 'must be a toleration: `key`, `operator`, `value`, `effect`' };

const SecondsSchema = z.number({ error: 'must be a number of seconds' }).int();

/** Tolerations as Kubernetes writes them, and as RKE1's files have them. */
export const TolerationsSchema = z.array(
  z.strictObject(
    {
      key: text('must be text').optional(),
      operator: z.enum(['Exists', 'Equal'], { error: 'must be `Exists` or `Equal`' }).optional(),
      value: text('must be text').optional(),
      effect: z
        .enum(['NoSchedule', 'PreferNoSchedule', 'NoExecute'], {
          error: 'must be `NoSchedule`, `PreferNoSchedule` or `NoExecute`',
        })
        .optional(),
      tolerationSeconds: SecondsSchema.optional(),
      // RKE1 read its files with small letters only, and its documentation shows the key like this.
      tolerationseconds: SecondsSchema.optional(),
    },
    KEYS,
  ),
  { error: 'must be a list of tolerations' },
);

export type TolerationsInput = z.output<typeof TolerationsSchema>;

/** A toleration as Kubernetes takes it. */
export function toToleration({
  tolerationseconds: seconds,
  ...toleration
}: TolerationsInput[number]): Omit<TolerationsInput[number], 'tolerationseconds'> {
  return seconds === undefined ? toleration : { tolerationSeconds: seconds, ...toleration };
}

/** The name of a PriorityClass. */
export const PriorityClassSchema = checked(text('must be the name of a PriorityClass'), (name) =>
  isDnsSubdomain(name)
    ? null
    : {
        message: `${showValue(name)} cannot be the name of a PriorityClass.`,
        hint: 'Small letters, digits, dashes and dots, such as `system-cluster-critical`.',
      },
);

const COUNT = { error: 'must be a whole number, or a share such as `25%`' };

/** A number of pods, or a share of them. */
export const PodCountSchema = z.union(
  [z.number(COUNT).int(COUNT).min(0, COUNT), z.string(COUNT).regex(/^(\d{1,6}|\d{1,3}%)$/, COUNT)],
  COUNT,
);

/** The labels as text, as Kubernetes takes them. */
export function toLabels(
  selector: Readonly<Record<string, string | number | boolean>>,
): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(selector).map(([key, value]) => [key, String(value)]));
}

/** `1` as number, `25%` as text: Kubernetes takes no text that is a mere number. */
export function toPodCount(count: number | string): number | string {
  return typeof count === 'string' && /^\d+$/.test(count) ? Number(count) : count;
}
