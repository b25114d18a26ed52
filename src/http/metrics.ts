/** Prometheus figures. Labels are route templates, never paths: their number is bounded by the operations list. */
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';

export interface Metrics {
  readonly contentType: string;
  /** Counts one answered request. @param endpoint route template, or `unmatched` */
  observe(method: string, endpoint: string, status: number, seconds: number): void;
  /** Registers a figure that is read when somebody looks. */
  gauge(name: string, help: string, read: () => number): void;
  /** The same with one label: `read` answers with a number per label value. */
  gaugeBy(name: string, help: string, label: string, read: () => Readonly<Record<string, number>>): void;
  /** Adds the process's own: CPU, memory, event loop delay, garbage collection. */
  process(): void;
  /** Everything in Prometheus text format. */
  text(): Promise<string>;
}

/** From a cached read to a consensus over a full region, in seconds. */
const BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

const REQUESTS = 'requests_total';
const DURATION = 'request_duration_seconds';

/** Makes a registry of its own, so that two servers in one process do not count for each other. */
export function createMetrics(): Metrics {
  const registry = new Registry();
  const registers = [registry];
  const requests = new Counter({
    name: `synod_${REQUESTS}`,
    help: 'HTTP requests answered.',
    labelNames: ['method', 'endpoint', 'status'],
    registers,
  });
  const duration = new Histogram({
    name: `synod_${DURATION}`,
    help: 'Time from request to answer in seconds.',
    labelNames: ['method', 'endpoint'],
    buckets: BUCKETS,
    registers,
  });

  /** The same series under the name that dashboards of semvec servers ask for, copied when read and not counted twice. */
  const alias = async (name: string) => {
    const text = await registry.getSingleMetricAsString(`synod_${name}`);
    return text.replaceAll(`synod_${name}`, `semvec_${name}`);
  };

  return {
    contentType: registry.contentType,
    observe(method, endpoint, status, seconds) {
      requests.inc({ method, endpoint, status });
      duration.observe({ method, endpoint }, seconds);
    },
    gauge(name, help, read) {
      new Gauge({
        name,
        help,
        registers,
        collect() {
          this.set(read());
        },
      });
    },
    gaugeBy(name, help, label, read) {
      new Gauge({
        name,
        help,
        labelNames: [label],
        registers,
        collect() {
          this.reset();
          for (const [value, figure] of Object.entries(read())) this.set({ [label]: value }, figure);
        },
      });
    },
    process() {
      collectDefaultMetrics({ register: registry });
    },
    async text() {
      const parts = await Promise.all([registry.metrics(), alias(REQUESTS), alias(DURATION)]);
      return `${parts.map((part) => part.trimEnd()).join('\n\n')}\n`;
    },
  };
}
