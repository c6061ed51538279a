/** The n-th address of a network such as `10.43.0.0/16` or `fd00:43::/112`; of a dual-stack list the first network counts. */
export function addressInNetwork(cidrs: string, n: number): string {
  const cidr = cidrs.split(',')[0] ?? '';
  const base = cidr.split('/')[0] ?? '';
  if (base.includes(':')) return `${base.replace(/::.*$/, '::')}${n.toString(16)}`;
  const number = base.split('.').reduce((sum, part) => sum * 256 + Number(part), 0) + n;
  return [24, 16, 8, 0].map((shift) => (number >>> shift) & 255).join('.');
}

/** A free address of the service network; the first ten are kept for `kubernetes`, the cluster DNS and the like. */
export function allocateClusterIp(cidrs: string, used: ReadonlySet<string>): string {
  for (let n = 11; n < 65_000; n += 1) {
    const address = addressInNetwork(cidrs, n);
    if (!used.has(address)) return address;
  }
  throw new Error(`no free address is left in the service network ${cidrs}`);
}
