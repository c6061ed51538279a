import { randomBytes } from 'node:crypto';
import { Secret } from '../../src/domain/secret.ts';
import { createHost, type Host } from '../../src/host/host.ts';
import type { LabHost } from '../lab/lab.ts';
import { createLocalTransport, type LocalTransport } from './local-transport.ts';

export interface LabHostOptions {
  readonly user?: string;
  /** null: nobody there to answer. */
  readonly sudoPassword?: string | null;
}

/** A lab host through the OpenSSH client, as rke2ctl's rooms above the transport see it. */
export function hostOfLab(
  namespace: string,
  target: LabHost,
  options: LabHostOptions = {},
): { host: Host; transport: LocalTransport; questions: string[] } {
  const user = options.user ?? target.user;
  const questions: string[] = [];
  const ssh = [
    ...['nsenter', `--net=/run/netns/${namespace}`, 'ssh', '-T', '-i', target.keyPath, '-o', 'BatchMode=yes'],
    ...['-o', 'StrictHostKeyChecking=no', '-o', 'UserKnownHostsFile=/dev/null', '-o', 'LogLevel=ERROR'],
    ...[
      '-o',
      'ControlMaster=auto',
      '-o',
      'ControlPersist=20',
      '-o',
      `ControlPath=/tmp/rke2ctl-${randomBytes(4).toString('hex')}-%C`,
    ],
    `${user}@${target.address}`,
  ];
  const transport = createLocalTransport({
    target: `${user}@${target.address}:22`,
    words: (line) => [...ssh, line],
  });
  const password = options.sudoPassword === undefined ? target.sudoPassword : options.sudoPassword;
  const host = createHost(transport, {
    askSudoPassword: async (name) => {
      questions.push(name);
      return password === null || password === undefined ? null : new Secret(password);
    },
  });
  return { host, transport, questions };
}
