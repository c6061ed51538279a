import { setTimeout as sleep } from 'node:timers/promises';
import { TimeoutError } from '../domain/errors.ts';
import type { StepOf } from '../domain/plan.ts';
import { askDns, type DnsAnswer } from '../host/ask-dns.ts';
import type { StepContext, StepHandler } from './step-handler.ts';

const POLL_MS = 1_000;

const WORDS: Readonly<Record<Exclude<DnsAnswer, 'known' | 'no-tool'>, string>> = {
  silence: 'does not answer',
  unknown: 'does not know the name',
  failure: 'answers with a failure',
};

/** Waits until every address of the cluster DNS knows the name. A host with no means to ask is a warning, not a failure. */
export const awaitDns: StepHandler<'await-dns'> = {
  title: ({ name }) => `ask the cluster DNS for ${name}`,
  run: async (step, context) => {
    const { node, name } = step;
    if (node === null) throw new Error('await-dns needs a node');
    const deadline = Date.now() + context.timeoutMs;
    for (const address of step.addresses) {
      for (;;) {
        const answer = await askDns(context.host(node.key), { address, name }, context.signal);
        if (answer === 'known') break;
        if (answer === 'no-tool') return noTool(step, context);
        if (Date.now() > deadline) throw notAnswering(step, address, WORDS[answer], context.timeoutMs);
        context.progress(`${address} ${WORDS[answer]}`);
        await sleep(POLL_MS, undefined, { signal: context.signal });
      }
    }
    return 'done';
  },
};

function noTool({ node, name }: StepOf<'await-dns'>, context: StepContext): 'unchanged' {
  context.reportFinding({
    severity: 'warning',
    code: 'dns-not-asked',
    node: node?.key ?? '',
    message: `Nobody knows whether the cluster DNS answers: ${node?.name} has neither Python, Perl nor bash to ask it for ${name}.`,
    hint: 'Install python3 there, or leave it: nothing else needs it.',
  });
  return 'unchanged';
}

function notAnswering(
  { node, name }: StepOf<'await-dns'>,
  address: string,
  words: string,
  timeoutMs: number,
): TimeoutError {
  return new TimeoutError({
    code: 'dns-not-answering',
    message: `After ${Math.round(timeoutMs / 1000)} s the cluster DNS at ${address}, asked from ${node?.name} for ${name}, ${words}.`,
    hint: 'Look at the pods of rke2-coredns: `kubectl -n kube-system get pods -l k8s-app=kube-dns -o wide`, then at those of the CNI on that node.',
  });
}
