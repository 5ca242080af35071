import type { RawLease, RawNode, RawPod } from '../raw.ts';
import {
  inline,
  integer,
  isTrue,
  type Kind,
  many,
  message,
  nested,
  one,
  present,
  text,
} from './message.ts';
import { OBJECT_META } from './object-meta.ts';
import { microTime, time } from './times.ts';

const TAINT = message({
  1: one('key', text),
  2: one('value', text),
  3: one('effect', text),
  4: one('timeAdded', time),
});

const CONDITION = message({ 1: one('type', text), 2: one('status', text) });

/** Not its images, addresses and capacities: two thirds of it, nor why a condition is as it is. */
export const NODE: Kind<RawNode> = {
  name: 'Node',
  message: message({
    1: one('metadata', OBJECT_META),
    2: one(
      'spec',
      nested(message({ 4: one('unschedulable', isTrue), 5: many('taints', nested(TAINT)) })),
    ),
    3: one(
      'status',
      nested(
        message({
          4: many('conditions', nested(CONDITION)),
          7: one('nodeInfo', nested(message({ 7: one('kubeletVersion', text) }))),
        }),
      ),
    ),
  }),
};

/** As far as a renewal shows. */
export const LEASE: Kind<RawLease> = {
  name: 'Lease',
  message: message({
    1: one('metadata', OBJECT_META),
    2: one('spec', nested(message({ 4: one('renewTime', microTime) }))),
  }),
};

const VOLUME = message({ 2: inline(message({ 2: one('emptyDir', present) })) });

/** As far as a drain asks: nothing of its containers. */
export const POD: Kind<RawPod> = {
  name: 'Pod',
  message: message({
    1: one('metadata', OBJECT_META),
    2: one(
      'spec',
      nested(
        message({
          1: many('volumes', nested(VOLUME)),
          10: one('nodeName', text),
          25: one('priority', integer),
        }),
      ),
    ),
    3: one('status', nested(message({ 1: one('phase', text) }))),
  }),
};
