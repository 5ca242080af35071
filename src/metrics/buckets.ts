/** Upper bounds in seconds: a restart takes seconds, a drain within its budgets an hour. */
export const PHASE_BUCKETS = [1, 2.5, 5, 10, 20, 30, 60, 120, 300, 600, 1_800, 3_600, 14_400];
/** In seconds: of one office box, and of a production cluster that soaks between its batches. */
export const RUN_BUCKETS = [30, 60, 300, 900, 3_600, 14_400, 43_200, 86_400, 604_800];
/** In seconds, up to the time after which we do not wait any longer. */
export const REQUEST_BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
