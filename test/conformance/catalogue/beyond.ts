import { testsOf } from './proofs.ts';
import { chapter, oursAlone } from './row.ts';

const downloads = testsOf('integration/plans/downloads');
const interruptions = testsOf('integration/plans/interruptions');
const policy = testsOf('integration/plans/policy');
const rollbacks = testsOf('integration/plans/rollback');
const agents = testsOf('integration/agent/update');

/** What none of k0s's tests looks at. Each row is proven on a real API server, or on real hosts. */
export const beyond = chapter({
  name: 'Where k0s has no test',
  about: 'failures, and what comes after them',
  rows: {
    notFound: oursAlone('a download that is not there ends the Plan before anything is touched', [
      ...downloads('a URL that is 404 ends the Plan before anything is touched'),
    ]),
    hangs: oursAlone('a download that hangs ends the Plan before anything is touched', [
      ...downloads('a URL that hangs ends the Plan before anything is touched'),
    ]),
    stumbles: oursAlone('a server that stumbles is asked again, and the Plan is Completed', [
      ...downloads('a server that stumbles is asked again, and the Plan completes'),
    ]),
    hash: oursAlone('a wrong digest ends the Plan before anything is touched, and is never run', [
      ...downloads('a wrong sha256 ends the Plan before anything is touched'),
      ...agents('refuses a file with another sha256 and never runs it'),
    ]),
    drain: oursAlone('a drain that is not over in time gives the node back, and names it', [
      ...policy('a node whose drain is overdue is passed over, given back, and named at the end'),
    ]),
    budgets: oursAlone(
      'two workers at once, but never two that share a budget which spares one Pod',
      [
        ...testsOf('integration/plans/batches')(
          'two nodes whose pods share a budget are not emptied together, the others go beside them',
        ),
      ],
    ),
    badRelease: oursAlone('a release that does not work is undone by the node, which says why', [
      ...agents(
        'undoes a release that exits, without a word from anybody',
        'undoes a release that runs as another version',
        'undoes a silent release at its deadline, while the API is away',
      ),
    ]),
    newId: oursAlone(
      'a Plan that was refused or has failed runs when it is applied with a new id',
      [
        ...testsOf('integration/plans/refusals')(
          'a Plan that is mended and applied again with a new id runs',
        ),
      ],
    ),
    retry: oursAlone('`autopilot retry` runs what was not done', [
      ...testsOf('integration/plans/verbs')(
        'a Plan is paused before it begins, resumed, paused under way over a restart, aborted, and retried',
      ),
    ]),
    deletion: oursAlone('a Plan that is deleted in the middle is brought to rest', [
      ...interruptions('a Plan that is deleted in the middle is brought to rest'),
    ]),
    apiAway: oursAlone(
      'an API server that is away delays a run, and changes nothing in its outcome',
      [
        ...interruptions(
          'an API server that is away for a while delays a run, and changes nothing in its outcome',
        ),
      ],
    ),
    killed: oursAlone(
      'orchestrator and agents that are killed in the middle change nothing in the outcome',
      [
        ...testsOf('e2e/kill')(
          'ends well when the orchestrator is killed while nodes are in flight',
          'ends well when the agents are killed while they apply, and the way back as well',
        ),
      ],
    ),
    rollback: oursAlone('a run that was Completed is put back as a whole, by one command', [
      ...rollbacks('a run that was completed is put back as a whole, by one command'),
    ]),
    heldBack: oursAlone('a run that has failed is held for a person where the policy says so', [
      ...rollbacks(
        'a policy that pauses holds the run for a person, over a new leader, and what failed is quarantined',
      ),
    ]),
    twoUpdates: oursAlone('two k0supdate commands in one Plan both run', [
      ...interruptions('two k0supdate commands in one Plan both run'),
    ]),
  },
});
