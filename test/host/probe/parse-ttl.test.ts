import { describe, expect, it } from 'vitest';
import { parseTtl } from '../../../src/host/probe/parse-ttl.ts';
import { parseUnits } from '../../../src/host/probe/parse-units.ts';
import { readProbeOutput } from '../../../src/host/probe/probe-output.ts';
import { probeText } from '../../support/probe-text.ts';

const unit = (active: string, enabled: string) =>
  parseUnits(`Id=rke2ctl-ttl.timer\nActiveState=${active}\nUnitFileState=${enabled}`);

function parse(boot: string, lines: readonly string[], units = unit('active', 'enabled')) {
  const text = [
    '@m time',
    '1000.5',
    '@m text',
    probeText({ '/proc/sys/kernel/random/boot_id': boot }),
    ...(lines.length === 0 ? [] : ['@m ttl', ...lines]),
    '@m end',
  ];
  return parseTtl(readProbeOutput(`${text.join('\n')}\n`, '@m'), units);
}

describe('parseTtl', () => {
  it('counts by the uptime in the same boot, and by the clock after another', () => {
    const lines = ['1600 b-1 350', '50.25 99.1'];
    expect(parse('b-1', lines)).toEqual({ ttl: { remainingSeconds: 300, armed: true } });
    expect(parse('b-2', lines)).toEqual({ ttl: { remainingSeconds: 600, armed: true } });
  });

  it('says whether anything will come of it', () => {
    const lines = ['900 b-1 40', '50 99'];
    expect(parse('b-1', lines, unit('inactive', 'enabled')).ttl).toEqual({
      remainingSeconds: -10,
      armed: false,
    });
    expect(parse('b-1', lines, unit('active', 'disabled')).ttl?.armed).toBe(false);
  });

  it('is absent where there is none, or nothing that can be read', () => {
    expect(parse('b-1', [])).toEqual({});
    expect(parse('b-1', ['soon', '50 99'])).toEqual({});
  });
});
