import * as z from 'zod';
import { PodCountSchema, toPodCount } from '../schema/pods.ts';
import { group, mapped, type Target } from './key.ts';

/** Where RKE1's three settings of an update strategy go. */
interface StrategyTargets {
  readonly type: readonly Target[];
  readonly maxUnavailable: readonly Target[];
  readonly maxSurge?: readonly Target[];
}

const MAP = { error: 'must be a map with `strategy` and `rollingUpdate`' };

/** RKE1's update strategy of a DaemonSet. */
export function daemonSetStrategy(description: string, targets: StrategyTargets) {
  const strategy = z.strictObject(
    {
      strategy: mapped(
        z.enum(['RollingUpdate', 'OnDelete'], { error: 'must be `RollingUpdate` or `OnDelete`' }),
        { description: 'How pods are replaced.', examples: ['RollingUpdate'], becomes: targets.type },
      ),
      rollingUpdate: group(z.strictObject({ maxUnavailable: maxUnavailable(targets) }, MAP), {
        description: 'How many at once.',
        examples: [{ maxUnavailable: 1 }],
      }),
    },
    MAP,
  );
  return group(strategy, {
    description,
    examples: [{ strategy: 'RollingUpdate', rollingUpdate: { maxUnavailable: 1 } }],
  });
}

/** RKE1's update strategy of a Deployment. */
export function deploymentStrategy(description: string, targets: StrategyTargets) {
  const strategy = z.strictObject(
    {
      strategy: mapped(
        z.enum(['RollingUpdate', 'Recreate'], { error: 'must be `RollingUpdate` or `Recreate`' }),
        { description: 'How pods are replaced.', examples: ['RollingUpdate'], becomes: targets.type },
      ),
      rollingUpdate: group(
        z.strictObject(
          {
            maxUnavailable: maxUnavailable(targets),
            maxSurge: mapped(PodCountSchema, {
              description: 'How many pods there may be beyond the wanted number meanwhile.',
              examples: [0, '25%'],
              becomes: targets.maxSurge ?? targets.maxUnavailable,
            }),
          },
          MAP,
        ),
        { description: 'How many at once.', examples: [{ maxUnavailable: 1, maxSurge: 0 }] },
      ),
    },
    MAP,
  );
  return group(strategy, {
    description,
    examples: [{ strategy: 'RollingUpdate', rollingUpdate: { maxUnavailable: 1, maxSurge: 0 } }],
  });
}

function maxUnavailable(targets: StrategyTargets) {
  return mapped(PodCountSchema, {
    description: 'How many pods may be away at once while they are replaced.',
    examples: [1, '25%'],
    becomes: targets.maxUnavailable,
  });
}

interface StrategyInput {
  readonly strategy?: string | undefined;
  readonly rollingUpdate?:
    | {
        readonly maxUnavailable?: number | string | undefined;
        readonly maxSurge?: number | string | undefined;
      }
    | undefined;
}

/** The strategy as Kubernetes writes it; undefined where the file says nothing. */
export function toKubernetesStrategy(input: StrategyInput | undefined) {
  if (input === undefined) return undefined;
  const rolling = toRollingUpdate(input.rollingUpdate);
  if (input.strategy === undefined && rolling === undefined) return undefined;
  const type = input.strategy ?? 'RollingUpdate';
  return { type, ...(type === 'RollingUpdate' && rolling !== undefined && { rollingUpdate: rolling }) };
}

/** Counts of a rolling update; undefined when there are none. */
export function toRollingUpdate(rolling: StrategyInput['rollingUpdate']) {
  const counts = {
    ...(rolling?.maxUnavailable !== undefined && { maxUnavailable: toPodCount(rolling.maxUnavailable) }),
    ...(rolling?.maxSurge !== undefined && { maxSurge: toPodCount(rolling.maxSurge) }),
  };
  return Object.keys(counts).length === 0 ? undefined : counts;
}
