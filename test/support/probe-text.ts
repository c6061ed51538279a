/** Text files as the probe prints them in its section `text`: the path, then each line with a colon before it. */
export function probeText(files: Readonly<Record<string, string>>): string {
  return Object.entries(files)
    .map(([path, text]) => `${path}\n${text.replace(/^/gm, ':')}`)
    .join('\n');
}
