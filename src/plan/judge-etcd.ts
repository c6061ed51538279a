import type { EtcdAlarm, EtcdReport, EtcdStatus, ReportedMember } from '../domain/etcd-health.ts';
import type { EtcdMember } from '../domain/observed.ts';

/** What the member of one node answered. */
export interface MemberAnswer {
  /** Its name, or how it is called where that is not known. */
  readonly node: string;
  /** null: its etcd does not answer. */
  readonly status: EtcdStatus | null;
  readonly alarms: readonly EtcdAlarm[] | null;
  readonly members: readonly EtcdMember[] | null;
  /** Why the node could not be asked at all; null: it could. */
  readonly failure: string | null;
}

/** Behind the leader by more than this many entries of its log, a member does not only happen to be asked a moment earlier. */
const LAG = 1_000;

/** Says what is wrong with etcd, from what each of its members says. */
export function judgeEtcd(answers: readonly MemberAnswer[]): EtcdReport {
  const statuses = answers.flatMap(({ status }) => status ?? []);
  const newest = Math.max(0, ...statuses.map(({ raftIndex }) => raftIndex));
  const alarms = answers.find((answer) => answer.alarms !== null)?.alarms ?? [];
  const members = answers.map((answer) => report(answer, newest, alarms));
  const problems = [...together(answers, statuses)];
  return {
    healthy: problems.length === 0 && members.every((each) => each.problems.length === 0),
    members,
    problems,
  };
}

function report(
  { node, status, failure }: MemberAnswer,
  newest: number,
  alarms: readonly EtcdAlarm[],
): ReportedMember {
  if (status === null) {
    return { node, role: null, status, problems: [failure ?? 'its etcd does not answer'] };
  }
  const role = status.learner ? 'learner' : status.leader === status.id ? 'leader' : 'voter';
  const problems = [
    ...(status.leader === null ? ['it knows no leader'] : []),
    ...(status.learner ? ['it has no vote yet'] : []),
    ...(newest - status.raftIndex > LAG ? [`${newest - status.raftIndex} entries behind`] : []),
    ...alarms.filter(({ member }) => member === status.id).map(({ alarm }) => `alarm ${alarm}`),
    ...status.errors,
  ];
  return { node, role, status, problems: [...new Set(problems)] };
}

function together(answers: readonly MemberAnswer[], statuses: readonly EtcdStatus[]): readonly string[] {
  const leaders = new Set(statuses.flatMap(({ leader }) => leader ?? []));
  const listed = answers.find(({ members }) => members !== null)?.members ?? [];
  const asked = new Set(statuses.map(({ id }) => id));
  const silent = answers.filter(({ status }) => status === null).map(({ node }) => node);
  const strangers = listed.filter(
    ({ id, name }) => !asked.has(id) && !silent.some((node) => name.startsWith(`${node}-`)),
  );
  return [
    ...(leaders.size > 1 ? ['the members follow different leaders: these are two clusters'] : []),
    ...strangers.map(({ id, name }) => `etcd has a member that is no node of the file: ${name || id}`),
  ];
}
