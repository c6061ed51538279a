import { ConfigError } from '../../domain/errors.ts';
import { caFiles } from '../../rke2/ca-files.ts';
import type { ClusterInput } from '../keys/cluster.ts';
import { lookUpOwnCas } from '../own-cas.ts';
import type { SecretContext } from '../secret-value.ts';
import type { Contribution } from './contribution.ts';

/** CAs of one's own, as files on the server that founds the cluster. */
export function contributeCertificates(
  input: ClusterInput,
  dataDir: string,
  context: SecretContext,
): Partial<Contribution> {
  const written = input.certificates?.ca;
  if (written === undefined) return {};
  const { cas, problems } = lookUpOwnCas(written, context);
  // A rule has looked already: this is so only if the files changed meanwhile.
  if (cas === null)
    throw new ConfigError(`The CAs in ${written} cannot be used.`, [
      ...problems.map((problem) => ({ ...problem, path: 'certificates.ca' })),
    ]);
  return { files: caFiles(cas, dataDir) };
}
