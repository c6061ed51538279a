import { describe, expect, it } from 'vitest';
import { renderDefaultsTable } from '../../src/config/render-defaults.ts';

describe('the table of defaults', () => {
  it('is a Markdown table with one row per key', () => {
    const lines = renderDefaultsTable().trimEnd().split('\n');
    expect(lines).toContain('| `ssh.connect_timeout` | `10s` |');
    expect(lines).toContain('| `kubeconfig.mode` | `0600` |');
    expect(lines.every((line) => line.split('|').length === 4)).toBe(true);
    expect(new Set(lines).size).toBe(lines.length);
  });
});
