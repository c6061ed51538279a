import { setTimeout as sleep } from 'node:timers/promises';
import { RemoteCommandError } from '../domain/errors.ts';
import type { ExpectedAddon } from '../domain/plan.ts';
import type { Host } from '../host/host.ts';
import { getAddons, getAddonWarning } from '../host/kubectl.ts';
import { addonObjectName } from '../render/manifests.ts';
import type { StepContext, StepHandler } from './step-handler.ts';

const POLL_MS = 1_000;

/**
 * Waits until RKE2 has applied the manifests that this run brought, as long as the file's `addon_job_timeout` allows. One
 * that it could not apply is a warning that says why: RKE2 goes on trying, and the nodes are none the worse.
 */
export const verifyAddons: StepHandler<'verify-addons'> = {
  title: ({ addons }) => `wait for ${addons.length} ${addons.length === 1 ? 'manifest' : 'manifests'}`,
  run: async ({ node, addons }, context) => {
    if (node === null) throw new Error('verify-addons needs a node');
    const host = context.host(node.key);
    const deadline = Date.now() + context.cluster.addonTimeoutMs;
    for (;;) {
      const applied = await getAddons(host, callOptions(context)).catch((error: unknown) => {
        // Its kind is made by the first server, some time after the API answers.
        if (error instanceof RemoteCommandError) return {} as Readonly<Record<string, string>>;
        throw error;
      });
      const missing = addons.filter(({ name, sha256 }) => applied[addonObjectName(name)] !== sha256);
      if (missing.length === 0) return 'done';
      if (Date.now() > deadline) {
        for (const addon of missing) await warn(host, addon, context);
        return 'done';
      }
      context.progress(`${addons.length - missing.length} of ${addons.length} applied; ${missing[0]?.name}`);
      await sleep(POLL_MS, undefined, { signal: context.signal });
    }
  },
};

async function warn(host: Host, { name }: ExpectedAddon, context: StepContext): Promise<void> {
  const addon = addonObjectName(name);
  const why = await getAddonWarning(host, addon, callOptions(context)).catch((error: unknown) => {
    if (error instanceof RemoteCommandError) return null;
    throw error;
  });
  const seconds = Math.round(context.cluster.addonTimeoutMs / 1000);
  context.reportFinding({
    severity: 'warning',
    code: 'addon-not-applied',
    message: `RKE2 has not applied ${name} within ${seconds} s${why === null ? '' : `: ${why}`}${why?.endsWith('.') ? '' : '.'}`,
    hint: `It goes on trying. \`kubectl -n kube-system describe addon ${addon}\` shows what it says of it.`,
  });
}

function callOptions({ cluster, signal }: StepContext) {
  return { dataDir: cluster.dataDir, signal };
}
