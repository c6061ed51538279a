import { describe, expect, it } from 'vitest';
import type { RunEvent } from '../../src/domain/event.ts';
import { Secret } from '../../src/domain/secret.ts';
import { scrubEvent } from '../../src/ui/scrub-event.ts';
import { createScrubber } from '../../src/ui/scrubber.ts';

const { scrub } = createScrubber([new Secret('planted')]);

describe('scrubEvent', () => {
  it('gives the very same event where there is nothing to take out', () => {
    const event: RunEvent = { type: 'host-probed', key: '10.0.0.1:22', name: 'a', durationMs: 3 };
    expect(scrubEvent(event, scrub)).toBe(event);
  });

  it('takes secrets out at every depth, and leaves the event itself as it was', () => {
    const diagnostic = { severity: 'error', code: 'planted', message: 'a planted b', hint: 'h' } as const;
    const event: RunEvent = {
      type: 'finding',
      diagnostic: { ...diagnostic, path: ['x', 'planted'] } as never,
    };
    const scrubbed = scrubEvent(event, scrub);
    expect(JSON.stringify(scrubbed)).toContain('a [secret] b');
    expect(scrubbed).toMatchObject({ diagnostic: { code: 'planted', path: ['x', '[secret]'], hint: 'h' } });
    expect(JSON.stringify(event)).toContain('a planted b');
  });
});
