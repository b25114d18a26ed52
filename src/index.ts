/**
 * What `import … from 'synod'` gives. Worker threads come in through `synod/thread`, programs elsewhere through
 * `synod/client`; `SEMPClient` is here, too, so that this package can stand in for the one it was published in.
 *
 * Most applications need `createSynod` and XState machines only. `effects` is for machines that answer, refuse, publish, or
 * speak to other actors; `defineKind` for one that has migrations or a name other than the machine's id.
 */
export { type Address, formatAddress, parseAddress } from '../actors/address.ts';
export {
  type AskParams,
  effects,
  type PublishParams,
  type RefuseParams,
  type ReplyValue,
  type SendParams,
  type TimerParams,
} from '../actors/effects.ts';
export { AppError, ERROR_CODES, type ErrorCode } from '../actors/errors.ts';
export { defineKind, type Kind, type PersistedState } from '../actors/kind.ts';
export type { AskOptions, Clock, DeadLetter, LogRecord, SystemReport } from '../actors/ports.ts';
export type { SystemLogger } from '../actors/system.ts';
export type { Call, CallInput, CallOptions } from './calls.ts';
export { SEMPClient } from './client/semp.ts';
export type { Config } from './config.ts';
export type { Agent, AgentNetwork, NetworkSettings, NetworkState, Processed } from './coordination/agents.ts';
export type { Cluster, ClusterSettings, ClusterState } from './coordination/cluster.ts';
export type {
  EventFilter,
  EventListQuery,
  HeardEvents,
  SharedEnvironment,
  SignalListQuery,
} from './coordination/environment.ts';
export type { Network, ProposalView, ProposeOptions, TransferOptions, Transferred } from './coordination/network.ts';
export type { Anomaly, Observer, ObserverSettings, ObserverSummary } from './coordination/observer.ts';
export type { Region, RegionEvent, RegionSettings, RegionState } from './coordination/region.ts';
export type { Embedder } from './embedding/embedder.ts';
export { createHashEmbedder } from './embedding/hash.ts';
export type { EventDraft, SempEvent } from './environment/event.ts';
export type { Signal } from './environment/signals.ts';
export type { MachineEntry, VersionedMachine } from './machines.ts';
export {
  ConsensusEngine,
  type ConsensusProposal,
  type ProposalOptions,
  type VoteOptions,
} from './network/consensus-engine.ts';
export {
  type PacketJson,
  StateVectorPacket,
  TRANSFER_TYPES,
  type TransferType,
} from './network/state-vector-packet.ts';
export type { EventOf, InputOf, Machine, Ref, Reply, Snapshot } from './refs.ts';
export type {
  ContextOptions,
  ContextResult,
  RememberOptions,
  RunOptions,
  Session,
  SessionSettings,
  StoreOptions,
  StoreResult,
} from './session.ts';
export { createSynod, type RecordFilter, type Records, type SpawnOptions, type Synod } from './synod.ts';
export type { SynodOptions } from './synod-options.ts';
export { VERSION } from './version.ts';
