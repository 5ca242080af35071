import assert from 'node:assert/strict';
import { test } from 'node:test';
import { quarantineName } from '../../../src/api/quarantined-artifact.ts';
import { decide } from '../../../src/plans/decide.ts';
import type { Action, QuarantineFacts } from '../../../src/plans/facts.ts';
import { quarantineOf } from '../../../src/plans/quarantine.ts';
import { trimQuarantine } from '../../../src/plans/trim-quarantine.ts';
import type { Signal } from '../../../src/signals/report.ts';
import {
  aControlNode,
  aNode,
  anUpdate,
  aPolicy,
  aSpec,
  NEW,
  SHA,
  START_MS,
  someFacts,
} from '../../support/builders.ts';
import { begun, ordered, statusOf } from '../../support/scene.ts';

const SPEC = aSpec(anUpdate({ workers: '' }));
const BAD: QuarantineFacts = {
  ...{ name: 'v1-36-3-k0s-0-bad', version: NEW, sha256: SHA, run: 'other' },
  message: 'ProcessExits on w-9: it exits',
};
const staged = { version: NEW, sha256: SHA, size: 1 };

/** A worker whose agent says so, and another one that waits. */
function look(signal: Partial<Signal>, over: { readonly quarantined?: QuarantineFacts[] } = {}) {
  const nodes = [
    aNode('w-1', ordered({ goal: 'apply', signal: { staged, ...signal } })),
    aNode('w-2'),
  ];
  const status = begun(someFacts(SPEC, { nodes: [aNode('w-1'), aNode('w-2')] }));
  const decision = decide(
    someFacts(SPEC, { nodes, plan: { status }, quarantined: over.quarantined ?? [] }),
  );
  const actions: readonly Action[] = decision.kind === 'act' ? decision.actions : [];
  return { decision, made: actions.filter(({ kind }) => kind === 'quarantine') };
}

const exits = {
  phase: 'Undone',
  class: 'Artifact',
  reason: 'ProcessExits',
  message: 'it exits',
} as const;

test('what has failed on trial is quarantined, once, and by whom and where', () => {
  const [action, ...more] = look(exits).made;
  assert.equal(more.length, 0);
  assert.deepEqual(action, {
    kind: 'quarantine',
    name: `v1-36-3-k0s-0-${'b'.repeat(16)}`,
    spec: {
      ...{ version: NEW, sha256: SHA, platform: 'linux-amd64', reason: 'ProcessExits' },
      ...{ message: 'it exits', plan: 'autopilot', run: '01234567-1', node: 'w-1' },
      at: new Date(START_MS).toISOString(),
    },
  });
});

for (const [what, signal] of [
  ['a download', { phase: 'Failed', class: 'Environment', reason: 'DownloadFailed' }],
  ['a swap', { phase: 'Failed', class: 'Environment', reason: 'SwapFailed' }],
  ['a trial that nobody has judged', { ...exits, reason: 'ConfirmTimeout' }],
  ['a trial that goes on', { phase: 'OnTrial' }],
] as const) {
  test(`${what} quarantines nothing`, () => assert.deepEqual(look(signal).made, []));
}

test('it is written down once it was seen, and then not made again when a person lifts it', () => {
  const seen = { ...BAD, name: quarantineName({ version: NEW, sha256: SHA }) };
  const { decision, made } = look(exits, { quarantined: [seen] });
  assert.deepEqual(made, []);
  const status = statusOf(decision);
  assert.deepEqual(status.commands?.[0]?.quarantined, [seen.name]);
  const nodes = [
    aNode('w-1', ordered({ goal: 'apply', signal: { staged, ...exits } })),
    aNode('w-2'),
  ];
  const lifted = decide(someFacts(SPEC, { nodes, plan: { status } }));
  const actions: readonly Action[] = lifted.kind === 'act' ? lifted.actions : [];
  assert.deepEqual(
    actions.filter(({ kind }) => kind === 'quarantine'),
    [],
  );
});

test('preflight refuses the digest by name, forced or not, and says how to lift it', () => {
  for (const force of [false, true]) {
    const spec = aSpec(anUpdate({ workers: '', sha256: SHA.toUpperCase(), force }));
    const decision = decide(someFacts(spec, { nodes: [aNode('w-1')], quarantined: [BAD] }));
    assert.equal(decision.kind, 'refuse');
    const accepted = statusOf(decision).conditions?.find(({ type }) => type === 'Accepted');
    assert.equal(accepted?.reason, 'Quarantined');
    assert.match(
      accepted?.message ?? '',
      /platforms\.linux-amd64: .*kubectl delete quarantinedartifact v1-36-3-k0s-0-bad/,
    );
  }
});

test('the digest of a platform that no target has is not asked about', () => {
  const spec = aSpec(anUpdate({ workers: '', sha256: SHA }));
  const nodes = [aNode('w-1', { platform: 'linux-arm64' })];
  const decision = decide(someFacts(spec, { nodes, quarantined: [BAD] }));
  const accepted = statusOf(decision).conditions?.find(({ type }) => type === 'Accepted');
  assert.equal(accepted?.reason, 'PlatformMissing');
});

test('where the Plan gives no digest, it is asked when the first node has staged it', () => {
  const staging = ordered({ goal: 'stage', signal: { phase: 'Staged', staged } });
  const status = begun(someFacts(SPEC, { nodes: [aNode('w-1')] }));
  const at = (run: string) =>
    decide(
      someFacts(SPEC, {
        nodes: [aNode('w-1', staging)],
        plan: { status },
        quarantined: [{ ...BAD, run }],
      }),
    );
  const [target] = statusOf(at('other')).commands?.[0]?.k0supdate?.workers ?? [];
  assert.deepEqual([target?.phase, target?.reason], ['Failed', 'Quarantined']);
  // The run that has found it bad judges its failures itself.
  const [own] = statusOf(at('01234567-1')).commands?.[0]?.k0supdate?.workers ?? [];
  assert.equal(own?.phase, 'Draining');
});

test('a good file is not held back because a Plan had called it by another version', () => {
  assert.ok(quarantineOf([BAD], { sha256: SHA, version: NEW }));
  assert.equal(quarantineOf([BAD], { sha256: SHA, version: 'v1.36.2+k0s.0' }), undefined);
  assert.equal(quarantineOf([BAD], { sha256: 'c'.repeat(64), version: NEW }), undefined);
});

test('a controller that does not become ready is to blame on the release', () => {
  const spec = aSpec(anUpdate({ controllers: '' }));
  const status = begun(someFacts(spec, { controlNodes: [aControlNode('cp-1')] }));
  const [target] = status.commands?.[0]?.k0supdate?.controllers ?? [];
  Object.assign(target!, { phase: 'OnTrial', lastUpdatedTimestamp: new Date(0).toISOString() });
  const running = { exits: 0, healthy: true, version: NEW };
  const cp = aControlNode('cp-1', {
    ...ordered({ goal: 'apply', signal: { phase: 'OnTrial', staged, running } }),
    apiServer: { ready: 'False', message: 'etcd failed', atMs: START_MS, sinceMs: 0 },
  });
  const decision = decide(
    someFacts(spec, { controlNodes: [cp], plan: { status }, policy: aPolicy({}) }),
  );
  const actions: readonly Action[] = decision.kind === 'act' ? decision.actions : [];
  const made = actions.find((one) => one.kind === 'quarantine');
  assert.equal(made?.spec.reason, 'ApiServerNotReady');
});

test('a name is one that the API server takes, whatever the version', () => {
  const name = quarantineName({ version: 'v1.36.3-rc.1+k0s.0', sha256: SHA });
  assert.equal(name, `v1-36-3-rc-1-k0s-0-${'b'.repeat(16)}`);
  assert.match(quarantineName({ version: 'V'.repeat(400), sha256: SHA }), /^[a-z0-9-]{1,253}$/);
});

test('what is stored is read as facts, and something else is not', () => {
  const { at, reason, node, plan, platform } = {
    ...{ at: new Date(0).toISOString(), reason: 'ProcessExits', node: 'w-9' },
    ...{ plan: 'p', platform: 'linux-amd64' },
  };
  const spec = { ...{ version: NEW, sha256: SHA.toUpperCase(), message: 'it exits' }, run: 'r' };
  const raw = {
    metadata: { name: 'q', resourceVersion: '7' },
    spec: { ...spec, at, reason, node, plan, platform },
  };
  assert.deepEqual(trimQuarantine(raw), {
    ...{ name: 'q', resourceVersion: '7', version: NEW, sha256: SHA, run: 'r' },
    message: 'ProcessExits on w-9: it exits',
  });
  assert.throws(() => trimQuarantine({ metadata: { name: 'q' }, spec: {} }));
});
