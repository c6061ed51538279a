import { setTimeout as sleep } from 'node:timers/promises';
import type { ServedCertificate } from '../domain/certificates.ts';
import { ServiceError } from '../domain/errors.ts';
import type { PlannedNode } from '../domain/plan.ts';
import { readServedCertificate } from '../host/read-served-certificate.ts';
import type { StepHandler } from './step-handler.ts';

const POLL_MS = 1_000;

/**
 * Ends when every one of a node's ports shows another certificate than before, and none that has ended. A port that the
 * host has no means to ask is a warning.
 */
export const verifyCertificates: StepHandler<'verify-certificates'> = {
  title: ({ ports }) => `see the new certificates on ${ports.map(({ port }) => port).join(', ')}`,
  run: async ({ node, ports }, context) => {
    if (node === null) throw new Error('verify-certificates needs a node');
    const host = context.host(node.key);
    const deadline = Date.now() + context.timeoutMs;
    for (const { port, before } of ports) {
      for (;;) {
        const answer = await readServedCertificate(host, { port, signal: context.signal });
        const lack = lackOf(answer, before);
        if (lack === null) break;
        if (!answer.asked && answer.reason === 'no-tool') {
          context.reportFinding(unseen(node, port, answer.words));
          break;
        }
        context.progress(`waits for port ${port}: ${lack}`);
        if (Date.now() > deadline) throw notNew(node, port, lack);
        await sleep(POLL_MS, undefined, { signal: context.signal });
      }
    }
    return 'done';
  },
};

/** What is wrong with what the port shows; null when it is as it should be. */
function lackOf(answer: ServedCertificate, before: string | null): string | null {
  if (!answer.asked) return answer.words;
  const { fingerprint, notAfter } = answer.certificate;
  if (fingerprint === before) return 'it still shows the certificate of before';
  if (notAfter < Date.now()) return `its certificate ended on ${new Date(notAfter).toISOString()}`;
  return null;
}

function unseen(node: PlannedNode, port: number, words: string) {
  return {
    severity: 'warning' as const,
    code: 'certificate-unseen',
    node: node.name,
    message: `What port ${port} of ${node.name} shows could not be asked: ${words}.`,
    hint: 'See `rke2ctl cert check`, which also reads the files.',
  };
}

function notNew(node: PlannedNode, port: number, lack: string): ServiceError {
  return new ServiceError({
    code: 'certificate-not-new',
    message: `Port ${port} of ${node.name} does not show a new certificate: ${lack}.`,
    hint: `See \`rke2ctl logs ${node.name}\` and \`rke2ctl cert check\`; then run \`rke2ctl cert rotate\` again. The certificates of before lie in the directories server/tls-* and agent/tls-* there.`,
    lastWords: [],
  });
}
