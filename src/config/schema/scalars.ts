import * as z from 'zod';
import { type Mistake, showValue } from '../finding.ts';

/**
 * Adds a check of a single value to a schema. The mistake it returns is a whole sentence and a hint; messages of plain
 * schemas are only the rest of a sentence that begins with key and value: `must be …`.
 */
export function checked<T extends z.ZodType>(schema: T, check: (value: z.output<T>) => Mistake | null): T {
  return schema.superRefine((value, context) => {
    const mistake = check(value);
    if (!mistake) return;
    const { code = 'invalid-value', hint, message } = mistake;
    context.addIssue({ code: 'custom', message, params: { code, hint } });
  });
}

/** Text; `must` ends the sentence "`key` is … but" for anything else. */
export function text(must: string): z.ZodString {
  return z.string({ error: must });
}

/** `true` or `false`, nothing that merely looks like it. */
export const FlagSchema = z.boolean({ error: 'must be `true` or `false`, without quotes' });

const PORT = { error: 'must be a port number from 1 to 65535' };

/** A TCP port as number, or as text the way RKE1's files have it. */
export const PortSchema = z
  .union(
    [
      z.number(PORT).int(PORT).min(1, PORT).max(65535, PORT),
      z.string(PORT).regex(/^([1-9]\d{0,3}|[1-5]\d{4}|6[0-4]\d{3}|65[0-4]\d{2}|655[0-2]\d|6553[0-5])$/, PORT),
    ],
    PORT,
  )
  .meta({ examples: [22, '22'] });

const DURATION = { error: 'must be a time such as `10s`, `500ms` or `1m`; a plain number counts seconds' };

/** A time: a plain number means seconds. */
export const DurationSchema = z
  .union(
    [
      z.number(DURATION).min(0, DURATION).max(86_400, DURATION),
      z.string(DURATION).regex(/^\d{1,6}(\.\d{1,3})?(ms|s|m|h)$/, DURATION),
    ],
    DURATION,
  )
  .meta({ examples: ['10s'] });

/** One value or several: text with commas, as RKE1 takes it, or a list. */
export function oneOrMany(must: string) {
  return z.union([z.string(), z.array(z.string()).min(1)], { error: must });
}

/** What `oneOrMany` holds, as a list without blanks. */
export function splitValues(value: string | readonly (string | undefined)[]): readonly string[] {
  const parts = typeof value === 'string' ? value.split(',') : value;
  return parts.flatMap((part) => (part === undefined ? [] : [part.trim()]));
}

/** A path on the operator's machine: absolute, below the home directory as `~/…`, or relative to cluster.yml. */
export const LocalPathSchema = checked(text('must be a path'), (path) =>
  /^~[^/]/.test(path)
    ? {
        message: `The path ${showValue(path)} begins with another user's home directory, which is not looked up.`,
        hint: 'Write the whole path, or `~/…` for your own home directory.',
      }
    : null,
);

/** Whether the text is a URL that can be fetched. */
export function isHttpUrl(value: string): boolean {
  return /^https?:\/\/[^/\s]+/i.test(value) && URL.canParse(value);
}

/** What is wrong with a URL that names a user: it is written to plans and logs, where no password may stand. */
export function checkUrlCredentials(
  value: string,
  instead = 'serve the files to these machines without a login',
): Mistake | null {
  if (!isHttpUrl(value) || new URL(value).username + new URL(value).password === '') return null;
  return {
    message: `The URL ${showValue(value)} holds credentials, and would carry them into plans and logs.`,
    hint: `Write it without \`user:password@\`, and ${instead}.`,
  };
}
