import { ConfigError } from '../domain/errors.ts';
import type { Mistake } from './finding.ts';
import type { SecretContext } from './secret-value.ts';

/** The text of a file beside cluster.yml, or why there is none. */
export function lookUpLocalFile(
  written: string,
  { env, toAbsolute }: SecretContext,
): { readonly text: string } | Mistake {
  const path = toAbsolute(written);
  const bytes = env.readFile(path);
  if (bytes instanceof Error) {
    const code = 'code' in bytes ? bytes.code : undefined;
    return {
      code: 'local-file',
      message:
        code === 'ENOENT'
          ? `There is no file ${path}.`
          : `The file ${path} cannot be read: ${String(code ?? bytes.message)}.`,
      hint: 'Correct the path; a relative one begins in the folder of cluster.yml.',
    };
  }
  try {
    return { text: new TextDecoder('utf-8', { fatal: true }).decode(bytes) };
  } catch {
    return {
      code: 'local-file',
      message: `The file ${path} is not text in UTF-8.`,
      hint: 'Name the text form of the file, such as PEM for certificates.',
    };
  }
}

/** The same when a rule has seen the file already: it throws a ConfigError if the file went away meanwhile. */
export function readLocalFile(written: string, context: SecretContext): string {
  const found = lookUpLocalFile(written, context);
  if ('text' in found) return found.text;
  const { code = 'local-file', hint, message } = found;
  throw new ConfigError(message, [{ severity: 'error', code, message, hint }]);
}
