/** An expected kind of trouble: `reason` is the same word in condition, Event, log and message. */
export abstract class AutopilotError extends Error {
  /** CamelCase, from the catalogue in `api/reasons.ts` where it reaches a user's object. */
  abstract readonly reason: string;
  /** false: trying again cannot help, stop and ask a person. */
  abstract readonly retryable: boolean;

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
  }
}

/** What a thrown value says, for a message that a person reads: never `[object Object]`. */
export function messageOf(thrown: unknown): string {
  if (!(thrown instanceof Error)) return String(thrown);
  const cause = thrown.cause instanceof Error ? `: ${thrown.cause.message}` : '';
  return thrown.message.includes(cause) ? thrown.message : `${thrown.message}${cause}`;
}
