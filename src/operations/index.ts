/** Everything the outside may ask, in the order the documentation shows it. */
import { embeddings } from './embeddings.ts';
import { health, live, metrics, ready } from './health.ts';
import type { Operation } from './operation.ts';
import { expandMemory, stateContext } from './session/context.ts';
import {
  addAnchor,
  addTrigger,
  clearTriggers,
  getAnchorScore,
  injectMemory,
  isolate,
  releaseQuarantine,
} from './session/control.ts';
import { create, remove } from './session/create.ts';
import { listEntities, putEntity, removeEntity } from './session/entities.ts';
import { sessionMetrics } from './session/metrics.ts';
import { run } from './session/run.ts';
import { store } from './session/store.ts';
import { exportSession, importSession, verifySession } from './session/transfer.ts';

export const OPERATIONS: readonly Operation[] = [
  run,
  store,
  create,
  remove,
  sessionMetrics,
  stateContext,
  expandMemory,
  addTrigger,
  clearTriggers,
  addAnchor,
  getAnchorScore,
  isolate,
  releaseQuarantine,
  injectMemory,
  exportSession,
  importSession,
  verifySession,
  putEntity,
  listEntities,
  removeEntity,
  embeddings,
  health,
  ready,
  live,
  metrics,
];
