import type { ControlNodeFacts, NodeFacts, PlanFacts } from './facts.ts';

type NamedNode = Pick<NodeFacts, 'name' | 'labels'>;
type NamedController = Pick<ControlNodeFacts, 'name' | 'nodeName'>;
type Machines = Pick<PlanFacts, 'nodes' | 'controlNodes'>;

/** Said of a controller whose Node is the only one: its pods would have nowhere to go. */
export const NOT_DRAINED = 'not drained, for it is the only Node';

/**
 * The Node of the machine that a ControlNode stands for, whatever each is called: k0s writes the kubelet's name
 * into the ControlNode. @see docs/adr/0028-hybrids.md
 * @returns undefined where there is none
 */
export function nodeOfMachine<N extends NamedNode>(
  { name, nodeName = name }: NamedController,
  nodes: ReadonlyMap<string, N>,
): N | undefined {
  const found = nodes.get(nodeName);
  if (found !== undefined || nodeName === name) return found;
  // A cloud may give a Node a name of its own; its label keeps the host's.
  for (const node of nodes.values()) if (node.labels[HOSTNAME] === nodeName) return node;
  return nodes.get(name);
}

const HOSTNAME = 'kubernetes.io/hostname';

/**
 * The Node that goes down with a controller, and is to be emptied first.
 * @returns undefined where it runs no pods: also a Node that it has left behind when it ceased to be a worker
 */
export function workloadOf(
  controlNode: ControlNodeFacts | undefined,
  nodes: ReadonlyMap<string, NodeFacts>,
): NodeFacts | undefined {
  if (controlNode === undefined || controlNode.mode === 'controller') return undefined;
  return nodeOfMachine(controlNode, nodes);
}

/** Names of the Nodes whose machines are controllers: such a machine has one agent, which reports on its ControlNode. */
export function nodesOfControllers(
  controlNodes: Iterable<NamedController>,
  nodes: Iterable<NamedNode>,
): ReadonlySet<string> {
  const byName = new Map([...nodes].map((node) => [node.name, node]));
  return new Set([...controlNodes].flatMap((one) => nodeOfMachine(one, byName)?.name ?? []));
}

/** The ControlNode of the machine that a Node stands for; undefined for a worker. */
export function controllerOfNode(
  name: string,
  { nodes, controlNodes }: Machines,
): ControlNodeFacts | undefined {
  const controller = pairsOf(nodes, controlNodes).get(name);
  return controller === undefined ? undefined : controlNodes.get(controller);
}

/** Names of ControlNodes by those of their Nodes, of one observation of the world. */
const known = new WeakMap<
  Machines['controlNodes'],
  { readonly nodes: Machines['nodes']; readonly pairs: ReadonlyMap<string, string> }
>();

function pairsOf(
  nodes: Machines['nodes'],
  controlNodes: Machines['controlNodes'],
): ReadonlyMap<string, string> {
  const before = known.get(controlNodes);
  if (before?.nodes === nodes) return before.pairs;
  const pairs = new Map<string, string>();
  for (const controlNode of controlNodes.values()) {
    const node = nodeOfMachine(controlNode, nodes);
    if (node !== undefined) pairs.set(node.name, controlNode.name);
  }
  known.set(controlNodes, { nodes, pairs });
  return pairs;
}
