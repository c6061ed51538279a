import { type CheckedHost, type CheckInput, type Complaint, checkedHosts } from './check.ts';

/** One complaint for every value that two or more hosts share. `words` gets the value and the hosts' labels. */
export function findDuplicates(
  input: CheckInput,
  values: (host: CheckedHost) => readonly string[],
  words: (value: string, labels: string) => Complaint,
): readonly Complaint[] {
  const holders = new Map<string, Set<string>>();
  for (const host of checkedHosts(input)) {
    for (const value of values(host)) {
      const labels = holders.get(value) ?? new Set();
      // Labels may be equal (two hosts that the file gives one name), keys never are.
      labels.add(host.label === value ? host.node.key : host.label);
      holders.set(value, labels);
    }
  }
  return [...holders].flatMap(([value, labels]) =>
    labels.size < 2 ? [] : [words(value, joinWords([...labels]))],
  );
}

function joinWords(labels: readonly string[]): string {
  return `${labels.slice(0, -1).join(', ')} and ${labels.at(-1)}`;
}
