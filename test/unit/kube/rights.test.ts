import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parseAllDocuments } from 'yaml';
import { ORCHESTRATOR_RIGHTS, type Right, rightText } from '../../../src/kube/rights.ts';

interface Rules {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly rules?: readonly {
    readonly apiGroups: readonly string[];
    readonly resources: readonly string[];
    readonly resourceNames?: readonly string[];
    readonly verbs: readonly string[];
  }[];
  readonly roleRef?: { readonly name: string };
  readonly subjects?: readonly { readonly name: string }[];
}

const documents = parseAllDocuments(
  readFileSync(join(import.meta.dirname, '../../../deploy/rbac.yaml'), 'utf8'),
).map((one) => one.toJS() as Rules);

/** What deploy/rbac.yaml gives the user of the orchestrator. */
function given(): Right[] {
  const bound = documents
    .filter(({ subjects }) => subjects?.some(({ name }) => name === 'autopilot:orchestrator'))
    .map(({ roleRef }) => roleRef?.name);
  return documents
    .filter(({ metadata, rules }) => rules !== undefined && bound.includes(metadata.name))
    .flatMap(({ metadata: { namespace }, rules = [] }) =>
      rules.flatMap(({ apiGroups, resources, resourceNames = [undefined], verbs }) =>
        apiGroups.flatMap((group) =>
          resources.flatMap((resource) =>
            resourceNames.flatMap((name) =>
              verbs.map((verb) => ({
                ...{ verb, group, resource },
                ...(namespace === undefined ? {} : { namespace }),
                ...(name === undefined ? {} : { name }),
              })),
            ),
          ),
        ),
      ),
    );
}

/** Kinds that are counted before a version of Kubernetes takes them away: worth a warning, and no more. */
const MAY_LACK =
  /^list \S+ of (admissionregistration|certificates|flowcontrol\.apiserver|networking|resource|storage)\.k8s\.io$|^list leasecandidates|^list removedcrds/;

test('what the doctor asks for is what is installed, and nothing is installed that it does not ask for', () => {
  const installed = given()
    .map(rightText)
    .filter((text) => !MAY_LACK.test(text));
  assert.deepEqual(
    ORCHESTRATOR_RIGHTS.map(rightText).toSorted(),
    [...new Set(installed)].toSorted(),
  );
});
