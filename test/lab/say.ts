/** A line of progress for people: stderr, as stdout is for results. */
export function say(text: string): void {
  process.stderr.write(`lab: ${text}\n`);
}
