import type { Command } from 'commander';
import { addClusterOptions } from './cluster-options.ts';
import type { ExplainOptions } from './explain.ts';

/** The rest is loaded only when it is asked for. */
export function addExplain(program: Command): void {
  const command = program
    .command('explain')
    .argument('<plan>', 'name of a stored Plan')
    .description('say why a Plan waits or has failed, and what to type next; changes nothing')
    .option('-w, --watch', 'go on, and show every change');
  addClusterOptions(command, { wide: true })
    .addHelpText('after', '\nExit: 0 it was explained, 1 the cluster cannot be read, 2 bad input')
    .action(async (plan: string, options: ExplainOptions) => {
      const { runExplain } = await import('./explain.ts');
      process.exitCode = await runExplain(plan, options);
    });
}
