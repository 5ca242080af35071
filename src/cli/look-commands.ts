import type { Command } from 'commander';
import { addClusterOptions } from './cluster-options.ts';
import type { DoctorOptions } from './doctor.ts';
import type { VersionOptions } from './version.ts';

/** Commands that look at an installation. The rest is loaded only when it is asked for. */
export function addLooks(program: Command): void {
  const doctor = program
    .command('doctor')
    .description('examine an installation and say what to mend; changes nothing')
    .option('--api-port <port>', 'port of the API servers on the controllers', '6443');
  addClusterOptions(doctor)
    .addHelpText(
      'after',
      '\nExit: 0 updates can be done, 1 something has to be mended first, or the cluster cannot be read, 2 bad input',
    )
    .action(async (options: DoctorOptions) => {
      const { runDoctor } = await import('./doctor.ts');
      process.exitCode = await runDoctor(options);
    });
  const version = program
    .command('version')
    .description('print the versions of this program, of the cluster, and of its agents')
    .option('--client', 'of this program alone')
    .option('--licenses', 'print the licences of all that is in the single file');
  addClusterOptions(version)
    .addHelpText('after', '\nExit: 0 they were read, 1 the cluster cannot be read, 2 bad input')
    .action(async (options: VersionOptions) => {
      const { runVersion } = await import('./version.ts');
      process.exitCode = await runVersion(options);
    });
}
