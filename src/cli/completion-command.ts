import { Argument, type Command } from 'commander';
import { SHELLS, type Shell } from './completion-script.ts';

/** Cobra's word for "these are all: do not offer files". kubectl reads it. */
const NO_FILES = ':4';

/** To be added last: it completes what has been added before. */
export function addCompletion(program: Command): void {
  program
    .command('completion')
    .addArgument(new Argument('<shell>', 'which one asks').choices(SHELLS))
    .description('print what a shell needs to complete commands; its first lines say where it goes')
    .action(async (shell: Shell) => {
      const { completionScript } = await import('./completion-script.ts');
      process.stdout.write(completionScript(shell));
    });
  program
    .command('__complete', { hidden: true })
    .argument('[words...]')
    .allowUnknownOption()
    .passThroughOptions()
    .action(async (words: readonly string[]) => {
      const { complete } = await import('./complete.ts');
      const { words: found, plans } = complete(program, words.length === 0 ? [''] : words);
      const names = plans ? await (await import('./plan-names.ts')).planNames(words) : [];
      process.stdout.write(`${[...found, ...names, NO_FILES].join('\n')}\n`);
    });
}
