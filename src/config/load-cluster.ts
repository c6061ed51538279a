import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Cluster } from '../domain/cluster.ts';
import type { Diagnostic } from '../domain/diagnostic.ts';
import { ConfigError } from '../domain/errors.ts';
import type { ConfigEnvironment } from './environment.ts';
import { parseCluster } from './parse-cluster.ts';

export interface LoadedCluster {
  readonly cluster: Cluster;
  /** Warnings; errors are thrown. */
  readonly findings: readonly Diagnostic[];
}

/** Reads and validates the cluster.yml at `path` (relative to `env.cwd`). Throws a ConfigError with every finding. */
export async function loadCluster(path: string, env: ConfigEnvironment): Promise<LoadedCluster> {
  const text = await readText(resolve(env.cwd, path), path);
  const { cluster, findings } = parseCluster(text, path, env);
  if (cluster) return { cluster, findings };
  const errors = findings.filter(({ severity }) => severity === 'error').length;
  const count = errors === 1 ? 'a mistake' : `${errors} mistakes`;
  throw new ConfigError(`${path} has ${count}; nothing was done.`, findings);
}

async function readText(absolute: string, shown: string): Promise<string> {
  let bytes: Buffer;
  try {
    bytes = await readFile(absolute);
  } catch (error) {
    throw unreadable(shown, error);
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw refuse(shown, {
      code: 'file-not-utf8',
      message: `${shown} is not text in UTF-8.`,
      hint: 'Name a cluster.yml, or save the file in UTF-8.',
    });
  }
}

function unreadable(shown: string, error: unknown): ConfigError {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'ENOENT') {
    return refuse(shown, {
      code: 'file-missing',
      message: `There is no file ${shown}.`,
      hint: 'Write a cluster.yml here, or name yours with `--config FILE`.',
    });
  }
  const reason = error instanceof Error ? error.message : String(error);
  return refuse(shown, {
    code: 'file-unreadable',
    message:
      code === 'EISDIR'
        ? `${shown} is a directory, not a cluster.yml.`
        : `${shown} cannot be read: ${reason}.`,
    hint: 'Name a cluster.yml that you may read with `--config FILE`.',
  });
}

function refuse(shown: string, details: Pick<Diagnostic, 'code' | 'message' | 'hint'>): ConfigError {
  return new ConfigError(details.message, [
    { severity: 'error', ...details, position: { file: shown, line: 1, column: 1 } },
  ]);
}
