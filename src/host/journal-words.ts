/** What a journal line says, without time and level: RKE2 writes `time="…" level=info msg="…"`. */
export function lastWords(line: string): string {
  const message = /\bmsg=("(?:[^"\\]|\\.)*"|\S+)/.exec(line)?.[1];
  if (message === undefined) return line.trim();
  if (!message.startsWith('"')) return message;
  return message
    .slice(1, -1)
    .replace(/\\(["\\])/g, '$1')
    .replace(/\\n/g, ' ');
}
