import { Secret } from '../../src/domain/secret.ts';
import type { State } from '../../src/domain/state.ts';
import type { Host, RunOptions } from '../../src/host/host.ts';
import type { StepContext } from '../../src/steps/step-handler.ts';
import type { CommandResult } from '../../src/transport/transport.ts';
import { makeCluster } from './make-cluster.ts';

/** Answers one script of a step: its stdout, or an error to reject with. */
export type Answer = (script: string, options: RunOptions) => string | Error;

export interface ScriptedContext {
  readonly context: StepContext;
  /** What happened, in order: `learn`, and the `what` of every script. */
  readonly log: string[];
  readonly progress: string[];
  readonly state: () => State;
}

/** A step's surroundings without a machine: scripts are answered by `answer`, the state lives in memory. */
export function scriptedContext(answer: Answer, overrides: Partial<StepContext> = {}): ScriptedContext {
  const log: string[] = [];
  const progress: string[] = [];
  let state: State = {
    schemaVersion: 1,
    clusterId: 'c1',
    clusterName: 'local',
    serial: 1,
    version: 'v1.35.7+rke2r1',
    bootstrapNodeId: null,
    caHash: null,
    desired: null,
    removing: false,
    nodes: {},
    addons: {},
    secrets: { serverToken: new Secret('server-password'), agentToken: new Secret('agent-password') },
  };
  const host: Host = {
    target: 'root@10.0.0.1:22',
    hostKey: 'SHA256:abc',
    run: async (script, options = {}): Promise<CommandResult> => {
      log.push(options.what ?? '?');
      const answered = answer(script, options);
      if (answered instanceof Error) throw answered;
      return { exitCode: 0, stdout: answered, stderr: '' };
    },
    start: () => Promise.reject(new Error('nothing is started here')),
  };
  const context: StepContext = {
    cluster: makeCluster(),
    host: () => host,
    files: () => [],
    state: () => state,
    learn: async (change) => {
      log.push('learn');
      state = change(state);
    },
    artifact: (name) => ({ source: name }),
    deliver: () => Promise.reject(new Error('nothing is delivered here')),
    operator: {
      readText: () => Promise.reject(new Error('no text')),
      writeKubeconfig: () => Promise.reject(new Error('no kubeconfig')),
      forgetCluster: () => Promise.reject(new Error('nothing to forget')),
      stateText: () => Promise.resolve('{}'),
      snapshotPath: () => Promise.reject(new Error('no snapshots')),
    },
    reportFinding: () => undefined,
    reportPorts: () => undefined,
    progress: (words) => progress.push(words),
    isLost: () => false,
    signal: new AbortController().signal,
    timeoutMs: 60_000,
    ...overrides,
  };
  return { context, log, progress, state: () => state };
}
