import type { RawMeta } from '../raw.ts';
import { isTrue, many, member, message, nested, one, strings, text } from './message.ts';
import { time } from './times.ts';

const OWNER = message({
  1: one('kind', text),
  3: one('name', text),
  6: one('controller', isTrue),
});

const MANAGED = message({ 1: one('manager', text), 4: one('time', time) });

/** What is kept of the kinds that are read so, and no more; numbers of k8s meta/v1 ObjectMeta. */
export const OBJECT_META = nested(
  message<RawMeta>({
    1: one('name', text),
    3: one('namespace', text),
    5: one('uid', text),
    6: one('resourceVersion', text),
    9: one('deletionTimestamp', time),
    11: strings('labels'),
    12: strings('annotations'),
    13: many('ownerReferences', nested(OWNER)),
    14: many('finalizers', member),
    17: many('managedFields', nested(MANAGED)),
  }),
);
