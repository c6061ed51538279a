import type { ClusterDraft } from '../draft.ts';
import { type Finding, findingAt, type Mistake, type Path } from '../finding.ts';
import {
  describeInterval,
  describeMinutes,
  minutesOf,
  planSnapshots,
  type SnapshotPlan,
} from '../snapshot-schedule.ts';

const ETCD: Path = ['services', 'etcd'];

/** Recurring snapshots: what the schedule really is, what is kept, and which keys have no effect beside others. */
export function checkSnapshots(draft: ClusterDraft): readonly Finding[] {
  const etcd = draft.services?.etcd;
  if (!etcd) return [];
  const isExternal = draft.datastore !== undefined || etcd.external_urls !== undefined;
  if (isExternal) return findUseless(etcd);
  const backup = etcd.backup_config;
  if (backup === undefined && 'backup_config' in etcd) return [];
  const plan = planSnapshots({
    ...(etcd.snapshot !== undefined && { snapshot: etcd.snapshot }),
    ...(etcd.creation !== undefined && { creation: etcd.creation }),
    ...(etcd.retention !== undefined && { retention: etcd.retention }),
    ...(backup !== undefined && { backup_config: backup }),
  });
  if (backup !== undefined) {
    const path = [...ETCD, 'backup_config', 'interval_hours'];
    return [
      ...findPassedOver(etcd),
      ...findTwoSchedules(backup),
      ...(plan.off ? findTurnedOff(etcd, backup) : explainSchedule(plan, path)),
    ];
  }
  if (plan.off || plan.interval === null) return [];
  return [...explainSchedule(plan, [...ETCD, 'creation']), ...explainRetention(plan, etcd)];
}

type EtcdDraft = NonNullable<NonNullable<ClusterDraft['services']>['etcd']>;
type BackupDraft = NonNullable<EtcdDraft['backup_config']>;

function warn(path: Path, mistake: Mistake, at: 'key' | 'value' = 'value'): Finding {
  return findingAt(path, { severity: 'warning', ...mistake }, at);
}

/** RKE2 takes no snapshots of a datastore that is not its own. */
function findUseless(etcd: EtcdDraft): readonly Finding[] {
  const found = ['backup_config', 'creation', 'retention'].filter((key) => key in etcd);
  return found.map((key) =>
    warn(
      [...ETCD, key],
      {
        code: 'snapshots-external',
        message: `\`${key}\` has no effect: RKE2 takes no snapshots of an external datastore.`,
        hint: 'Leave it out, and back the datastore up with its own tools.',
      },
      'key',
    ),
  );
}

function findPassedOver(etcd: EtcdDraft): readonly Finding[] {
  return ['creation', 'retention'].flatMap((key) =>
    key in etcd
      ? [
          warn(
            [...ETCD, key],
            {
              code: 'snapshots-twice',
              message: `\`${key}\` has no effect beside \`backup_config\`, in RKE1 as well as here.`,
              hint: 'Leave it out.',
            },
            'key',
          ),
        ]
      : [],
  );
}

/** Rancher wrote both into the files of its clusters, and took the snapshots itself; RKE1 took none then. */
function findTurnedOff({ snapshot }: EtcdDraft, { enabled }: BackupDraft): readonly Finding[] {
  if (snapshot !== false || enabled === false) return [];
  const saying = enabled === true ? 'says `enabled: true`' : 'describes them';
  return [
    warn([...ETCD, 'snapshot'], {
      code: 'snapshots-off',
      message: `No snapshots will be taken, although \`backup_config\` ${saying}: \`snapshot: false\` turned them off for RKE1 as well, and only Rancher took them all the same.`,
      hint: 'Take `snapshot: false` out to have snapshots; if none are wanted, write `enabled: false` in `backup_config`, too.',
    }),
  ];
}

function findTwoSchedules(backup: object): readonly Finding[] {
  if (!('schedule' in backup && 'interval_hours' in backup)) return [];
  return [
    findingAt(
      [...ETCD, 'backup_config', 'schedule'],
      {
        code: 'snapshot-schedule-twice',
        message: '`interval_hours` says already when snapshots are taken.',
        hint: 'Keep one of the two.',
      },
      'key',
    ),
  ];
}

function explainSchedule({ interval }: SnapshotPlan, path: Path): readonly Finding[] {
  if (interval === null || interval.deviation === null) return [];
  const key = String(path.at(-1));
  const suggestion = key === 'creation' ? '`6h`, `12h` or `24h`' : '6, 8, 12 or 24';
  return [
    warn(path, {
      code: 'snapshot-interval',
      message: `One snapshot ${describeInterval(interval.asked)} is more than a cron line can say: RKE2 will take them ${interval.deviation}.`,
      hint: `If that will not do, write an interval that divides the day evenly, such as ${suggestion}, or a cron line as \`backup_config.schedule\`.`,
    }),
  ];
}

function explainRetention({ interval, retention }: SnapshotPlan, etcd: EtcdDraft): readonly Finding[] {
  if (interval === null || etcd.retention === undefined || minutesOf(etcd.retention) === null) return [];
  const kept = retention === 1 ? 'the last 1' : `the last ${retention}`;
  const when =
    interval.actual % 60 === 0 ? `interval_hours: ${interval.actual / 60}` : `schedule: "${interval.cron}"`;
  return [
    warn([...ETCD, 'retention'], {
      code: 'snapshot-retention',
      message: `RKE2 keeps a number of snapshots, not a time: of one ${describeInterval(interval.actual)}, ${kept} on each etcd node, which reach back ${describeMinutes(retention * interval.actual)}.`,
      hint: `To say so in the file, write \`backup_config: {${when}, retention: ${retention}}\` and leave \`creation\` and \`retention\` out.`,
    }),
  ];
}
