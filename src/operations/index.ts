/** Everything the outside may ask, in the order the documentation shows it. */
import { create as createCluster, remove as removeCluster } from './cluster/create.ts';
import { feedback } from './cluster/feedback.ts';
import { addMember, removeMember } from './cluster/members.ts';
import { get as getCluster, list as listClusters } from './cluster/read.ts';
import { run as runCluster, store as storeCluster } from './cluster/talk.ts';
import { embeddings } from './embeddings.ts';
import { createSignal } from './environment/deposit.ts';
import { getAncestors, getDescendants, getEvent } from './environment/event.ts';
import { listEvents, listScope, listTrace } from './environment/events.ts';
import { createEvent, createEvents } from './environment/post.ts';
import { getHistory, getSignal, listSignals, lookUpSignal } from './environment/signals.ts';
import { graphqlGet, graphqlPost } from './graphql.ts';
import { health, live, metrics, ready, selHealth } from './health.ts';
import { castVote, getProposal, getTrust, propose, reportOutcome } from './network/consensus.ts';
import { transfer } from './network/transfer.ts';
import { getActiveUser, serializeUser, switchUser } from './network/users.ts';
import { clearAnomalies, listAnomalies, sample, summary } from './observer/anomalies.ts';
import { create as createObserver, registerRegion, unregisterRegion } from './observer/create.ts';
import type { Operation } from './operation.ts';
import { addCluster, removeCluster as detachCluster } from './region/clusters.ts';
import { create as createRegion, remove as removeRegion } from './region/create.ts';
import { events, get as getRegion, list as listRegions } from './region/read.ts';
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
import { stream } from './stream.ts';
import { rotate as rotateSecret, test as testWebhook, update as updateWebhook } from './webhook/change.ts';
import { create as createWebhook, remove as removeWebhook } from './webhook/create.ts';
import { get as getWebhook, list as listWebhooks, deliveries as webhookDeliveries } from './webhook/read.ts';

const LIST = [
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
  createCluster,
  listClusters,
  getCluster,
  removeCluster,
  storeCluster,
  runCluster,
  feedback,
  addMember,
  removeMember,
  createRegion,
  listRegions,
  getRegion,
  removeRegion,
  addCluster,
  detachCluster,
  events,
  createObserver,
  summary,
  sample,
  listAnomalies,
  clearAnomalies,
  registerRegion,
  unregisterRegion,
  transfer,
  switchUser,
  getActiveUser,
  serializeUser,
  propose,
  getProposal,
  castVote,
  reportOutcome,
  getTrust,
  createEvent,
  createEvents,
  listEvents,
  listScope,
  listTrace,
  getEvent,
  getAncestors,
  getDescendants,
  listSignals,
  lookUpSignal,
  getSignal,
  getHistory,
  createSignal,
  selHealth,
  createWebhook,
  listWebhooks,
  getWebhook,
  updateWebhook,
  removeWebhook,
  rotateSecret,
  webhookDeliveries,
  testWebhook,
  graphqlPost,
  graphqlGet,
  embeddings,
  health,
  ready,
  live,
  stream,
  metrics,
] as const satisfies readonly Operation[];

/** The list with the types of every operation, for those who ask for one by its name. */
export type OperationList = typeof LIST;

export const OPERATIONS: readonly Operation[] = LIST;
