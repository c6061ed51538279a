import type * as z from 'zod';
import { type LostAbout, type LostKeys, refused } from '../key.ts';

/** A group of settings of a cloud provider that is no longer part of Kubernetes, with a row for each of them. */
export function lostGroup(what: string, about: Omit<LostAbout, 'description'>, below: LostKeys) {
  return refused({ description: `${what}.`, ...about }, below);
}

/** A row for each name: `The setting NAME of …`. */
export function lostSettings(
  of: string,
  about: Omit<LostAbout, 'description'>,
  names: string,
): z.ZodRawShape {
  return Object.fromEntries(
    names
      .trim()
      .split(/\s+/)
      .map((name) => [name, refused({ description: `The setting ${name} of ${of}.`, ...about })]),
  );
}
