import { existsSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { parse } from 'yaml';
import { CommandError, info, reasonOf } from './log.ts';
import type { NodeOptions } from './options.ts';

const RETRY_MS = 5000;

/** registries.yaml as far as the stand-in pulls by it. */
export interface RegistriesFile {
  readonly mirrors?: Readonly<Record<string, { readonly endpoint?: readonly string[] } | null>> | null;
}

/** The file's content, empty when there is none. Throws in the words of Go's YAML for what is not of its form. */
export function readRegistries(path: string): RegistriesFile {
  if (!existsSync(path)) return {};
  let content: unknown;
  try {
    content = parse(readFileSync(path, 'utf8'));
  } catch (error) {
    const { linePos } = error as { readonly linePos?: readonly { readonly line: number }[] };
    throw new CommandError(`yaml: line ${linePos?.[0]?.line ?? 1}: ${reasonOf(error).split('\n')[0]}`);
  }
  if (content === null || content === undefined) return {};
  for (const part of [content, ...partsOf(content)]) {
    if (part === null || part === undefined || isMap(part)) continue;
    throw new CommandError(`yaml: unmarshal errors: cannot unmarshal ${JSON.stringify(part)} into map`);
  }
  return content as RegistriesFile;
}

/** A node with a file that cannot be read waits, without an end, where it waits for its configuration. */
export async function waitForRegistries({
  registriesFile,
}: Pick<NodeOptions, 'registriesFile'>): Promise<void> {
  for (;;) {
    try {
      readRegistries(registriesFile);
      return;
    } catch (error) {
      info(`Waiting to retrieve agent configuration; server is not ready: ${reasonOf(error)}`);
      await sleep(RETRY_MS);
    }
  }
}

function partsOf(content: unknown): readonly unknown[] {
  if (!isMap(content)) return [];
  const sections = [content['mirrors'], content['configs']];
  return [...sections, ...sections.flatMap((section) => (isMap(section) ? Object.values(section) : []))];
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
