/** An API server that is away for a whole minute, beside the other interruptions. */
process.env.API_AWAY_SECONDS ??= '60';
await import('../integration/plans/interruptions.test.ts');
