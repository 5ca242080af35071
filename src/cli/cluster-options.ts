import { type Command, Option } from 'commander';

export const FORMATS = ['text', 'wide', 'json', 'yaml'] as const;
export type Format = (typeof FORMATS)[number];

/** What every command that asks a cluster takes, by the same names. */
export interface ClusterOptions {
  readonly kubeconfig?: string;
  readonly context?: string;
  readonly output: Format;
}

export function addClusterOptions(command: Command): Command {
  return addConnection(command).addOption(
    new Option('-o, --output <format>', 'how it is printed').choices(FORMATS).default('text'),
  );
}

/** Of commands that print nothing but a sentence. */
export function addConnection(command: Command): Command {
  return command
    .option(
      '--kubeconfig <file>',
      'how to reach the cluster; else $KUBECONFIG, else ~/.kube/config',
    )
    .option('--context <name>', 'context of the kubeconfig, where it is not the current one');
}
