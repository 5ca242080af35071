import type { Reason } from '../api/reasons.ts';
import type { SeenIndex } from './index-judge.ts';
import type { Offered } from './offered.ts';

/** What a look at a channel came to. */
export type Answer =
  | {
      readonly kind: 'offered';
      readonly offered: Offered;
      /** To be remembered; undefined for forms without an epoch. */
      readonly seen: SeenIndex | undefined;
    }
  | {
      readonly kind: 'refused' | 'unreachable';
      readonly reason: Reason;
      readonly message: string;
    };

/** A look at a channel, kept in this process. Epoch milliseconds. */
export interface Look {
  readonly url: string;
  /** The generation of the UpdateConfig that was looked for. */
  readonly generation: number;
  readonly atMs: number;
  readonly answer: Answer;
  /** When the server wants to be asked again, at the earliest. */
  readonly retryAtMs: number | undefined;
}
