/** A token of RKE2, taken apart. */
export interface Token {
  /** Of the CA that it pins; null in the short form. */
  readonly caHash: string | null;
  /** `bootstrap`: one of `rke2 token create`, good for agents until it expires. */
  readonly kind: 'password' | 'bootstrap';
  /** What stands behind the last colons: the password, or `id.secret`. */
  readonly secret: string;
}

/**
 * Takes `K10<hash>::<user>:<password>`, `K10<hash>::<id>.<secret>`, or a short form of either apart; null when there is
 * nothing in it.
 */
export function readToken(written: string): Token | null {
  const text = written.trim();
  if (text === '') return null;
  const full = /^K10([0-9a-f]{64})::(.+)$/s.exec(text);
  const rest = full?.[2] ?? text;
  const named = full === null ? null : /^[^:.]*:(.+)$/s.exec(rest);
  const secret = named?.[1] ?? rest;
  const isBootstrap = named === null && /^[a-z0-9]{6}\.[a-z0-9]{16}$/.test(secret);
  return { caHash: full?.[1] ?? null, kind: isBootstrap ? 'bootstrap' : 'password', secret };
}
