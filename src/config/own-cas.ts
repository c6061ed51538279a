import type { ClusterCas } from '../domain/cluster-cas.ts';
import type { CaProblem } from '../pki/ca-problem.ts';
import { CA_FILES, readOwnCas } from '../pki/read-own-cas.ts';
import type { SecretContext } from './secret-value.ts';

/** The CAs in the directory that `certificates.ca` names, as `written` there, and what is wrong with them. */
export function lookUpOwnCas(
  written: string,
  { env, toAbsolute }: SecretContext,
): { readonly cas: ClusterCas | null; readonly problems: readonly CaProblem[] } {
  const directory = toAbsolute(written);
  const problem = explainPlace(directory, env.readFile(directory));
  if (problem !== null) return { cas: null, problems: [problem] };
  const texts = new Map<string, string>();
  const problems: CaProblem[] = [];
  for (const name of CA_FILES) {
    const bytes = env.readFile(`${directory}/${name}`);
    if (!(bytes instanceof Error)) texts.set(name, new TextDecoder().decode(bytes));
    else if (codeOf(bytes) !== 'ENOENT') problems.push(unreadable(`${directory}/${name}`, bytes));
  }
  if (problems.length > 0) return { cas: null, problems };
  return readOwnCas(texts, directory, new Date());
}

/** A directory cannot be read as a file; anything else than that answer is wrong. */
function explainPlace(directory: string, read: Uint8Array | Error): CaProblem | null {
  if (read instanceof Error && codeOf(read) === 'EISDIR') return null;
  const what = read instanceof Error ? 'There is no directory' : 'This is a file, not a directory:';
  if (read instanceof Error && codeOf(read) !== 'ENOENT') return unreadable(directory, read);
  return {
    severity: 'error',
    code: 'ca-directory',
    message: `${what} ${directory}.`,
    hint: 'Name a directory with CAs under RKE2’s names; a relative path begins in the folder of cluster.yml. `rke2ctl cert generate-csr` makes one.',
  };
}

function unreadable(path: string, error: Error): CaProblem {
  return {
    severity: 'error',
    code: 'ca-unreadable',
    message: `${path} cannot be read: ${codeOf(error) ?? error.message}.`,
    hint: 'Look at its owner and mode, and at those of the directories above it.',
  };
}

function codeOf(error: Error): string | undefined {
  return 'code' in error ? String(error.code) : undefined;
}
