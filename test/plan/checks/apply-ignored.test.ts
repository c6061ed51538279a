import { describe, expect, it } from 'vitest';
import type { Diagnostic } from '../../../src/domain/diagnostic.ts';
import { applyIgnored } from '../../../src/plan/checks/apply-ignored.ts';

const finding = (severity: Diagnostic['severity'], code: string): Diagnostic => ({
  severity,
  code,
  message: 'It is so.',
  hint: 'Do this.',
});

describe('applyIgnored', () => {
  it('changes nothing when nothing is ignored', () => {
    const findings = [finding('error', 'noexec'), finding('warning', 'swap')];
    expect(applyIgnored(findings, [])).toEqual(findings);
  });

  it('turns errors into warnings that say why, and drops warnings', () => {
    const findings = [finding('error', 'noexec'), finding('error', 'systemd'), finding('warning', 'swap')];
    expect(applyIgnored(findings, ['noexec', 'swap'])).toEqual([
      { ...finding('warning', 'noexec'), message: 'It is so. (Let pass by --ignore-check.)' },
      finding('error', 'systemd'),
    ]);
  });

  it('takes the names of warnings about the file, too', () => {
    expect(applyIgnored([finding('warning', 'etcd-even')], ['etcd-even'])).toEqual([]);
  });

  it('reports names that no check has, once each, and names those that exist', () => {
    const [error, ...rest] = applyIgnored([], ['sawp', 'sawp']);
    expect(rest).toEqual([]);
    expect(error).toMatchObject({ severity: 'error', code: 'unknown-check' });
    expect(error?.message).toContain('sawp');
    expect(error?.hint).toContain('swap');
  });

  it('cannot wave through what is no check of hosts', () => {
    const findings = [finding('error', 'etcd-data-lost')];
    expect(
      applyIgnored(findings, ['etcd-data-lost']).filter((each) => each.severity === 'error'),
    ).toHaveLength(2);
  });
});
