import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';

const folder = fileURLToPath(new URL('../../examples/ci/', import.meta.url));

/** What a CI example has a shell do: in the job itself, and after it. */
export interface CiScripts {
  readonly job: readonly string[];
  readonly after: readonly string[];
}

interface GithubWorkflow {
  readonly jobs: Readonly<
    Record<string, { readonly steps: readonly { readonly run?: string; readonly if?: string }[] }>
  >;
}

/** The scripts of examples/ci/github-actions.yml; what runs only for a cancelled job comes after it. */
export async function githubScripts(): Promise<CiScripts> {
  const { jobs } = parse(await readFile(`${folder}github-actions.yml`, 'utf8')) as GithubWorkflow;
  const steps = Object.values(jobs).flatMap((job) => job.steps);
  const scripts = (isAfter: boolean) =>
    steps.flatMap((step) =>
      step.run !== undefined && (step.if !== undefined) === isAfter ? [step.run] : [],
    );
  return { job: scripts(false), after: scripts(true) };
}

type GitlabFile = Readonly<
  Record<
    string,
    Readonly<Record<'before_script' | 'script' | 'after_script', readonly string[]>> & {
      readonly artifacts: { readonly reports: { readonly junit: string } };
    }
  >
>;

/** The scripts of examples/ci/gitlab-ci.yml. */
export async function gitlabScripts(): Promise<CiScripts> {
  const jobs = Object.values(parse(await readFile(`${folder}gitlab-ci.yml`, 'utf8')) as GitlabFile);
  return {
    job: jobs.flatMap((job) => [...job.before_script, ...job.script]),
    after: jobs.flatMap((job) => job.after_script),
  };
}
