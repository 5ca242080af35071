import { GROUP, VERSION } from '../../src/api/meta.ts';
import { isWell, SPEC_VARIABLES, SPEC_WARNINGS, sentence } from '../../src/plans/spec-warnings.ts';

const NAME = 'autopilot-plan-warnings';
const ADMISSION = 'admissionregistration.k8s.io/v1';

/** The policy that warns whoever applies a Plan, and what binds it to all of them. */
export function planWarnings(): readonly object[] {
  return [
    {
      apiVersion: ADMISSION,
      kind: 'ValidatingAdmissionPolicy',
      metadata: { name: NAME },
      spec: {
        // Fails open: whoever applies something so large that asking costs too much is not kept from it.
        failurePolicy: 'Ignore',
        matchConstraints: {
          resourceRules: [
            {
              apiGroups: [GROUP],
              apiVersions: [VERSION],
              resources: ['plans', 'updateconfigs'],
              operations: ['CREATE', 'UPDATE'],
            },
          ],
        },
        variables: [
          {
            name: 'commands',
            expression:
              'has(object.spec.commands) ? object.spec.commands : has(object.spec.planSpec) && has(object.spec.planSpec.commands) ? object.spec.planSpec.commands : []',
          },
          ...SPEC_VARIABLES.map(([name, expression]) => ({ name, expression })),
        ],
        validations: SPEC_WARNINGS.map((one) => ({
          expression: isWell(one),
          message: `${one.wanted}; ${one.outcome}`,
          messageExpression: sentence(one),
        })),
      },
    },
    {
      apiVersion: ADMISSION,
      kind: 'ValidatingAdmissionPolicyBinding',
      metadata: { name: NAME },
      spec: { policyName: NAME, validationActions: ['Warn'] },
    },
  ];
}
