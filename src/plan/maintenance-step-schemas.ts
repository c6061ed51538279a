import * as z from 'zod';
import { ENCRYPTION_PROVIDERS } from '../domain/secrets-encryption.ts';
import { base, strings } from './step-base.ts';

/** The steps of domain/maintenance-step.ts by kind, as JSON. */
export const MAINTENANCE_STEPS = [
  z.strictObject({ ...base, kind: z.literal('stop-service'), containers: z.boolean() }),
  z.strictObject({ ...base, kind: z.literal('rotate-certificates'), services: strings }),
  z.strictObject({
    ...base,
    kind: z.literal('verify-certificates'),
    ports: z.array(z.strictObject({ port: z.int(), before: z.string().nullable() })),
  }),
  z.strictObject({ ...base, kind: z.literal('rotate-token') }),
  z.strictObject({
    ...base,
    kind: z.literal('change-encryption-keys'),
    stage: z.enum(['prepare', 'rotate', 'reencrypt', 'rotate-keys']),
    before: z.string(),
  }),
  z.strictObject({
    ...base,
    kind: z.literal('verify-encryption'),
    before: z.string(),
    provider: z.enum(ENCRYPTION_PROVIDERS),
    planes: strings,
    etcd: z.string().nullable(),
  }),
  z.strictObject({
    ...base,
    kind: z.literal('place-snapshot'),
    source: z.string(),
    name: z.string(),
    sha256: z.string(),
    sizeBytes: z.int(),
  }),
  z.strictObject({
    ...base,
    kind: z.literal('reset-etcd'),
    snapshot: z.string().nullable(),
    mark: z.string(),
    leftBehind: strings,
    forgotten: strings,
  }),
  z.strictObject({ ...base, kind: z.literal('move-database'), mark: z.string() }),
  z.strictObject({ ...base, kind: z.literal('prune-nodes'), via: strings, keep: strings, fresh: strings }),
  z.strictObject({ ...base, kind: z.literal('defragment') }),
  z.strictObject({ ...base, kind: z.literal('rotate-authorities'), force: z.boolean() }),
  z.strictObject({ ...base, kind: z.literal('end-operation') }),
] as const;
