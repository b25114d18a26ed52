/** Events and signals as the SEMP interface publishes them. */

export type SempEventType = 'proposal' | 'ready' | 'test' | 'reward' | 'penalty';

export interface SempEvent {
  readonly id: string;
  readonly type: SempEventType;
  /** Dotted: `ui.login`. */
  readonly scope: string;
  /** One per workflow. */
  readonly trace_id: string;
  readonly agent_id: string;
  /** Events this one follows from. */
  readonly parent_ids: readonly string[];
  /** ISO 8601. */
  readonly timestamp: string;
  readonly payload: Readonly<Record<string, unknown>>;
}

/** `id` and `timestamp` are the server's to give. */
export interface SempEventInput {
  /** Capitals are as good. */
  readonly type: SempEventType | Uppercase<SempEventType>;
  readonly scope: string;
  readonly trace_id: string;
  readonly agent_id: string;
  readonly parent_ids?: readonly string[];
  readonly payload: Readonly<Record<string, unknown>>;
}

/** Beyond what is published, understood by Synod. */
export interface SempEventQuery {
  /** At most 1,000. */
  readonly limit?: number;
  /** Only events before this one, by its id. */
  readonly before?: string;
  /** Only events after this one, by its id. */
  readonly after?: string;
  readonly type?: SempEventType;
  readonly agent_id?: string;
  readonly trace_id?: string;
  /** Glob: `ui.*`. */
  readonly scope?: string;
}

export interface SempSignal {
  readonly id: string;
  readonly scope: string;
  readonly pattern: string;
  /** As of the answer, [0.01, 1]. */
  readonly strength: number;
  /** ISO 8601: the last event that changed it. */
  readonly last_updated: string;
  readonly alpha: number;
  /** Share that is left after one interval. */
  readonly lambda: number;
}

/** Beyond what is published, understood by Synod. */
export interface SempSignalQuery {
  /** Exact, or a glob: `ui.*`. */
  readonly scope?: string;
  readonly pattern?: string;
  readonly min_strength?: number;
  /** The strongest so many. */
  readonly limit?: number;
}

export interface SempSignalInput {
  readonly type: SempEventType | Uppercase<SempEventType>;
  /** Default: empty. */
  readonly payload?: Readonly<Record<string, unknown>>;
  /** [0, 1]; goes into the payload. */
  readonly strength?: number;
  /** Default: `payload.scope`, else `default`. */
  readonly scope?: string;
  /** Default `default`. */
  readonly trace_id?: string;
  /** Default `default`. */
  readonly agent_id?: string;
  readonly parent_ids?: readonly string[];
}

/** How a connection for events ended. */
export interface SempClosed {
  /** Of the close frame; 1006 when there was none, as when the connection broke or was refused. */
  readonly code: number;
  /** Of the close frame, often empty. */
  readonly reason: string;
  /** Whether the client connects again by itself. Not after a refusal that would be the same the next time. */
  readonly reconnecting: boolean;
}
