// biome-ignore-all lint/suspicious/noTemplateCurlyInString: such texts are what this is about
import * as z from 'zod';
import { schemaAt } from './draft.ts';
import type { ConfigEnvironment } from './environment.ts';
import { type Finding, findingAt, type Mistake, type Path } from './finding.ts';
import { ClusterSchema } from './keys/cluster.ts';
import { growKeyTree, type KeyTree, stepInto } from './keys/key-tree.ts';
import { isSecretPath } from './value-mistakes.ts';

const REFERENCE = /\$\$|\$\{([^}]*)\}?/g;
const LONGEST_SHOWN = 40;
const NAME = /^([A-Za-z_]\w*)(?::-(.*))?$/s;

/**
 * Puts in what `${NAME}` and `${NAME:-default}` stand for, in every text but those whose row says `verbatim`. In a text
 * with `${`, `$$` stands for a dollar sign; a text without is left alone. A value that is one reference and nothing else
 * becomes `true`, `false` or a number where its key takes that.
 */
export function substituteVariables(
  value: unknown,
  variables: ConfigEnvironment['variables'],
): { readonly value: unknown; readonly findings: readonly Finding[] } {
  const findings: Finding[] = [];
  const verbatim = growKeyTree(({ entry }) => entry.fate === 'mapped' && entry.verbatim === true);
  const replace = (text: string, path: Path): unknown => {
    const whole = /^\$\{[^}]*\}$/.test(text);
    const replaced = text.replaceAll(REFERENCE, (reference, inside: string | undefined) => {
      if (inside === undefined) return '$';
      const shown = isSecretPath(path) ? '${…}' : reference.slice(0, LONGEST_SHOWN);
      const found = lookUp(reference, inside, shown, variables);
      if (typeof found === 'string') return found;
      findings.push(findingAt(path, found));
      return reference;
    });
    return whole ? readScalar(replaced, path, value) : replaced;
  };
  return { value: walk(value, verbatim, [], replace), findings };
}

function walk(
  value: unknown,
  verbatim: KeyTree | undefined,
  path: Path,
  replace: (text: string, path: Path) => unknown,
): unknown {
  if (verbatim?.row) return value;
  if (typeof value === 'string') return value.includes('${') ? replace(value, path) : value;
  if (typeof value !== 'object' || value === null) return value;
  const below = (step: string | number, each: unknown): unknown =>
    walk(each, verbatim && stepInto(verbatim, step), [...path, step], replace);
  if (Array.isArray(value)) return value.map((each, index) => below(index, each));
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, below(key, each)]));
}

function lookUp(
  reference: string,
  inside: string,
  shown: string,
  variables: ConfigEnvironment['variables'],
): string | Mistake {
  const [, name, otherwise] = NAME.exec(inside) ?? [];
  if (name === undefined || !reference.endsWith('}')) {
    return {
      code: 'variable-syntax',
      message: `\`${shown}\` is no reference to an environment variable.`,
      hint: 'Write `${NAME}` or `${NAME:-default}`; for the characters themselves write `$${`.',
    };
  }
  const set = variables[name];
  if (set !== undefined && (set !== '' || otherwise === undefined)) return set;
  if (otherwise !== undefined) return otherwise;
  return {
    code: 'variable-not-set',
    message: `The environment variable ${name} is not set.`,
    hint: `Set it before rke2ctl starts (\`export ${name}=…\`), or write a default: \`\${${name}:-…}\`.`,
  };
}

/** The text as a flag or a number, if it reads as one and the schema at `path` takes that. */
function readScalar(text: string, path: Path, root: unknown): unknown {
  const read = text === 'true' ? true : text === 'false' ? false : readNumber(text);
  if (read === null) return text;
  const schema = schemaAt(ClusterSchema, path, root);
  return schema === null || z.safeParse(schema, read).success ? read : text;
}

function readNumber(text: string): number | null {
  return /^-?(0|[1-9]\d{0,14})(\.\d+)?$/.test(text) ? Number(text) : null;
}
