import type { Rule } from './rule.ts';

/** Every rule between keys of cluster.yml. */
export const RULES: readonly Rule[] = [];
