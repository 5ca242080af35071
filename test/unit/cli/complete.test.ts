import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { describe, test } from 'node:test';
import { complete } from '../../../src/cli/complete.ts';
import { completionScript } from '../../../src/cli/completion-script.ts';
import { commandLine } from '../../../src/cli/main.ts';

const program = commandLine('autopilot');
const words = (...typed: string[]) => complete(program, typed).words;

describe('completion', () => {
  test('offers commands, but none that only programs call', () => {
    assert.deepEqual(words('sta'), ['status']);
    assert.ok(words('').includes('doctor'));
    assert.deepEqual(words('__'), []);
  });

  test('offers the options of the command, and the choices of an option', () => {
    assert.deepEqual(words('status', '--w'), ['--watch']);
    assert.deepEqual(words('status', '-o', ''), ['text', 'wide', 'json', 'yaml']);
    assert.deepEqual(words('status', '--kubeconfig', ''), []);
    assert.deepEqual(words('completion', 'z'), ['zsh']);
  });

  test('offers names of Plans where one is wanted, and only once', () => {
    assert.equal(complete(program, ['explain', '']).plans, true);
    assert.equal(complete(program, ['explain', '-o', 'json', '']).plans, true);
    assert.equal(complete(program, ['explain', 'spring', '']).plans, false);
    assert.equal(complete(program, ['doctor', '']).plans, false);
  });

  test('of a command that there is not: nothing', () => assert.deepEqual(words('fly', ''), []));

  test('the script for bash is one that bash takes', () => {
    const script = `${completionScript('bash')}\nprintf '%s' "$(complete -p autopilot)"`;
    assert.match(
      execFileSync('bash', ['-c', script], { encoding: 'utf8' }),
      /complete -F _autopilot autopilot/,
    );
  });
});
