import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import type { TrimmedPod } from '../../../src/drain/evictable.ts';
import type { DrainFacts } from '../../../src/drain/judge/drain-facts.ts';
import { NodeFactsCache } from '../../../src/kube/node-facts-cache.ts';
import { type TrimmedNode, trimNode } from '../../../src/kube/trim-node.ts';
import { aDrainPod, podsLeft } from '../../support/builders.ts';

const nodes = new Map<string, TrimmedNode>();
const pods = new Map<string, readonly TrimmedPod[]>();
const drains = new Map<string, DrainFacts>();
let released: string[];
let renewals: number;
let cache: NodeFactsCache;

function put(name: string, annotations: Record<string, string> = {}): void {
  const raw = { metadata: { name, uid: name, resourceVersion: '1', annotations } };
  nodes.set(name, trimNode(raw, nodes.get(name)));
  cache.changed(name);
}

const MARK = { 'autopilot.k0sproject.io/cordoned-for': 'run.0.1' };

beforeEach(() => {
  for (const one of [nodes, pods, drains]) one.clear();
  released = [];
  renewals = 0;
  cache = new NodeFactsCache({
    node: (name) => nodes.get(name),
    renewals: () => renewals,
    pods: { of: (name) => pods.get(name), toGo: (name) => pods.get(name)?.length },
    drain: {
      observe: (name) => drains.get(name),
      release: (name) => released.push(name),
    },
    budgets: () => [{ namespace: 'default', name: 'all', selector: {} }],
  });
  for (const name of ['w-1', 'w-2']) put(name);
});

describe('the facts of Nodes', () => {
  it('are the same objects until something changes', () => {
    const [first, second] = [...cache.upToDate().values()];
    put('w-2', { 'autopilot.k0sproject.io/order': 'not json' });
    const facts = cache.upToDate();
    assert.equal(facts.get('w-1'), first);
    assert.notEqual(facts.get('w-2'), second);
    assert.equal(facts.get('w-2')?.order.kind, 'invalid');
    cache.allChanged();
    assert.equal(cache.upToDate().get('w-1'), first, 'what is made of the same is the same');
  });

  it('of those that carry something of other runs are told apart', () => {
    const besides = (...runs: string[]) => {
      cache.upToDate();
      return cache.ofOtherRuns(new Set(runs)).map(({ name }) => name);
    };
    assert.deepEqual(besides(), []);
    put('w-1', { 'autopilot.k0sproject.io/order': 'not json' });
    put('w-2', MARK);
    assert.deepEqual(besides(), ['w-2']);
    assert.deepEqual(besides('run'), []);
    put('w-1', { 'autopilot.k0sproject.io/cordoned-for': 'other.0.1' });
    assert.deepEqual(besides('run'), ['w-1']);
    assert.deepEqual(besides('other'), ['w-2']);
    put('w-1');
    assert.deepEqual(besides(), ['w-2']);
    nodes.delete('w-2');
    cache.changed('w-2');
    assert.deepEqual(besides(), []);
  });

  it('follow renewals and pods', () => {
    assert.equal(cache.upToDate().get('w-1')?.toGo, undefined);
    renewals = 1;
    pods.set('w-1', []);
    cache.changed('w-1');
    const facts = cache.upToDate().get('w-1');
    assert.deepEqual([facts?.renewals, facts?.toGo], [1, 0]);
  });

  it('go with their Nodes, and what is known of a drain as well', () => {
    put('w-1', MARK);
    cache.upToDate();
    nodes.delete('w-1');
    cache.changed('w-1');
    assert.deepEqual([...cache.upToDate().keys()], ['w-2']);
    assert.deepEqual(released, ['w-1']);
  });

  it('of a node that is emptied are observed at every look, until it is given back', () => {
    put('w-1', MARK);
    drains.set('w-1', podsLeft(2));
    assert.equal(cache.upToDate().get('w-1')?.drain?.pods.length, 2);
    drains.set('w-1', podsLeft(1));
    assert.equal(cache.upToDate().get('w-1')?.drain?.pods.length, 1);
    drains.set('w-1', podsLeft(0));
    const empty = cache.upToDate().get('w-1');
    drains.set('w-1', podsLeft(0));
    assert.equal(cache.upToDate().get('w-1'), empty, 'nothing is left, as before');
    put('w-1');
    assert.equal(cache.upToDate().get('w-1')?.drain, undefined);
    assert.deepEqual(released, ['w-1']);
  });

  it('tell what a drain would meet of those that are next, and of no others', () => {
    const pod = { ...aDrainPod(), mustGo: true, node: 'w-1', resourceVersion: '1' };
    pods.set('w-1', [pod]);
    cache.lookAhead(new Set(['w-1']));
    const budgets = [{ namespace: 'default', name: 'all', pods: 1 }];
    assert.deepEqual(cache.upToDate().get('w-1')?.outlook, { budgets });
    assert.equal(cache.upToDate().get('w-2')?.outlook, undefined);
    cache.lookAhead(new Set());
    assert.equal(cache.upToDate().get('w-1')?.outlook, undefined);
  });
});
