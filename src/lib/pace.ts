/** Lets so many bytes a second pass, however many ask; those who ask wait for their turn. */
export function createPace(
  bytesPerSecond: number,
  clock: { readonly now: () => number; readonly sleep: (ms: number) => Promise<void> },
): (bytes: number) => Promise<void> {
  let free = 0;
  return async (bytes) => {
    const start = Math.max(clock.now(), free);
    free = start + (bytes / bytesPerSecond) * 1000;
    if (start > clock.now()) await clock.sleep(start - clock.now());
  };
}
