/** What may stay on a host after `remove`, each with its reason. Everything else must be as it was before `up`. */
const ALLOWED: readonly (readonly [RegExp, string])[] = [
  [
    /^nft table ip6? (filter|nat|mangle|raw)( \/ chain (INPUT|FORWARD|OUTPUT|PREROUTING|POSTROUTING)( \/ type .* policy accept;)?)?$/,
    'iptables makes these empty built-in chains when it is first used; they let everything pass and go with a reboot',
  ],
];

/** A host's listing without what may stay. */
export function listingWithoutAllowed(lines: readonly string[]): readonly string[] {
  return lines.filter((line) => !ALLOWED.some(([pattern]) => pattern.test(line)));
}
