/** How many of `all` nodes may be out of service at once: `3` as it stands, `10%` as a share, of which one is the least. */
export function maxUnavailable(written: string, all: number): number {
  const [, digits = '1', share] = /^(\d+)(%?)$/.exec(written) ?? [];
  const count = Number(digits);
  return Math.max(1, share === '%' ? Math.floor((count * all) / 100) : count);
}
