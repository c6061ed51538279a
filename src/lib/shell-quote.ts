const PLAIN = /^[A-Za-z0-9_@%+:,./-]+$/;

/** One word for /bin/sh that stands for exactly `word`. Throws on NUL, which no argument can hold. */
export function quoteWord(word: string): string {
  if (word.includes('\0')) throw new RangeError('A shell word cannot hold a NUL character.');
  return PLAIN.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

/** The words, each quoted, with blanks between them. */
export function quoteWords(words: readonly string[]): string {
  return words.map(quoteWord).join(' ');
}
