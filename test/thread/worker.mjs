/** A worker thread of an imaginary application: does with the client what the test tells it, and tells what came of it. */
import { parentPort, workerData } from 'node:worker_threads';

const { connectSynod } = await import(workerData.client);
const synod = connectSynod(workerData.port, workerData.options);
const stops = new Map();

const own = {
  watch: async (name, kind, id) => {
    const seen = (snapshot) => parentPort.postMessage({ watch: name, snapshot });
    stops.set(name, await synod.watch(kind, id, seen));
  },
  watchBadly: async (kind, id) => {
    await synod.watch(kind, id, () => {
      throw new Error('mine');
    });
  },
  stop: (name) => stops.get(name)(),
  exit: () => process.exit(0),
  /** Nothing holds the thread any more but the port. */
  idle: () => void setImmediate(() => parentPort.unref()),
};

process.on('warning', ({ name, message }) => parentPort.postMessage({ warning: `${name}: ${message}` }));
parentPort.on('message', async ({ call, method, args }) => {
  try {
    const value = await (own[method] ?? synod[method])(...args);
    parentPort.postMessage({ call, ok: true, value });
  } catch (error) {
    const { name, code, message, details, retryAfterMs } = error;
    parentPort.postMessage({ call, ok: false, error: { name, code, message, details, retryAfterMs } });
  }
});
parentPort.postMessage({ ready: true });
