/** What `synod bench` hands to the benchmarks when nothing is asked for. */
import type { BenchOptions } from '../../src/cli/bench.ts';

export const OPTIONS: BenchOptions = {
  names: [],
  data: undefined,
  seconds: undefined,
  shape: undefined,
  workload: 'both',
  fill: 265,
  target: undefined,
  token: undefined,
  yes: false,
  newConnections: false,
  sessions: undefined,
  events: undefined,
  minutes: 30,
  progress: () => {},
};
