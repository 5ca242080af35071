import { testsOf } from './proofs.ts';
import { asK0s, chapter, different } from './row.ts';

const ported = testsOf('unit/plans/k0s-behaviours');
const decide = testsOf('unit/plans/decide');
const steps = testsOf('unit/node-agent/steps');
const signals = testsOf('unit/signals/signals');
const crash = testsOf('unit/node-agent/crash');
const trial = testsOf('unit/node-agent/trial');
const readyz = testsOf('unit/health/readyz');
const readyzOfServers = testsOf('integration/kube/readyz');

export const signal = chapter({
  name: 'Signal of a node',
  about: 'what a node does with a new signal',
  rows: {
    same: asK0s('it runs the version already: it is done', [
      ...decide('a host that runs the version already is done, unless the update is forced'),
    ]),
    forced: asK0s('it runs the version already and the update is forced: it downloads', [
      ...crash('a forced update to the very same file'),
    ]),
    other: asK0s('it runs another version: it downloads', [...steps('begins a new order')]),
    otherHost: asK0s('a signal to another host is not seen', [
      ...testsOf('integration/agent/real-api')(
        'reports on its Node with the rights of a kubelet, and keeps the report fresh',
        'creates the ControlNode of its name, and only that',
      ),
    ]),
    otherCommand: asK0s('each kind of command has its own way', [
      ...steps('delivers an image bundle, whatever else is asked by then'),
      ...crash('an image bundle'),
    ]),
    answered: asK0s('a signal that was answered is not begun again', [
      ...steps('does not begin again what it has settled'),
    ]),
  },
});

export const codec = chapter({
  name: 'Signal codec',
  about: 'what is written on a node, and read from it',
  rows: {
    version: different('the version must be `v2`', {
      here: 'the form must be 1, and anything else is an invalid order that says where',
      why: 'it is another protocol, with one writer for each annotation',
      sees: 'docs/protocol/signals.md',
      by: signals('another wire format is an invalid order that says where'),
    }),
    data: asK0s('there must be data, and it must be readable', [
      ...signals(
        'text that is no JSON is an invalid order that says where',
        'no text whatever makes the parsers throw',
      ),
    ]),
    roundTrip: asK0s('what was written is what is read', [
      ...signals('an order survives being written and read'),
    ]),
    planId: asK0s('without the id of the Plan it is invalid', [
      ...ported('an order without plan is invalid', 'an order without run is invalid'),
    ]),
    created: different('without the time of its creation it is invalid', {
      here: 'without its id or goal it is invalid; it has no time of day',
      why: 'clocks of orchestrator and node are never compared',
      sees: 'durations in the order, and stamps of the API server',
      by: ported('an order without id is invalid', 'an order without goal is invalid'),
    }),
    command: asK0s('without a command it is invalid', [
      ...ported('an order without command is invalid', 'an order without artifact is invalid'),
    ]),
    status: asK0s('without a status it is valid, and new', [...steps('begins a new order')]),
    sha: asK0s('without a digest it is valid', [...ported('an order without a digest is valid')]),
  },
});

export const applying = chapter({
  name: 'Apply and restart',
  about: 'the swap of the binary, and whether k0s was restarted',
  rows: {
    retry: asK0s('after a write to the API that failed the swap goes on', [
      ...steps('goes on with a swap whose order is gone'),
      ...testsOf('integration/agent/watch')('is tried again until the server takes it'),
    ]),
    none: asK0s('no restart was begun: it is begun', [...steps('restarts after the swap')]),
    pending: different('a restart is known to be pending as long as the process remembers it', {
      here: 'what was begun is in a journal on the disk, and is settled first at every start',
      why: 'a memory of the process is lost with it, and a host may lose its power',
      sees: 'nothing: the outcome is the same, wherever it is cut',
      by: crash('an update that is committed'),
    }),
    latest: asK0s('of several restarts the latest counts', [
      ...trial(
        'is not judged by the answers of the process before it',
        'counts exits from its restart on, also when the service manager begins anew',
      ),
    ]),
  },
});

export const prober = chapter({
  name: 'Readiness of controllers',
  about: 'whether the others are ready before a controller is touched',
  rows: {
    missing: different('a ControlNode that is missing counts before other errors', {
      here: 'a ControlNode that is missing is refused before anything is asked, with all else that is wrong',
      why: 'who mends a Plan wants to know everything at once',
      sees: '`IncompleteTargets`, and a list of what is wrong',
      by: [
        ...ported(
          'a controller that does not exist: SignalMissingNode, and the Plan is IncompleteTargets',
        ),
        ...testsOf('unit/plans/preflight')('everything that is wrong is said at once'),
      ],
    }),
    address: asK0s('one without an address is not ready', [
      ...readyzOfServers(
        'it tells when an API server dies, when it is back, and who has no address',
      ),
    ]),
    status500: asK0s('one that answers 500 is not ready', [
      ...readyz('the checks that failed are named'),
    ]),
    success: asK0s('one that answers 200 is ready', [...readyz('200 is ready')]),
    cancelled: asK0s('a question ends when it is called off or takes too long', [
      ...readyzOfServers('a server that says nothing is given up after the time limit'),
    ]),
  },
});

export const versions = chapter({
  name: 'Versions',
  about: 'which of two is newer, as the tests of k0s have it and as it orders pre-releases',
  rows: {
    major: asK0s('by major', ported('versions are told apart by their major')),
    minor: asK0s('by minor', ported('versions are told apart by their minor')),
    patch: asK0s('by patch', ported('versions are told apart by their patch')),
    build: asK0s('by the build of k0s', ported('versions are told apart by their build of k0s')),
    pre: different('pre-releases as text: `rc.10` is older than `rc.9`', {
      here: 'pre-releases by number: `rc.9` is older than `rc.10`',
      why: 'that is what they mean',
      sees: 'a channel follows from rc.9 to rc.10',
      by: testsOf('unit/api/k0s-version')('builds and pre-releases are ordered by number'),
    }),
  },
});
