import * as z from 'zod';
import type { JsonMap } from '../../../domain/cluster.ts';

/** An object of Kubernetes' own (policy, configuration), whose inside is Kubernetes' business. */
export const ObjectSchema = z.custom<JsonMap>(
  (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
  { error: 'must be a map, as Kubernetes has it' },
);
