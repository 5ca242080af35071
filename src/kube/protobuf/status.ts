import type { ApiStatus } from '../api-error.ts';
import { integer, many, message, nested, one, text } from './message.ts';

const CAUSE = message({ 1: one('reason', text), 2: one('message', text), 3: one('field', text) });

const DETAILS = message({
  1: one('name', text),
  3: one('kind', text),
  4: many('causes', nested(CAUSE)),
  5: one('retryAfterSeconds', integer),
});

/** Numbers of k8s meta/v1 Status. */
export const STATUS = message<ApiStatus>({
  3: one('message', text),
  4: one('reason', text),
  5: one('details', nested(DETAILS)),
  6: one('code', integer),
});
