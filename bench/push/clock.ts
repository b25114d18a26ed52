/** One clock for all processes of a machine. */

/** Milliseconds since some moment, the same in every process. */
export function machineMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}
