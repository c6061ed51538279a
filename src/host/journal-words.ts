/** What a journal line says, without time and level: RKE2 writes `time="…" level=info msg="…"`, its etcd client JSON. */
export function lastWords(line: string): string {
  if (line.startsWith('{')) return wordsOfJson(line);
  const message = /\bmsg=("(?:[^"\\]|\\.)*"|\S+)/.exec(line)?.[1];
  if (message === undefined) return line.trim();
  if (!message.startsWith('"')) return message;
  return message
    .slice(1, -1)
    .replace(/\\(["\\])/g, '$1')
    .replace(/\\n/g, ' ');
}

function wordsOfJson(line: string): string {
  try {
    const { msg, error } = JSON.parse(line) as { readonly msg?: unknown; readonly error?: unknown };
    const words = [msg, error].filter((part) => typeof part === 'string');
    return words.length === 0 ? line.trim() : words.join(': ');
  } catch {
    return line.trim();
  }
}
