import { ConfigError } from '../domain/errors.ts';
import { Secret } from '../domain/secret.ts';
import type { ConfigEnvironment } from './environment.ts';
import type { Mistake } from './finding.ts';
import type { PathResolver } from './local-path.ts';

/** What a secret is read with; every `RuleContext` is one. */
export interface SecretContext {
  readonly env: ConfigEnvironment;
  readonly toAbsolute: PathResolver;
}

const SOURCE = /^(env|file|command):(.*)$/s;
const VARIABLE = /^[A-Za-z_]\w*$/;

/** Whether the text says where the secret is (`env:NAME`, `file:PATH`, `command:LINE`) instead of being it. */
export function isSecretSource(written: string): boolean {
  return SOURCE.test(written);
}

/**
 * The secret that a key with `secret: true` holds: the text itself, or what `env:NAME`, `file:PATH` or `command:LINE`
 * stand for. Where no command may run (`validate`) a `command:` is an empty secret. Call it when the Cluster is made:
 * checkSecretSources has found by then what is missing, so that this throws a ConfigError only if that changed meanwhile.
 */
export function readSecret(written: string, context: SecretContext): Secret {
  const read = lookUpSecret(written, context);
  if (read instanceof Secret) return read;
  const { code = 'secret-missing', hint, message } = read;
  throw new ConfigError(message, [{ severity: 'error', code, message, hint }]);
}

/** The same, but what is missing or empty comes back as a Mistake. */
export function lookUpSecret(written: string, context: SecretContext): Secret | Mistake {
  const [, kind, rest = ''] = SOURCE.exec(written) ?? [];
  if (kind === 'env') return lookUpVariable(rest.trim(), context);
  if (kind === 'file') return lookUpFile(rest.trim(), context);
  if (kind === 'command') return lookUpCommand(rest.trim(), context);
  return new Secret(written);
}

function lookUpVariable(name: string, { env }: SecretContext): Secret | Mistake {
  if (!VARIABLE.test(name)) {
    return mistake(
      '`env:` stands before something that is not the name of an environment variable.',
      'Write the name alone, such as `env:REGISTRY_PASSWORD`.',
    );
  }
  const value = env.variables[name];
  if (value !== undefined && value !== '') return new Secret(value);
  return mistake(
    `The environment variable ${name}, which holds this secret, is ${value === undefined ? 'not set' : 'empty'}.`,
    `Set it before rke2ctl starts (\`export ${name}=…\`), or name another place: \`env:NAME\`, \`file:PATH\`, \`command:LINE\`.`,
  );
}

function lookUpFile(written: string, { env, toAbsolute }: SecretContext): Secret | Mistake {
  if (written === '') return mistake('`file:` has no path behind it.', 'Write one: `file:./password.txt`.');
  const path = toAbsolute(written);
  const bytes = env.readFile(path);
  if (bytes instanceof Error) {
    const code = 'code' in bytes ? bytes.code : undefined;
    const reason = code === 'ENOENT' ? 'does not exist' : `cannot be read (${code ?? bytes.message})`;
    return mistake(
      `The file ${path}, which holds this secret, ${reason}.`,
      'Correct the path; a relative one begins in the folder of cluster.yml.',
    );
  }
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return mistake(
      `The file ${path}, which holds this secret, is not text in UTF-8.`,
      'Save it as plain text.',
    );
  }
  return keep(
    text,
    `The file ${path}, which holds this secret, is empty.`,
    'Write the secret into it, on one line.',
  );
}

function lookUpCommand(line: string, { env }: SecretContext): Secret | Mistake {
  if (line === '')
    return mistake('`command:` has no command behind it.', 'Write one: `command:pass show registry`.');
  if (env.runCommand === null) return new Secret('');
  const output = env.runCommand(line);
  if (output instanceof Error) {
    return mistake(
      `The command of this secret failed: ${output.message}.`,
      'Run it by hand in the folder where rke2ctl runs; it has to print the secret and nothing else.',
    );
  }
  return keep(
    output,
    'The command of this secret printed nothing.',
    'Run it by hand; it has to print the secret on stdout.',
  );
}

/** Without the newline that editors and commands put at the end. */
function keep(text: string, message: string, hint: string): Secret | Mistake {
  const value = text.replace(/\r?\n$/, '');
  return value === '' ? mistake(message, hint) : new Secret(value);
}

function mistake(message: string, hint: string): Mistake {
  return { code: 'secret-missing', message, hint };
}
