import type { Command, Option } from 'commander';

/** What may stand next on a command line. */
export interface Completion {
  /** Each begins with what was typed. */
  readonly words: readonly string[];
  /** Names of Plans may stand there as well. */
  readonly plans: boolean;
}

/**
 * @param words after the name of the program; the last one is being typed, and may be empty
 */
export function complete(program: Command, words: readonly string[]): Completion {
  const typed = words.at(-1) ?? '';
  const before = words.slice(0, -1);
  const [name] = before;
  const command = program.commands.find((one) => one.name() === name);
  if (name === undefined) {
    const names = program.commands.filter(isShown).map((one) => one.name());
    return { words: startingWith([...names, ...longOf(program.options)], typed), plans: false };
  }
  if (command === undefined) return { words: [], plans: false };
  const last = command.options.find((one) => isCalled(one, before.at(-1)));
  if (last !== undefined && takesValue(last)) {
    return { words: startingWith(last.argChoices ?? [], typed), plans: false };
  }
  if (typed.startsWith('-'))
    return { words: startingWith(longOf(command.options), typed), plans: false };
  const [argument] = command.registeredArguments;
  const given = before.slice(1).filter((word, at, all) => {
    const option = command.options.find((one) => isCalled(one, all[at - 1]));
    return !word.startsWith('-') && !(option !== undefined && takesValue(option));
  });
  if (argument === undefined || given.length > 0) return { words: [], plans: false };
  return {
    words: startingWith(argument.argChoices ?? [], typed),
    plans: argument.name() === 'plan',
  };
}

/** Commands that only programs call are not offered. */
function isShown(command: Command): boolean {
  return !command.name().startsWith('__');
}

function isCalled({ long, short }: Option, word: string | undefined): boolean {
  return word !== undefined && (word === long || word === short);
}

function takesValue({ required, optional }: Option): boolean {
  return required || optional;
}

function longOf(options: readonly Option[]): string[] {
  return [...options.flatMap(({ long }) => long ?? []), '--help'];
}

function startingWith(words: readonly string[], typed: string): string[] {
  return words.filter((word) => word.startsWith(typed));
}
