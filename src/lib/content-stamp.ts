/** A modification time (seconds) that stands for a file's content: what still carries it is what was put there. */
export function contentStamp(sha256Hex: string): number {
  return 1_000_000_000 + (Number.parseInt(sha256Hex.slice(0, 7), 16) % 500_000_000);
}
