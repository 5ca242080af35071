/** `npm run demo`: a real cluster updates itself, and undoes a broken release. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { stringify } from 'yaml';
import { paintFor } from '../../src/cli/print-paint.ts';
import { WORKLOAD } from '../../test/support/manifests.ts';
import {
  BROKEN_VERSION,
  brokenRelease,
  buildReleases,
  NEW_VERSION,
  OLD_VERSION,
} from '../../test/support/releases.ts';
import { prepareHosts } from '../hosts/setup.ts';
import { Screen } from '../screen.ts';
import { serviceChecks } from './checks.ts';
import { putBackLate } from './late.ts';
import { LivePicture } from './live.ts';
import { type DemoOptions, parseDemoOptions, USAGE } from './options.ts';
import { refuseBroken, updateAll } from './scenario.ts';
import { DEMO_POLICY, SETTINGS, type Setting, type Stage, setStage, strikeStage } from './stage.ts';
import { type Summary, summaryLines } from './summary.ts';

const FAULT_WORDS = {
  exits: 'which ends as soon as it is started',
  kubelet: 'whose nodes never become Ready',
  version: 'which says that it is another version',
  late: 'which is good at first and dies a while later',
} as const;

const interrupted = new AbortController();
// Not by itself: nothing that was left open may keep a person waiting.
process.exit(await main());

async function main(): Promise<number> {
  let options: DemoOptions | 'help';
  try {
    options = parseDemoOptions(process.argv.slice(2));
  } catch (thrown) {
    process.stderr.write(`${thrown instanceof Error ? thrown.message : thrown}\n\n${USAGE}`);
    return 2;
  }
  if (options === 'help') {
    process.stdout.write(USAGE);
    return 0;
  }
  const out = options.json ? process.stderr : process.stdout;
  const screen = new Screen(out);
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(name, () => interrupted.abort(new Error(`ended by ${name}`)));
  }
  try {
    const summary = await play(options, screen, out);
    if (options.json) process.stdout.write(`${JSON.stringify(summary, null, 2)}\n`);
    return summary.ok ? 0 : 1;
  } catch (thrown) {
    screen.keep();
    if (interrupted.signal.aborted) {
      screen.line('Ended; every process that was started here has been stopped.');
      return 130;
    }
    screen.line(`The demo cannot go on: ${thrown instanceof Error ? thrown.message : thrown}`);
    return 1;
  }
}

async function play(
  options: DemoOptions,
  screen: Screen,
  out: NodeJS.WriteStream,
): Promise<Summary> {
  const { signal } = interrupted;
  const paint = paintFor(out, process.env);
  const heading = (text: string) => {
    screen.clear();
    screen.line();
    screen.line(paint.strong(text));
  };
  const progress = (text: string) => screen.progress(text);
  const setting = SETTINGS[options.hosts ? 'debian' : 'processes'];
  if (options.hosts) await makeReady(progress);

  heading('1/5  Three releases of k0s');
  screen.line(
    paint.dim(
      `  ${OLD_VERSION}, ${NEW_VERSION} and a broken ${BROKEN_VERSION}: real Kubernetes with`,
    ),
  );
  screen.line(
    paint.dim('  imaginary containers, built from source once (about 5 minutes), then cached.'),
  );
  const releases = [
    { version: OLD_VERSION },
    { version: NEW_VERSION },
    brokenRelease(options.fault === 'late' ? 'later' : options.fault),
  ];
  await buildReleases(releases, progress);
  signal.throwIfAborted();

  heading(`2/5  A cluster of ${inNumbers(setting)}`);
  screen.line(
    paint.dim(
      `  It runs ${OLD_VERSION} and a Deployment of ${WORKLOAD.replicas} replicas, of which ${WORKLOAD.minAvailable} must stay ready.`,
    ),
  );
  progress('what was installed and built is written to the disk');
  await writtenToDisk();
  const stage = await setStage(progress, signal, setting);
  try {
    screen.clear();
    const summary = await perform(options, stage, screen, out);
    if (options.keep) await wait(stage, screen);
    return summary;
  } finally {
    screen.progress('stopping every process');
    await strikeStage(stage);
    screen.clear();
  }
}

/**
 * In a fresh clone gigabytes have just been written, and are on their way to the disk for a minute: the first syncs
 * of etcd would wait behind them, and the API servers with it. Where it cannot be asked for, the demo goes on.
 */
async function writtenToDisk(): Promise<void> {
  await promisify(execFile)('sync').catch(() => {});
}

async function perform(
  options: DemoOptions,
  stage: Stage,
  screen: Screen,
  out: NodeJS.WriteStream,
): Promise<Summary> {
  const paint = paintFor(out, process.env);
  const heading = (text: string) => {
    screen.line();
    screen.line(paint.strong(text));
  };
  const show = async (...args: readonly string[]) => {
    screen.line(paint.dim(`  $ kubectl ${args.join(' ')}`));
    for (const line of (await stage.cluster.kubectl(...args)).trimEnd().split('\n')) {
      // A table that is too wide is easier to read without its end than folded.
      screen.line(line === '' ? '' : `  ${line}`.slice(0, screen.columns));
    }
  };
  const onPlan = (manifest: object) => {
    screen.line(paint.dim('  $ kubectl apply -f - <<EOF'));
    for (const line of stringify(manifest).trimEnd().split('\n')) screen.line(`  ${line}`);
  };
  const watch = async <T>(title: string, run: (picture: LivePicture) => Promise<T>): Promise<T> => {
    const picture = new LivePicture(title, screen, paint, stage);
    try {
      return await run(picture);
    } finally {
      picture.end();
    }
  };

  heading(`3/5  A Plan: every node to ${NEW_VERSION}`);
  screen.line(
    paint.dim(`  Policy of this demo, shorter than the defaults: ${inWords(DEMO_POLICY)}.`),
  );
  const good = await watch(`every node to ${NEW_VERSION}`, (picture) =>
    updateAll(stage, options.kill, { ...picture.watching(interrupted.signal), onPlan }),
  );

  heading('4/5  What there is now');
  await show('get', 'nodes,controlnodes,plan');

  heading(`5/5  A broken release: ${BROKEN_VERSION}, ${FAULT_WORDS[options.fault]}`);
  const onCommand = (command: string) => screen.line(paint.dim(`  $ ${command}`));
  const { fault } = options;
  const bad = await watch(`a broken ${BROKEN_VERSION}`, (picture) => {
    const watching = { ...picture.watching(interrupted.signal), onPlan };
    return fault === 'late'
      ? putBackLate(stage, { ...watching, onCommand })
      : refuseBroken(stage, fault, watching);
  });
  screen.line();
  for (const { name, phase, message } of stage.observer.world().hosts) {
    if (phase === 'Undone' && fault !== 'late') {
      screen.line(paint.bad(`  ${name} was undone: ${message ?? ''}`));
    }
  }
  screen.line();
  await show('get', 'nodes,controlnodes,plan');

  const api = await stage.prober.stop();
  const checks = [
    ...good.checks,
    ...bad.checks,
    ...serviceChecks([good.chronicle, bad.chronicle], fault === 'late' ? undefined : api),
  ];
  const summary: Summary = {
    ok: checks.every(({ ok }) => ok),
    checks,
    update: good.facts,
    broken: { ...bad.facts, fault: options.fault },
    api,
  };
  screen.line();
  for (const line of summaryLines(summary, paint)) screen.line(line);
  return summary;
}

/** @throws Error when this machine cannot run hosts */
async function makeReady(progress: (text: string) => void): Promise<void> {
  const why = await prepareHosts(progress);
  if (why !== undefined) throw new Error(`${why}\nWithout --hosts it needs neither.`);
}

function inNumbers({ controllers, workers, hosts }: Setting): string {
  const made = hosts === 'debian' ? ', each a Debian host of its own' : '';
  return `${controllers} controllers and ${workers} workers in 2 zones${made}`;
}

function inWords(policy: typeof DEMO_POLICY): string {
  const { confirmTimeout, gate, drain } = policy;
  return `confirmTimeout ${confirmTimeout}, gate.timeout ${gate.timeout}, drain.timeout ${drain.timeout}`;
}

/** Until Ctrl-C. */
async function wait({ cluster }: Stage, screen: Screen): Promise<void> {
  screen.line();
  screen.line('The cluster stays up until Ctrl-C. In another terminal:');
  screen.line(`  export KUBECONFIG=${cluster.kubeconfig}`);
  screen.line(`  export PATH=${cluster.folder}:$PATH`);
  screen.line('  kubectl get plan,nodes,controlnodes');
  screen.line('  kubectl describe plan update');
  screen.line('  kubectl get events --field-selector involvedObject.kind=Plan');
  screen.line(`  tail -f ${cluster.folder}/o1/log/orchestrator.log`);
  screen.line(`  ${cluster.host('c1').followAgent}`);
  await new Promise<void>((resolve) => {
    if (interrupted.signal.aborted) resolve();
    interrupted.signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
