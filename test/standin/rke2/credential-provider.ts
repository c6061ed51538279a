import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { reasonOf } from './log.ts';
import type { NodeOptions } from './options.ts';

/**
 * Why the kubelet ends over its image credential providers; undefined when it does not. Where directory or file is missing
 * RKE2 does without them and says nothing.
 */
export function credentialProviderComplaint({
  credentialProvider,
}: Pick<NodeOptions, 'credentialProvider'>): string | undefined {
  const { directory, config } = credentialProvider;
  if (!isDirectory(directory) || !existsSync(config) || isDirectory(config)) return undefined;
  const failed = 'failed to run Kubelet: failed to register CRI auth plugins:';
  try {
    const content = parse(readFileSync(config, 'utf8')) as Config | null;
    if (content?.kind !== 'CredentialProviderConfig')
      return `${failed} failed to load config: error decoding config ${config}`;
    for (const { name = '' } of content.providers ?? []) {
      if (!existsSync(join(directory, name)))
        return `${failed} plugin binary executable ${join(directory, name)} did not exist`;
    }
    return undefined;
  } catch (error) {
    return `${failed} failed to load config: error decoding config ${config}: ${reasonOf(error).split('\n')[0]}`;
  }
}

interface Config {
  readonly kind?: string;
  readonly providers?: readonly { readonly name?: string }[];
}

function isDirectory(path: string): boolean {
  return existsSync(path) && statSync(path).isDirectory();
}
