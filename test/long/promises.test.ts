/** The promises in many more worlds than `npm test` has time for. */
process.env.TEST_RUNS ??= '4000';
await import('../model/promises.test.ts');
