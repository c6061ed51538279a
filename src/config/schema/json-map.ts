import * as z from 'zod';
import type { JsonMap } from '../../domain/cluster.ts';

/** A map of anything that YAML can say: values of a chart, whose names and forms are the chart's own affair. */
export const JsonMapSchema = z.record(z.string(), z.unknown(), {
  error: 'must be a map',
}) as unknown as z.ZodType<JsonMap>;

/** Whether the value is a map, as read from YAML or JSON. */
export function isPlainMap(value: unknown): value is JsonMap {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
