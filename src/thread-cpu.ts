/** @returns milliseconds that this thread has used the processor for; that it waited for one counts for nothing */
export function cpuMsSince(before: NodeJS.CpuUsage): number {
  const { user, system } = process.threadCpuUsage(before);
  return (user + system) / 1_000;
}
