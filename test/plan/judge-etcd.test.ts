import { describe, expect, it } from 'vitest';
import type { EtcdStatus } from '../../src/domain/etcd-health.ts';
import { judgeEtcd, type MemberAnswer } from '../../src/plan/judge-etcd.ts';

const status = (id: string, more: Partial<EtcdStatus> = {}): EtcdStatus => ({
  ...{ id, version: '3.6.4', dbBytes: 4096, usedBytes: 2048, leader: 'a', raftIndex: 5000, raftTerm: 2 },
  ...{ revision: 100, learner: false, errors: [], ...more },
});
const member = (id: string, name: string) => ({ id, name, peerUrls: [], isLearner: false });
const answer = (node: string, id: string, more: Partial<MemberAnswer> = {}): MemberAnswer => ({
  ...{ node, status: status(id), alarms: [], failure: null },
  members: [member('a', 'h0-11111111'), member('b', 'h1-22222222')],
  ...more,
});

describe('the health of etcd', () => {
  it('is well when all follow one leader', () => {
    const report = judgeEtcd([answer('h0', 'a'), answer('h1', 'b')]);
    expect(report.healthy).toBe(true);
    expect(report.members.map(({ role }) => role)).toEqual(['leader', 'voter']);
  });

  it('names who does not answer, and takes it for no stranger', () => {
    const report = judgeEtcd([
      answer('h0', 'a'),
      answer('h1', 'b', { status: null, members: null, alarms: null }),
    ]);
    expect(report.healthy).toBe(false);
    expect(report.problems).toEqual([]);
    expect(report.members[1]?.problems).toEqual(['its etcd does not answer']);
  });

  it('sees alarms, members behind, lost leaders, two clusters and strangers', () => {
    const alarms = [{ member: 'b', alarm: 'NOSPACE' }];
    const report = judgeEtcd([
      answer('h0', 'a', {
        alarms,
        members: [member('a', 'h0-1'), member('b', 'h1-2'), member('c', 'gone-3')],
      }),
      answer('h1', 'b', { alarms, status: status('b', { leader: 'b', raftIndex: 10 }) }),
      answer('h2', 'd', { status: status('d', { leader: null, learner: true }) }),
    ]);
    expect(report.members[1]?.problems).toEqual(['4990 entries behind', 'alarm NOSPACE']);
    expect(report.members[2]?.problems).toEqual(['it knows no leader', 'it has no vote yet']);
    expect(report.problems).toEqual([
      'the members follow different leaders: these are two clusters',
      'etcd has a member that is no node of the file: gone-3',
    ]);
  });
});
