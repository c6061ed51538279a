import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { describeType } from '../../src/config/describe-type.ts';

describe('what a value must be, in words', () => {
  it.each<[z.ZodType, string]>([
    [z.string(), 'text'],
    [z.number(), 'number'],
    [z.int().min(1), 'whole number'],
    [z.boolean().optional(), '`true` or `false`'],
    [z.enum(['a', 'b', 'c']), '`a`, `b` or `c`'],
    [z.array(z.string()), 'list of text'],
    [z.array(z.strictObject({})), 'list of maps'],
    [z.union([z.int(), z.string()]), 'whole number or text'],
    [z.union([z.boolean(), z.string()]), 'text or `true` or `false`'],
    [z.union([z.string(), z.array(z.string())]), 'text or list of text'],
    [
      z.union([z.enum(['a', 'b']), z.tuple([z.literal('m'), z.enum(['a', 'b'])])]),
      '`a` or `b`, or list of `m` and one more',
    ],
    [z.record(z.string(), z.string()), 'map of names to text'],
    [z.record(z.string(), z.unknown()), 'map of names of your choice'],
    [z.strictObject({}), 'map'],
    [z.unknown(), 'anything'],
  ])('%#: %s', (schema, words) => {
    expect(describeType(schema)).toBe(words);
  });
});
