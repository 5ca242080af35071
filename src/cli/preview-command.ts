import type { Command } from 'commander';
import { addClusterOptions } from './cluster-options.ts';
import { EXIT } from './exit.ts';
import type { PreviewOptions } from './preview.ts';

/** The rest is loaded only when it is asked for. */
export function addPreview(program: Command): void {
  const command = program
    .command('preview')
    .argument('[plan]', 'name of a stored Plan, or of one of several in the file')
    .description('show what a Plan would do, and what would forbid it; changes nothing')
    .option('-f, --filename <file>', 'the Plan, in YAML or JSON; - for standard input')
    .option('--policy <file>', 'the file of policy that the orchestrator is given, where it is')
    .option('--api-port <port>', 'port of the API servers on the controllers', '6443');
  addClusterOptions(command, { wide: true })
    .addHelpText('after', '\nExit: 0 it may run, 1 it would be refused or get stuck, 2 bad input')
    .action(async (plan: string | undefined, options: PreviewOptions) => {
      const { runPreview } = await import('./preview.ts');
      process.exitCode = await runPreview(plan, options);
    });
}

/** A wrong option is bad input like any other; commander has said what is wrong with it. */
export function exitAsMisused({ exitCode }: { readonly exitCode: number }): never {
  process.exit(exitCode === 0 ? EXIT.fine : EXIT.misused);
}
