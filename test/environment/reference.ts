/**
 * What events do to signals, once more: written from the published rules (sections 2.2 and 2.3 of the specification) as
 * plain bookkeeping, to be held against the actors.
 */

export interface Draft {
  readonly type: 'proposal' | 'ready' | 'test' | 'reward' | 'penalty';
  readonly scope: string;
  readonly trace_id: string;
  readonly agent_id: string;
  readonly parent_ids?: readonly string[];
  readonly payload: Readonly<Record<string, unknown>>;
}

export interface Rules {
  readonly profile: 'arch' | 'proto' | 'site';
  readonly alpha: number;
  readonly lambda: number;
  readonly intervalMs: number;
  readonly stepped: boolean;
}

interface Entry {
  readonly scope: string;
  readonly pattern: string;
  /** Counts the lives of this signal; 0 before the first. */
  life: number;
  strength: number;
  since: number;
  updated: number;
  burden: number;
  rules: Rules;
}

export interface Change {
  readonly scope: string;
  readonly pattern: string;
  readonly from: number;
  readonly to: number;
}

export class Reference {
  readonly #rulesOf: (scope: string) => Rules;
  readonly #entries = new Map<string, Entry>();
  /** Names of the signals an event touched. */
  readonly #byEvent = new Map<string, string[]>();
  readonly #byTrace = new Map<string, string[]>();
  /** The signal an id was given to, and in which of its lives. */
  readonly #byId = new Map<string, { readonly name: string; readonly life: number | undefined }>();

  constructor(rulesOf: (scope: string) => Rules) {
    this.#rulesOf = rulesOf;
  }

  /** The signals that live, by name. */
  living(now: number): Map<string, Entry & { readonly now: number }> {
    const found = new Map<string, Entry & { now: number }>();
    for (const [name, entry] of this.#entries) {
      const strength = this.#strength(entry, now);
      if (strength >= 0.01) found.set(name, { ...entry, now: strength });
    }
    return found;
  }

  /** Learns the id a living signal was given. */
  named(name: string, id: string): void {
    this.#byId.set(id, { name, life: this.#entries.get(name)?.life });
  }

  /** Takes an event in. @param id as the server gave it @returns what it did, signal by signal */
  post(id: string, draft: Draft, now: number): Change[] {
    const names = this.#resolve(draft, now);
    const changes = names.map((name) => this.#apply(name, draft, now));
    const touched = names.filter((_, i) => i > 0 || changes[0]!.from > 0 || changes[0]!.to > 0);
    this.#byEvent.set(id, touched);
    if (touched.length > 0) this.#byTrace.set(JSON.stringify([draft.trace_id, draft.scope]), touched);
    return changes.filter(({ from, to }) => from > 0 || to > 0);
  }

  #resolve(draft: Draft, now: number): string[] {
    const { scope, payload, type } = draft;
    const target = this.#byId.get(String(payload.targetSignalId));
    if (target && this.#entries.get(target.name)?.life === target.life) return [target.name];
    const pattern = payload.pattern ?? payload.action;
    if (typeof pattern === 'string' && pattern !== '') return [nameOf(scope, pattern)];
    const inherited = (draft.parent_ids ?? []).flatMap((parent) => this.#byEvent.get(parent) ?? []);
    if (inherited.length > 0) return [...new Set(inherited)];
    const traced = this.#byTrace.get(JSON.stringify([draft.trace_id, scope]));
    if (traced) return traced;
    const alive = [...this.living(now)].filter(([, entry]) => entry.scope === scope);
    if (alive.length === 1) return [alive[0]![0]];
    return type === 'penalty' ? [] : [nameOf(scope, 'default')];
  }

  #apply(name: string, { type, payload }: Draft, now: number): Change {
    const [scope, pattern] = JSON.parse(name) as [string, string];
    const rules = this.#rulesOf(scope);
    // The bound is the server's own: far above what saturates a signal.
    const value = Math.min(1e6, Math.abs(typeof payload.value === 'number' ? payload.value : 1));
    const alpha = typeof payload.alpha === 'number' && payload.alpha > 0 ? payload.alpha : rules.alpha;
    const start = rules.profile !== 'site' ? 0.3 : typeof payload.strength === 'number' ? payload.strength : 1;
    const entry = this.#entries.get(name) ?? this.#absent(scope, pattern, rules);
    this.#entries.set(name, entry);
    const old = this.#strength(entry, now);
    const from = old >= 0.01 ? old : 0;
    const rewarded = (strength: number) =>
      Math.min(1, rules.profile === 'arch' ? strength + value * alpha : strength * alpha);
    if (from === 0) {
      // Nothing comes up, and nothing changes: what has faded is there again if the clock is set back.
      const fresh = type === 'reward' ? rewarded(start) : start;
      if (type === 'penalty' || fresh < 0.01) return { scope, pattern, from: 0, to: 0 };
      Object.assign(entry, { life: entry.life + 1, burden: 0, since: now, updated: now, strength: start, rules });
    } else {
      if (rules.profile !== 'site' && (type === 'ready' || type === 'test')) return { scope, pattern, from, to: from };
      // Under whole steps the rest of the present one goes on.
      if (!entry.rules.stepped) entry.since = Math.max(now, entry.since);
      else entry.since += this.#steps(entry, now) * entry.rules.intervalMs;
      Object.assign(entry, { strength: from, updated: Math.max(now, entry.updated), rules });
      if (rules.profile === 'site' && type !== 'reward' && type !== 'penalty') entry.strength = Math.max(from, start);
    }
    if (type === 'reward') entry.strength = rewarded(entry.strength);
    if (type === 'penalty' && rules.profile === 'site') entry.burden += value;
    if (type === 'penalty' && rules.profile !== 'site') entry.strength = Math.max(0, entry.strength - value);
    // Gone, and what was is forgotten.
    if (entry.strength < 0.01) entry.strength = 0;
    const after = this.#strength(entry, now);
    return { scope, pattern, from, to: after };
  }

  #absent(scope: string, pattern: string, rules: Rules): Entry {
    return { scope, pattern, life: 0, strength: 0, since: 0, updated: 0, burden: 0, rules };
  }

  #strength(entry: Entry, now: number): number {
    return entry.strength * entry.rules.lambda ** (this.#steps(entry, now) * (1 + entry.burden));
  }

  #steps({ since, rules }: Entry, now: number): number {
    const passed = Math.max(0, now - since) / rules.intervalMs;
    return rules.stepped ? Math.floor(passed) : passed;
  }
}

export const nameOf = (scope: string, pattern: string) => JSON.stringify([scope, pattern]);
