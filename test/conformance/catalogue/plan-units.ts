import { testsOf } from './proofs.ts';
import { asK0s, chapter, different } from './row.ts';

const ported = testsOf('unit/plans/k0s-behaviours');
const decide = testsOf('unit/plans/decide');
const preflight = testsOf('unit/plans/preflight');
const corners = testsOf('unit/plans/corner-cases');
const writes = testsOf('integration/kube/writes');

export const newPlan = chapter({
  name: 'NewPlan',
  about: 'what begins, and what is refused before it begins',
  rows: {
    empty: asK0s('a Plan that is created with an empty state begins', [
      ...decide('a new Plan begins', 'a Plan of a Go client, with empty status, begins'),
    ]),
    name: different('only a Plan named `autopilot` begins', {
      here: 'a Plan of any name begins; those with a machine in common wait for each other',
      why: 'one fixed name keeps no history and allows one thing at a time',
      sees: 'a second Plan runs, or says for which it waits',
      by: testsOf('unit/plans/queue')(
        'the older of two new Plans with the same targets runs first, and knows who waits',
        'workers of no Plan in common: side by side; one in common: one after the other',
      ),
    }),
    createOnly: different('only its creation begins a Plan, never an update of it', {
      here: 'an edit of a Plan that has ended begins it again; the same spec again does not',
      why: 'a Plan that has failed could only be deleted and made anew',
      sees: 'apply the Plan with a new `spec.id`, and it runs',
      by: corners(
        'after its end: the same spec again is no new generation, and rests',
        'after its end: another id with the same spec runs',
      ),
    }),
    happy: asK0s('all targets are found: SignalPending, the Plan is SchedulableWait', [
      ...ported('a Plan that begins has all its targets SignalPending, and is SchedulableWait'),
    ]),
    dedupe: asK0s('a worker that is a controller as well is a target once, as a controller', [
      ...preflight('a hybrid is updated as a controller only'),
    ]),
    missingController: asK0s(
      'a controller that does not exist: SignalMissingNode, IncompleteTargets',
      ported(
        'a controller that does not exist: SignalMissingNode, and the Plan is IncompleteTargets',
      ),
    ),
    missingWorker: asK0s(
      'a worker that does not exist: SignalMissingNode, IncompleteTargets',
      ported('a worker that does not exist: SignalMissingNode, and the Plan is IncompleteTargets'),
    ),
    platformOfController: asK0s(
      'a controller of a platform that the Plan does not name: SignalMissingPlatform, IncompleteTargets',
      ported(
        'a controller of a platform that is not in the map: SignalMissingPlatform, and the Plan is IncompleteTargets',
      ),
    ),
    platformOfWorker: asK0s(
      'a worker of a platform that the Plan does not name: SignalMissingPlatform, IncompleteTargets',
      ported(
        'a worker of a platform that is not in the map: SignalMissingPlatform, and the Plan is IncompleteTargets',
        'a worker without the labels of its platform: SignalMissingPlatform, and the Plan is IncompleteTargets',
      ),
    ),
    excludedController: different('a controller that Plans must exclude: Restricted', {
      here: 'a controller that is left out by an annotation is skipped, and the others are updated',
      why: 'nothing in k0s sets that exclusion any more; here it is said on the node itself',
      sees: 'target `Skipped`, reason `OptedOut` or `Pinned`, in place of a Plan that is `Restricted`',
      by: testsOf('unit/plans/passed-over')(
        'S7: workers do not become newer than a controller that is left out',
        'the others wait for the backup while the controller that is to make it is left out',
      ),
    }),
    excludedWorker: different('a worker that Plans must exclude: Restricted', {
      here: 'a worker that is left out by an annotation is skipped, and the others are updated',
      why: 'as for controllers',
      sees: 'target `Skipped`; the Plan is Completed and names it',
      by: testsOf('unit/plans/passed-over')(
        'a node that is left out is not touched, the run completes and says so',
      ),
    }),
  },
});

export const schedulable = chapter({
  name: 'Schedulable',
  about: 'who gets the next signal',
  rows: {
    filter: asK0s('a Plan that is at its end, or that others have left, is not touched', [
      ...decide('a finished Plan rests', 'a Plan that an old k0s has ended rests'),
    ]),
    done: asK0s('who is done already gets no signal', [
      ...ported('who is done already gets no other order'),
    ]),
    happy: different('who is next gets the two annotations of signal v2, and is SignalSent', {
      here: 'who is next gets the annotation `order`, and is SignalSent',
      why: 'one annotation that two programs rewrite loses updates',
      sees: '`autopilot.k0sproject.io/order` and `/report` in place of `k0sproject.io/autopilot-signal-*`',
      by: ported(
        'who is to go next gets an order with the artifact of its platform, and is SignalSent',
      ),
    }),
    conflict: asK0s('a write that meets a conflict is tried again, and overwrites nothing', [
      ...writes('an order that was judged by an older one is not written'),
      ...decide('an order that somebody has removed is given again'),
    ]),
  },
});

export const schedulableWait = chapter({
  name: 'SchedulableWait',
  about: 'what has been signalled, and what comes of it',
  rows: {
    filter: asK0s('a Plan in another state is left alone', [
      ...decide(
        'a Plan that k0s has finished rests, edited or not',
        'a Plan that k0s left half-run is not run by surprise',
      ),
    ]),
    allDone: asK0s('all targets are done: command and Plan are Completed', [
      ...ported('once all targets are SignalCompleted command and Plan are Completed'),
    ]),
    pending: different('one is pending and none is signalled: the Plan is Schedulable', {
      here: 'the next one is held back and none is under way: the Plan is Schedulable',
      why: 'the next one is chosen in the same look, so that there is nothing to wait for in between',
      sees: 'the Plan is seldom Schedulable, and then says what holds it',
      by: ported(
        'while the next one is held back and nothing is under way the Plan is Schedulable',
      ),
    }),
    sent: asK0s('one is signalled: the state stays, and is looked at again', [
      ...ported(
        'while one is under way the Plan is SchedulableWait, and is looked at again by itself',
      ),
    ]),
    controllersFirst: asK0s('workers wait for all controllers', [
      ...decide('workers wait for all controllers'),
    ]),
    otherPlan: asK0s('what a node says of another Plan is ignored', [
      ...ported('what a node reports of the order of another run is not'),
    ]),
    thisPlan: asK0s('what a node says of this Plan is taken into its status', [
      ...ported('what a node reports of the order of this run is taken into the status'),
    ]),
    failed: asK0s('a node that has failed: SignalApplyFailed, command and Plan are ApplyFailed', [
      ...ported(
        'a node that has failed is SignalApplyFailed, and command and Plan are ApplyFailed',
      ),
    ]),
  },
});

export const handler = chapter({
  name: 'Plan handler',
  about: 'one command after the other',
  rows: {
    unknown: different('a command of no known kind is an error, and the Plan never gets a status', {
      here: 'a command of no known kind is refused by its place in the list',
      why: 'nothing waits without saying for what',
      sees: '`ApplyFailed`, with the path of the command',
      by: preflight('refused: a command that is empty', 'refused: both commands in one'),
    }),
    symmetry: different('a status with another number of commands than the spec is an error', {
      here: 'the status is written whole, from the spec that the run has frozen, by the leader alone',
      why: 'in k0s two leaders may each add an entry, and the Plan stands still for ever',
      sees: 'nothing: it cannot come to that',
      by: [
        ...writes(
          'the status of a Plan is written whole: what is left out is taken back',
          'a status made from an older revision is refused',
        ),
        ...testsOf('integration/kube/requests')(
          'no other field of the status is changed, added or removed',
        ),
      ],
    }),
    skip: asK0s('a command that is Completed is passed, and the next one begins', [
      ...testsOf('unit/plans/airgap')(
        'the update that follows begins when the bundle is everywhere',
      ),
    ]),
    mark: asK0s('a command is marked Completed when its targets are done', [
      ...ported('once all targets are SignalCompleted command and Plan are Completed'),
    ]),
    secondOfAKind: different('a signal is told apart by Plan and kind of command', {
      here: 'a signal is told apart by run and number of the command',
      why: 'otherwise the second of two k0supdate commands is skipped',
      sees: 'both run, so that two minor versions can go in one Plan',
      by: decide('a second k0supdate is a command of its own, with orders of its own'),
    }),
    retry: asK0s('what cannot go on now is tried again', [
      ...decide('S12: whatever waits says for what'),
    ]),
  },
});
