import { testsOf } from './proofs.ts';
import { asK0s, chapter, different, oursAlone } from './row.ts';

const file = 'test/conformance/updater.test.ts';

export const updater = chapter({
  name: 'ap-updater',
  about: '1 controller and an update server; strategy cron, `* * * * * *`, forced',
  file,
  rows: {
    plan: asK0s('the Plan `autopilot` is made from the answer of the server'),
    completes: asK0s('it is Completed'),
    version: oursAlone('the controller runs what the server offered'),
    query: oursAlone('the server is told clusterID, lastUpdateStatus and currentVersion'),
  },
});

export const updaterPeriodic = chapter({
  name: 'ap-updater-periodic',
  about: '1 controller and an update server; strategy periodic, every day from 00:00 for 24 h',
  file,
  rows: {
    event: different('the prober of k0s tells NewVersionAvailable of its own accord', {
      here: 'an Event NewVersionAvailable on the UpdateConfig names the version that its channel offers',
      why: 'nobody is asked whom no UpdateConfig names: a cluster does not phone home by itself. The prober of k0s is a component of its own and goes on as it is',
      sees: '`kubectl describe updateconfig`',
    }),
    headers: asK0s(
      'the server is told of the cluster in headers: K0S_StorageType, ClusterID, ControlPlaneNodesCount, WorkerData, Version, CNIProvider, Arch',
    ),
    plan: asK0s('the Plan `autopilot` is made from `latest/index.yaml`'),
    completes: asK0s('it is Completed'),
    headersAgain: asK0s('the next question has the same headers, with the new version'),
    second: oursAlone('a second release of the channel becomes a second run'),
  },
});

const follow = testsOf('unit/channels/schedule');
const request = testsOf('unit/channels/server-request');
const allYear = testsOf('unit/windows/window-at.property');
const windows = testsOf('unit/windows/window-at');

export const channels = chapter({
  name: 'Channels and windows',
  about:
    'when a release of a channel may become a Plan, as the tests of k0s have it and as it behaves',
  rows: {
    days: asK0s('on a day that is listed', [
      ...follow(
        '"Tuesday" is Tuesday',
        'without days every day counts, and a day that is named twice counts once',
      ),
    ]),
    plural: different('`Tuesdays` is no day, and the window never opens', {
      here: '`Tuesdays` and `Tue` are Tuesday',
      why: 'the documentation of k0s itself has it so',
      sees: 'the window of that example opens',
      by: follow('"Tuesdays" is Tuesday', '"Tue" is Tuesday'),
    }),
    otherDay: asK0s('not on another day', [
      ...allYear(
        'any windows together are right on every minute of a year, over both changes of the clocks',
      ),
    ]),
    start: asK0s('not before its start', [
      ...allYear('UTC: a daily window at 02:30 is right on every minute of a year'),
    ]),
    end: asK0s('not after its end', [...windows('at its end it is closed until the next')]),
    midnight: different('a window over midnight ends at midnight', {
      here: 'a window over midnight stays open',
      why: 'nights are what windows are for',
      sees: '22:00 for 8 h is open until 06:00',
      by: windows('over midnight it stays open'),
    }),
    nothing: different('without a start or a length the window never opens', {
      here: 'without a start or a length it is said in the status',
      why: 'a window that never opens looks like one that is closed',
      sees: 'the condition `Accepted` is False, with the path of the field',
      by: follow('periodic without its part is told, and is not taken for a closed window'),
    }),
    scheme: asK0s('a server is asked by the scheme that it is given with', [
      ...request(
        '{"updateServer":"http://10.0.0.1:8080/k0s/"} is at http://10.0.0.1:8080/k0s/stable/index.yaml',
      ),
    ]),
    noScheme: asK0s('a server without a scheme is asked by https', [
      ...request(
        '{"updateServer":"updates.example.com"} is at https://updates.example.com/stable/index.yaml',
      ),
    ]),
  },
});
