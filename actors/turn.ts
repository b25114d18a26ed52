/**
 * A turn: events in, next snapshot and effects out. Nothing here touches the world; what a turn wants from it is
 * collected in a draft, which becomes one atomic commit, and is released only when that commit is durable.
 *
 * T1  A cell's state moves only here, one event at a time; an event that throws leaves it where it was.
 * T2  Nothing a draft holds is visible before its commit is durable.
 * T3  A message is folded once: its mark moves in the same commit as its effects.
 */
import { createHash } from 'node:crypto';
import { type Address, addressPartTrouble, formatAddress } from './address.ts';
import { type ActorEvent, type Call, type Cell, type Entry, type Mark, viewOf } from './cell.ts';
import type { AskParams, PublishParams, SendParams } from './effects.ts';
import { AppError } from './errors.ts';
import type { Answered, DeadLetter, FoldedEvent, Invocation, Message, ReplyTo, TimerSet, Turn } from './ports.ts';
import { CREATED, REMOVED, snapshotDue, track } from './snapshots.ts';
import type { Effect } from './statechart.ts';

/** What the system lends a turn. */
export interface TurnWorld {
  now(): number;
  /** The durable mark of a sender, for messages older than this activation. */
  durableMark(cell: Cell, sender: Address): Mark | undefined;
  /** Keeps an outside caller whose answer comes in a later event; returns the name it is kept under. */
  park(call: Call): string;
  parked(id: string): Call | undefined;
}

/** Everything that happens once the turn is durable, and everything that must be undone if it is not. */
export class Draft {
  readonly cell: Cell;
  readonly baseRevision: number;
  readonly events: FoldedEvent[] = [];
  readonly messages: Message[] = [];
  readonly timers: { op: 'set' | 'cancel'; timer: TimerSet }[] = [];
  readonly consumed: Message[] = [];
  readonly replies: { key: string; reply: unknown; revision: number }[] = [];
  readonly answers: { readonly call: Call; readonly answer: Answered }[] = [];
  readonly customs: { readonly name: string; readonly run: () => void }[] = [];
  readonly started: Invocation[] = [];
  readonly stopped: string[] = [];
  /** Calls and letters that need no commit: refused, expired, orphaned. */
  readonly refused: { readonly call: Call; readonly error: AppError }[] = [];
  readonly letters: DeadLetter[] = [];
  created = false;
  removed = false;

  constructor(cell: Cell) {
    this.cell = cell;
    this.baseRevision = cell.revision;
  }

  get empty(): boolean {
    return this.events.length === 0 && this.timers.length === 0 && this.consumed.length === 0;
  }

  /** The commit. Takes a snapshot along when it is time for one. */
  toTurn(): Turn {
    const { cell } = this;
    const { snapshot } = cell;
    const { kind, chart } = cell.runtime;
    const due =
      snapshot !== null && !this.removed && snapshotDue(cell.tailEvents, cell.tailBytes, () => chart.persist(snapshot));
    if (due) {
      cell.tailEvents = 0;
      cell.tailBytes = 0;
    }
    return {
      address: cell.address,
      version: kind.version,
      baseRevision: this.baseRevision,
      events: this.events,
      snapshot: due
        ? {
            kind: kind.name,
            version: kind.version,
            revision: cell.revision,
            state: chart.persist(snapshot),
            timers: [...cell.timers.values()],
            invocations: [...cell.invocations.values()],
          }
        : null,
      created: this.created,
      removed: this.removed,
      messages: this.messages,
      timers: this.timers,
      consumed: this.consumed,
      replies: this.replies,
    };
  }
}

/**
 * Folds one mailbox entry into the cell and the draft.
 *
 * @throws whatever the statechart throws; cell and draft are then as before
 */
export function step(draft: Draft, entry: Entry, world: TurnWorld): void {
  const { cell } = draft;
  const { origin } = entry;
  if (origin.from === 'message' && consumedBefore(cell, origin.message, world)) return;
  if (origin.from === 'timer' && cell.timers.get(origin.timer.id)?.revision !== origin.timer.revision) {
    // Cancelled or set anew since it was due: only its row has to go.
    draft.timers.push({ op: 'cancel', timer: origin.timer });
    return;
  }
  if (origin.from === 'invocation' && cell.invocations.get(origin.id)?.revision !== origin.revision) return;

  const at = world.now();
  const event: ActorEvent = { ...entry.event, at };
  const trouble = refusal(cell, event);
  if (trouble) {
    refuse(draft, entry, trouble, at);
    return;
  }

  const revision = cell.revision + 1;
  const { chart } = cell.runtime;
  let fold: { snapshot: typeof cell.snapshot; effects: readonly Effect[] };
  if (event.type === CREATED) fold = chart.initial(event.input);
  else if (event.type === REMOVED) fold = { snapshot: null, effects: [] };
  else fold = chart.fold(cell.snapshot!, event);

  for (const effect of fold.effects) checkEffect(effect);
  // From here on nothing throws: the books move together (T1).
  const out = new Outgoing(draft, entry, revision, world);
  for (const effect of fold.effects) out.add(effect);
  out.settleReply();
  if (origin.from === 'timer') cell.timers.delete(origin.timer.id);
  if (origin.from === 'timer') draft.timers.push({ op: 'cancel', timer: origin.timer });
  if (origin.from === 'invocation') cell.invocations.delete(origin.id);
  const changes = track(fold.effects, revision, at, cell.timers, cell.invocations);
  if (event.type === REMOVED) {
    for (const timer of cell.timers.values()) changes.timers.push({ op: 'cancel', timer });
    changes.stopped.push(...cell.invocations.keys());
    cell.timers.clear();
    cell.invocations.clear();
    draft.removed = true;
  }
  draft.timers.push(...changes.timers);
  draft.started.push(...changes.started);
  draft.stopped.push(...changes.stopped);
  if (event.type === CREATED) draft.created = true;
  if (origin.from === 'message') consume(draft, origin.message);
  draft.events.push({
    revision,
    at,
    type: event.type,
    event,
    state: fold.snapshot?.value ?? null,
    correlationId: entry.correlationId,
    causationId: entry.causationId,
    facts: out.facts,
  });
  cell.snapshot = fold.snapshot;
  cell.revision = revision;
  cell.tailEvents++;
  cell.tailBytes += entry.bytes;
  if (out.answer !== undefined) out.answerCall(fold.snapshot ? viewOf(fold.snapshot, revision) : goneView(revision));
}

/** @throws TypeError for an effect with parameters the runtime could not carry out */
function checkEffect(effect: Effect): void {
  const params = ('params' in effect ? (effect.params ?? {}) : effect) as Record<string, unknown>;
  const want = (ok: boolean, what: string) => {
    if (!ok) throw new TypeError(`effect "${effect.type}" needs ${what}`);
  };
  const typed = (event: unknown) => typeof (event as { type?: unknown } | null | undefined)?.type === 'string';
  if (effect.type === 'send' || effect.type === 'ask') {
    const to = params.to as { kind?: unknown; id?: unknown } | undefined;
    want(!addressPartTrouble(to?.kind) && !addressPartTrouble(to?.id), 'to: { kind, id }, neither empty nor too long');
    want(typed(params.event), 'event: { type }');
  }
  if (effect.type === 'ask') want(typeof params.as === 'string', 'as: string');
  if (effect.type === 'publish') want(typeof params.type === 'string', 'type: string');
  if (effect.type === 'timer' || effect.type === 'cancelTimer')
    want(!addressPartTrouble(params.id), 'an id, neither empty nor too long');
  if (effect.type === 'timer' || effect.type === 'after') {
    want(Number.isFinite(params.delayMs) && typed(params.event), 'delayMs: number (ms) and event: { type }');
  }
}

function goneView(revision: number) {
  return { revision, value: null, context: null, status: 'stopped' as const, output: undefined };
}

function consumedBefore(cell: Cell, message: Message, world: TurnWorld): boolean {
  const sender = formatAddress(message.from);
  let mark = cell.marks.get(sender);
  if (!mark) {
    mark = world.durableMark(cell, message.from);
    if (mark) cell.marks.set(sender, mark);
  }
  if (!mark) return false;
  const { fromRevision, fromIndex } = message;
  return fromRevision < mark.revision || (fromRevision === mark.revision && fromIndex <= mark.index);
}

function consume(draft: Draft, message: Message): void {
  draft.consumed.push(message);
  draft.cell.marks.set(formatAddress(message.from), { revision: message.fromRevision, index: message.fromIndex });
}

function refusal(cell: Cell, event: ActorEvent): AppError | null {
  const { kind, chart } = cell.runtime;
  const name = `${kind.name} "${cell.address.id}"`;
  if (event.type === CREATED) return cell.snapshot ? new AppError('CONFLICT', `${name} already exists`) : null;
  if (!cell.snapshot) return new AppError('NOT_FOUND', `${name} not found`);
  if (event.type === REMOVED) return null;
  if (chart.accepts(cell.snapshot, event)) return null;
  const accepts = chart.accepted(cell.snapshot);
  const state = JSON.stringify(cell.snapshot.value);
  return new AppError(
    'REFUSED',
    `${name} is in state ${state} and does not accept "${event.type}"; it accepts: ${accepts.join(', ') || 'nothing'}`,
    { details: { state: cell.snapshot.value, accepts } },
  );
}

/** Answers an entry that will not be folded; a message is consumed all the same, so that it is not sent forever. */
export function refuse(draft: Draft, entry: Entry, error: AppError, at: number, reason?: DeadLetter['reason']): void {
  const { cell } = draft;
  const { origin } = entry;
  const why = reason ?? (error.code === 'NOT_FOUND' ? 'orphaned' : 'refused');
  if (origin.from === 'call') {
    draft.refused.push({ call: origin.call, error });
    // A caller was told; only what it could not know is worth a letter.
    if (why === 'refused' || why === 'orphaned') return;
  }
  if (origin.from === 'timer') {
    cell.timers.delete(origin.timer.id);
    draft.timers.push({ op: 'cancel', timer: origin.timer });
  }
  if (origin.from === 'invocation') cell.invocations.delete(origin.id);
  if (origin.from === 'message') {
    consume(draft, origin.message);
    if (!origin.message.answer) tell(draft, origin.message, errorEvent(error));
  }
  draft.letters.push({
    at,
    address: cell.address,
    type: entry.event.type,
    reason: why,
    detail: error.message,
    from: origin.from === 'message' ? origin.message.from : null,
  });
}

function errorEvent(error: AppError) {
  return { ok: false as const, code: error.code, message: error.message };
}

type AnswerEvent = { ok: true; value: unknown } | ReturnType<typeof errorEvent>;

/** Tells an asking actor that its question was not taken. The refusal is its own sender: the actor's revision did not move. */
function tell(draft: Draft, question: Message, answer: AnswerEvent): void {
  if (question.replyTo?.to !== 'actor') return;
  const id = createHash('sha256').update(question.id).digest('hex');
  const from = { tenant: question.to.tenant, kind: 'synod', id };
  draft.messages.push(answerMessage(from, 0, 0, question.replyTo, answer));
}

function answerMessage(
  from: Address,
  revision: number,
  index: number,
  replyTo: Extract<ReplyTo, { to: 'actor' }>,
  answer: AnswerEvent,
): Message {
  return {
    id: `${formatAddress(from)}:${revision}:${index}`,
    from,
    fromRevision: revision,
    fromIndex: index,
    to: replyTo.address,
    event: answer.ok
      ? { type: `${replyTo.as}.reply`, value: answer.value }
      : { type: `${replyTo.as}.error`, code: answer.code, message: answer.message },
    correlationId: null,
    replyTo: replyTo.parent,
    answer: true,
  };
}

/** The effects of one event on their way into the draft. */
class Outgoing {
  readonly facts: { type: string; payload: unknown }[] = [];
  /** Set when an outside caller gets its answer with this event. */
  answer: { call: Call; reply: unknown } | undefined;
  readonly #draft: Draft;
  readonly #entry: Entry;
  readonly #revision: number;
  readonly #world: TurnWorld;
  /** Whom this event may answer. */
  readonly #replyTo: ReplyTo | null;
  readonly #caller: Call | null;
  #index = 0;
  #replied = false;
  #reply: unknown;
  #asked = false;
  #parkedAs: ReplyTo | null = null;

  constructor(draft: Draft, entry: Entry, revision: number, world: TurnWorld) {
    this.#draft = draft;
    this.#entry = entry;
    this.#revision = revision;
    this.#world = world;
    const { origin } = entry;
    this.#caller = origin.from === 'call' ? origin.call : null;
    this.#replyTo = origin.from === 'message' ? origin.message.replyTo : null;
  }

  add(effect: Effect): void {
    switch (effect.type) {
      case 'reply':
        this.#replied = true;
        this.#reply = effect.params;
        break;
      case 'send':
        this.#send(effect.params as SendParams, null);
        break;
      case 'ask':
        this.#ask(effect.params as AskParams);
        break;
      case 'publish':
        this.facts.push({ ...(effect.params as PublishParams) });
        break;
      case 'emit': {
        const { type, ...payload } = effect.event;
        this.facts.push({ type, payload });
        break;
      }
      case 'custom':
        this.#draft.customs.push(effect);
        break;
    }
  }

  /** Who gets which answer: the reply, or nothing yet when the actor first asked somebody else. */
  settleReply(): void {
    const isAnswer = this.#entry.origin.from === 'message' && this.#entry.origin.message.answer;
    if (!this.#replied && (this.#asked || isAnswer)) return;
    const replyTo = this.#caller ? null : this.#replyTo;
    const call = this.#caller ?? (replyTo?.to === 'call' ? this.#world.parked(replyTo.call) : undefined);
    if (call) this.answer = { call, reply: this.#reply };
    else if (replyTo?.to === 'actor') this.#answerActor(replyTo, { ok: true, value: this.#reply });
  }

  answerCall(view: Omit<Answered, 'reply' | 'repeated'>): void {
    const { call, reply } = this.answer!;
    if (call.key !== null) this.#draft.replies.push({ key: call.key, reply: reply ?? null, revision: this.#revision });
    this.#draft.answers.push({ call, answer: { ...view, reply, repeated: false } });
  }

  #send(params: SendParams, replyTo: ReplyTo | null): void {
    const index = this.#index++;
    const from = this.#draft.cell.address;
    this.#draft.messages.push({
      id: `${this.#draft.cell.key}:${this.#revision}:${index}`,
      from,
      fromRevision: this.#revision,
      fromIndex: index,
      to: { tenant: from.tenant, kind: params.to.kind, id: params.to.id },
      event: params.event,
      correlationId: this.#entry.correlationId,
      replyTo,
      answer: false,
    });
  }

  #ask(params: AskParams): void {
    this.#asked = true;
    const self = this.#draft.cell.address;
    const target = formatAddress({ ...params.to, tenant: self.tenant });
    const chain = [...(this.#replyTo?.to === 'actor' ? this.#replyTo.chain : []), this.#draft.cell.key];
    this.#parkedAs ??= this.#caller ? { to: 'call', call: this.#world.park(this.#caller) } : this.#replyTo;
    const replyTo = { to: 'actor' as const, address: self, as: params.as, chain, parent: this.#parkedAs };
    if (!chain.includes(target)) {
      this.#send(params, replyTo);
      return;
    }
    const error = new AppError(
      'CALL_CYCLE',
      `asking ${target} would wait for itself: ${[...chain, target].join(' → ')}`,
    );
    this.#draft.letters.push({
      at: this.#world.now(),
      address: { ...params.to, tenant: self.tenant },
      type: params.event.type,
      reason: 'call-cycle',
      detail: error.message,
      from: self,
    });
    this.#answerActor(replyTo, errorEvent(error));
  }

  #answerActor(replyTo: Extract<ReplyTo, { to: 'actor' }>, answer: AnswerEvent): void {
    this.#draft.messages.push(answerMessage(this.#draft.cell.address, this.#revision, this.#index++, replyTo, answer));
  }
}
