import { installDebianPackages } from './debian-packages.ts';

/** Before any test with real programs: this machine has them. */
export async function setup(): Promise<void> {
  await installDebianPackages();
}
