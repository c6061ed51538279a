import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeDirectory, readFileIfAny, writeFile } from './files.ts';
import { CommandError, info, log } from './log.ts';
import type { NodeOptions } from './options.ts';
import { RANCHER_DIRECTORY } from './paths.ts';

const KERNEL_PARAMETERS: readonly (readonly [name: string, expected: string])[] = [
  ['vm.overcommit_memory', '1'],
  ['vm.panic_on_oom', '0'],
  ['kernel.panic', '10'],
  ['kernel.panic_on_oops', '1'],
];

/** Refuses to start where the CIS profile's demands on the host are not met. */
export function checkProfile(options: NodeOptions, isServer: boolean): void {
  if (options.profile === '') {
    log('warning', 'not running in CIS mode');
    return;
  }
  if (options.profile !== 'etcd') {
    if (options.protectKernelDefaults === false) {
      throw new CommandError(
        `--protect-kernel-defaults must be true when using --profile=${options.profile}`,
      );
    }
    for (const [name, expected] of KERNEL_PARAMETERS) {
      const actual = readFileSync(join('/proc/sys', ...name.split('.')), 'utf8').trim();
      if (actual !== expected) {
        throw new CommandError(`invalid kernel parameter value ${name}=${actual} - expected ${expected}`);
      }
    }
  }
  if (!isServer) return;
  for (const [kind, file] of [
    ['user', '/etc/passwd'],
    ['group', '/etc/group'],
  ] as const) {
    if (!/^etcd:/m.test(readFileIfAny(file) ?? '')) {
      throw new CommandError(`missing required: ${kind}: unknown ${kind} etcd`);
    }
  }
}

/** Writes the Pod Security Admission file, anew at every start. */
export function writePodSecurityFile(options: NodeOptions): void {
  info(`Applying Pod Security Admission Configuration`);
  const level = options.profile === 'cis' ? 'restricted' : 'privileged';
  makeDirectory(RANCHER_DIRECTORY);
  writeFile(
    join(RANCHER_DIRECTORY, 'rke2-pss.yaml'),
    `apiVersion: apiserver.config.k8s.io/v1
kind: AdmissionConfiguration
plugins:
- name: PodSecurity
  configuration:
    apiVersion: pod-security.admission.config.k8s.io/v1beta1
    kind: PodSecurityConfiguration
    defaults:
      enforce: "${level}"
      enforce-version: "latest"
`,
  );
  if (options.profile === 'cis') {
    const audit = join(RANCHER_DIRECTORY, 'audit-policy.yaml');
    if (readFileIfAny(audit) === undefined) {
      writeFile(audit, 'apiVersion: audit.k8s.io/v1\nkind: Policy\nmetadata: {}\nrules:\n- level: None\n');
    }
  }
}
