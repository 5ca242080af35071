import type { Command } from 'commander';
import type { AdoptOptions } from './adopt.ts';
import { addClusterOptions } from './cluster-options.ts';

/** The rest is loaded only when it is asked for. */
export function addAdopt(program: Command): void {
  const command = program
    .command('adopt')
    .description(
      "move a cluster over from k0s's own Autopilot: make what is missing, and leave the Plans from before to the past",
    )
    .option('--check', 'only say what is so and what is left to do; changes nothing')
    .option('--run <plan...>', 'let these Plans from before us run')
    .option('--back', "make the cluster ready for k0s's own Autopilot again")
    .option('--manifests <folder>', 'where crds/ and deploy/ are; else beside this program');
  addClusterOptions(command)
    .addHelpText(
      'after',
      '\nExit: 0 nothing is left to do, 1 something is, or the cluster says no, 2 bad input',
    )
    .action(async (options: AdoptOptions) => {
      const { runAdopt } = await import('./adopt.ts');
      process.exitCode = await runAdopt(options);
    });
}
