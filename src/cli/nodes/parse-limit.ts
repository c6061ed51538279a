/** How many of the selected nodes are taken, the first of them in the order of the file. */
export type Limit = { readonly count: number } | { readonly percent: number };

/** `3`, or `10%`; null when it is neither. */
export function parseLimit(text: string): Limit | null {
  const [, digits, share] = /^(\d{1,6})(%?)$/.exec(text) ?? [];
  const amount = Number(digits ?? 0);
  if (amount === 0 || (share === '%' && amount > 100)) return null;
  return share === '%' ? { percent: amount } : { count: amount };
}
