import * as z from 'zod';
import { DEFAULTS } from '../defaults.ts';
import { showValue } from '../finding.ts';
import { checked, FlagSchema } from '../schema/scalars.ts';
import { group, mapped, ours } from './key.ts';

const { drainInput, maxUnavailableControlplane, maxUnavailableWorker } = DEFAULTS.upgrade;
const BECOMES = [ours('how many nodes are out of service at once while they change')];
const DRAINS = [ours('how nodes are emptied before they go, or (with `drain`) before they start anew')];

const CountSchema = checked(
  z.union([z.number(), z.string()], { error: 'must be a number of nodes, or a share of them such as `10%`' }),
  (written) => {
    const match = /^(\d{1,4})(%?)$/.exec(String(written));
    const count = Number(match?.[1]);
    if (match && count > 0 && (match[2] === '' || count <= 100)) return null;
    return {
      message:
        count === 0
          ? `${showValue(written)} would let no node change, ever.`
          : `${showValue(written)} is neither a number of nodes nor a share of them.`,
      hint: 'Write a whole number from 1, or a share from `1%` to `100%`; of a share at least one node may change.',
    };
  },
);

function seconds(least: number, must: string) {
  return z.number({ error: must }).int({ error: must }).min(least, { error: must });
}

const DrainSchema = z.strictObject(
  {
    force: mapped(FlagSchema, {
      description: 'Also delete pods that nothing will make anew.',
      examples: [true],
      default: `\`${drainInput.force}\``,
      becomes: DRAINS,
    }),
    ignore_daemonsets: mapped(FlagSchema, {
      description:
        'Leave pods of DaemonSets where they are; without it no node with such pods can be drained.',
      examples: [true],
      default: `\`${drainInput.ignoreDaemonsets}\``,
      becomes: DRAINS,
    }),
    delete_local_data: mapped(FlagSchema, {
      description: 'Also delete pods with `emptyDir` volumes, and what is in these.',
      examples: [true],
      default: `\`${drainInput.deleteEmptydir}\``,
      becomes: DRAINS,
    }),
    grace_period: mapped(seconds(-1, 'must be a whole number of seconds, or `-1` for each pod’s own'), {
      description: 'Seconds that pods get to end; `-1`: as many as each asks for.',
      examples: [30],
      default: `\`${drainInput.gracePeriodSeconds}\``,
      becomes: DRAINS,
    }),
    timeout: mapped(seconds(1, 'must be a whole number of seconds, at least 1'), {
      description: 'Seconds after which draining a node has failed.',
      examples: [300],
      default: `\`${drainInput.timeoutSeconds}\``,
      becomes: DRAINS,
    }),
  },
  {
    error:
      'must be a map with `force`, `ignore_daemonsets`, `delete_local_data`, `grace_period` and `timeout`',
  },
);

const UpgradeStrategySchema = z.strictObject(
  {
    max_unavailable_worker: mapped(CountSchema, {
      description: 'How many workers may be out of service at once: a number, or a share of all.',
      examples: ['10%', '3'],
      default: `\`${maxUnavailableWorker}\``,
      becomes: BECOMES,
    }),
    max_unavailable_controlplane: mapped(CountSchema, {
      description: 'The same for nodes with the role `controlplane`.',
      examples: ['1'],
      default: `\`${maxUnavailableControlplane}\``,
      becomes: BECOMES,
    }),
    drain: mapped(FlagSchema, {
      description: 'Move the pods away from a node before it changes.',
      examples: [true],
      default: `\`${DEFAULTS.upgrade.drain}\`: they stay while its service starts anew`,
      becomes: DRAINS,
    }),
    node_drain_input: group(DrainSchema, {
      description: 'How nodes are drained.',
      examples: [{ delete_local_data: true, timeout: 300 }],
    }),
  },
  {
    error:
      'must be a map with `max_unavailable_worker`, `max_unavailable_controlplane`, `drain` and `node_drain_input`',
  },
);

/** How nodes are taken out of service while they change. */
export const UPGRADE_KEYS = {
  upgrade_strategy: group(UpgradeStrategySchema, {
    description: 'How nodes are taken out of service while they change.',
    examples: [{ max_unavailable_worker: '10%', drain: true }],
  }),
};
