/** How many values there are with every alias written out; null when something holds itself. */
export function countValues(root: unknown): number | null {
  const counts = new Map<object, number>();
  const open = new Set<object>();
  const count = (value: unknown): number => {
    if (typeof value !== 'object' || value === null) return 1;
    const known = counts.get(value);
    if (known !== undefined) return known;
    if (open.has(value)) return Number.NaN;
    open.add(value);
    let sum = 1;
    for (const key in value) sum += count(Reflect.get(value, key));
    open.delete(value);
    counts.set(value, sum);
    return sum;
  };
  const total = count(root);
  return Number.isNaN(total) ? null : total;
}
