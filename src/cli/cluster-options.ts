import { type Command, Option } from 'commander';

export const FORMATS = ['text', 'wide', 'json', 'yaml'] as const;
export type Format = (typeof FORMATS)[number];

/** What every command that asks a cluster takes, by the same names. */
export interface ClusterOptions {
  readonly kubeconfig?: string;
  readonly context?: string;
  readonly output: Format;
}

/** @param wide whether the command has more to say than its `text` */
export function addClusterOptions(command: Command, { wide = false } = {}): Command {
  const formats = FORMATS.filter((format) => wide || format !== 'wide');
  return command
    .option(
      '--kubeconfig <file>',
      'how to reach the cluster; else $KUBECONFIG, else ~/.kube/config',
    )
    .option('--context <name>', 'context of the kubeconfig, where it is not the current one')
    .addOption(
      new Option('-o, --output <format>', 'how it is printed').choices(formats).default('text'),
    );
}
