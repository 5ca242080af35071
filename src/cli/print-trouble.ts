import { ConfigError } from '../config.ts';
import { AutopilotError, messageOf } from '../errors.ts';
import { ApiError, ApiUnreachableError } from '../kube/api-error.ts';
import { KubeconfigError } from '../kube/credentials.ts';
import { EXIT } from './exit.ts';

/** One sentence for a person, and what the command exits with. */
export interface Trouble {
  readonly sentence: string;
  readonly exitCode: number;
}

/** @param server that was asked, for messages */
export function troubleOf(thrown: unknown, server: string): Trouble {
  const sentence = sentenceOf(thrown, server);
  const isInput = thrown instanceof ConfigError || thrown instanceof KubeconfigError;
  return { sentence, exitCode: isInput ? EXIT.misused : EXIT.refused };
}

function sentenceOf(thrown: unknown, server: string): string {
  if (thrown instanceof ApiUnreachableError) {
    const { cause } = thrown;
    return `cannot reach the cluster at ${server}: ${cause instanceof Error ? messageOf(cause) : thrown.message}`;
  }
  if (!(thrown instanceof ApiError)) return messageOf(thrown);
  // `METHOD PATH: STATUS MESSAGE`: the API server's own words say who may not do what.
  const said = thrown.message.replace(/^\S+ \S+: \d+ /, '');
  if (thrown.status === 401) {
    return `${server} does not know the credentials of this kubeconfig: log in again, or give another --kubeconfig`;
  }
  if (thrown.status === 403)
    return `no rights: ${said}; reading is enough: docs/usage/preview.md says what of`;
  if (thrown.status === 404 && /autopilot/.test(thrown.message)) {
    return `${server} does not know the kinds of Autopilot: apply deploy/install.yaml first`;
  }
  return `${server} says no: ${said}`;
}

/** @returns whether it is one of ours, or a fault of the program that deserves its stack */
export function isExpected(thrown: unknown): boolean {
  return thrown instanceof AutopilotError;
}
