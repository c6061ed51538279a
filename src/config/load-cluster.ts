import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Cluster } from '../domain/cluster.ts';
import type { Diagnostic } from '../domain/diagnostic.ts';
import { ConfigError } from '../domain/errors.ts';
import type { ConfigEnvironment } from './environment.ts';
import type { ClusterInput } from './keys/cluster.ts';
import { type ParsedCluster, parseClusterFiles } from './parse-cluster.ts';

export interface LoadedCluster extends ParsedCluster {
  readonly cluster: Cluster;
  readonly input: ClusterInput;
}

/**
 * Reads and validates the cluster.yml at `paths` (relative to `env.cwd`); of several the later ones win. Its findings are
 * warnings: with errors it throws a ConfigError that has them all.
 */
export async function loadCluster(
  paths: string | readonly string[],
  env: ConfigEnvironment,
): Promise<LoadedCluster> {
  const named = typeof paths === 'string' ? [paths] : paths;
  const files = await Promise.all(
    named.map(async (file) => ({ file, text: await readText(resolve(env.cwd, file), file) })),
  );
  const parsed = parseClusterFiles(files, env);
  const { cluster, findings, input } = parsed;
  if (cluster && input) return { ...parsed, cluster, input };
  const errors = findings.filter(({ severity }) => severity === 'error').length;
  const count = errors === 1 ? 'a mistake' : `${errors} mistakes`;
  throw new ConfigError(`${named.join(' with ')} has ${count}; nothing was done.`, findings);
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
      hint: 'Have one written with `rke2ctl config`, or name yours with `--config FILE`.',
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
