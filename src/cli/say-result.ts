import type { OutputFlags } from './flags.ts';

/** A command's result on stdout: words for people, `facts` as one line of JSON for programs. */
export function sayResult(flags: OutputFlags, words: string, facts: Readonly<Record<string, unknown>>): void {
  process.stdout.write(flags.output === 'json' ? `${JSON.stringify(facts)}\n` : `${words}\n`);
}
