/**
 * A turn: events in, next snapshot and effects out. Nothing here touches the world; what a turn wants from it is
 * collected in a draft, which becomes one atomic commit, and is released only when that commit is durable.
 *
 * T1  A cell's state moves only here, one event at a time; an event that throws leaves it where it was.
 * T2  Nothing a draft holds is visible before its commit is durable.
 * T3  A message is folded once: its mark moves in the same commit as its effects.
 */
import { type Address, formatAddress } from './address.ts';
import { regret } from './answers.ts';
import { type ActorEvent, type Call, type Cell, type Entry, type Mark, viewOf } from './cell.ts';
import type { Draft } from './draft.ts';
import { checked } from './effect-checks.ts';
import type { RefuseParams } from './effects.ts';
import { AppError } from './errors.ts';
import { Outgoing } from './outgoing.ts';
import type { DeadLetter, Message, View } from './ports.ts';
import { CREATED, REMOVED, track } from './snapshots.ts';
import type { Fold } from './statechart.ts';

/** What the system lends a turn. */
export interface TurnWorld {
  now(): number;
  /** The durable mark of a sender, for messages older than this activation. */
  durableMark(cell: Cell, sender: Address): Mark | undefined;
  /** Keeps an outside caller whose answer comes in a later event; returns the name it is kept under. */
  park(call: Call): string;
  /** Gives the caller back, if this process still keeps it. */
  parked(id: string): Call | undefined;
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
  const undo = draft.checkpoint();
  try {
    const trouble = born(draft, entry, at, world) ?? absorb(draft, entry, { ...entry.event, at }, world);
    if (trouble === null) return;
    undo();
    refuse(draft, entry, trouble, world);
  } catch (error) {
    undo();
    throw error;
  }
}

/** Makes the actor its caller takes for granted. The event follows in the same step, so that neither is without the other. */
function born(draft: Draft, entry: Entry, at: number, world: TurnWorld): AppError | null {
  if (entry.create === undefined || draft.cell.snapshot) return null;
  return absorb(draft, { ...entry, origin: { from: 'birth' } }, { type: CREATED, input: entry.create, at }, world);
}

/** @returns why the event is not folded; cell and draft are then as before */
function absorb(draft: Draft, entry: Entry, event: ActorEvent, world: TurnWorld): AppError | null {
  const { cell } = draft;
  const { origin } = entry;
  const trouble = refusal(cell, event);
  if (trouble) return trouble;

  const revision = cell.revision + 1;
  const fold = foldInto(cell, event);
  if (fold instanceof AppError) return fold;
  const kept =
    (origin.from === 'call' && origin.call.key !== null) || (origin.from === 'message' && origin.message.replyTo);
  const effects = fold.effects.map((effect) => checked(effect, Boolean(kept)));
  const own = ownRefusal(effects);
  if (own) return own;
  // From here on nothing throws: the books move together (T1).
  const out = new Outgoing(draft, entry, revision, world, effects);
  endOrigin(draft, entry);
  const changes = track(effects, revision, event.at as number, cell.timers, cell.invocations);
  draft.timers.push(...changes.timers);
  draft.started.push(...changes.started);
  draft.stopped.push(...changes.stopped);
  if (event.type === CREATED) draft.created = true;
  if (event.type === REMOVED) endLife(draft);
  draft.events.push({
    revision,
    at: event.at as number,
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
  out.answerCall(fold.snapshot ? viewOf(fold.snapshot, revision) : goneView(revision));
  return null;
}

type Folded = { snapshot: Fold['snapshot'] | null; effects: Fold['effects'] };

/** @returns the expected trouble of a first context: an actor that cannot be made is no crash of anybody */
function foldInto(cell: Cell, event: ActorEvent): Folded | AppError {
  const { chart } = cell.runtime;
  if (event.type === CREATED) {
    try {
      return chart.initial(event.input);
    } catch (error) {
      if (error instanceof AppError) return error;
      throw error;
    }
  }
  if (event.type === REMOVED) return { snapshot: null, effects: farewell(cell) };
  return chart.fold(cell.snapshot!, event);
}

/** What an actor has to tell others when it goes. */
function farewell({ snapshot, runtime }: Cell): Fold['effects'] {
  const messages = runtime.kind.farewell?.(snapshot!.context as never) ?? [];
  return messages.map((params) => ({ type: 'send', params }));
}

/** The statechart's own no: the snapshot and the other effects of this fold are dropped. */
function ownRefusal(effects: Fold['effects']): AppError | null {
  const effect = effects.find(({ type }) => type === 'refuse');
  if (!effect) return null;
  const { code, message } = (effect as { params: RefuseParams }).params;
  return new AppError(code, message);
}

/** What the event came from is used up. */
function endOrigin(draft: Draft, { origin }: Entry): void {
  const { cell } = draft;
  if (origin.from === 'timer') {
    cell.timers.delete(origin.timer.id);
    draft.timers.push({ op: 'cancel', timer: origin.timer });
  }
  if (origin.from === 'invocation') {
    cell.invocations.delete(origin.id);
    cell.running.delete(origin.id);
  }
  if (origin.from === 'message') consume(draft, origin.message);
}

function endLife(draft: Draft): void {
  const { cell } = draft;
  for (const timer of cell.timers.values()) draft.timers.push({ op: 'cancel', timer });
  draft.stopped.push(...cell.invocations.keys());
  cell.timers.clear();
  cell.invocations.clear();
  draft.removed = true;
}

export function goneView(revision: number): View {
  return { revision, value: null, context: null, status: 'stopped', output: undefined };
}

export function markOf(message: Message): Mark {
  return { revision: message.fromRevision, index: message.fromIndex };
}

/** Whether a message is not newer than this mark of its sender. */
export function covers(mark: Mark | undefined, message: Message): boolean {
  if (!mark) return false;
  const { fromRevision, fromIndex } = message;
  return fromRevision < mark.revision || (fromRevision === mark.revision && fromIndex <= mark.index);
}

function consumedBefore(cell: Cell, message: Message, world: TurnWorld): boolean {
  const sender = formatAddress(message.from);
  forgetHanded(cell, sender, message);
  let mark = cell.marks.get(sender);
  if (!mark) {
    mark = world.durableMark(cell, message.from);
    if (mark) cell.marks.set(sender, mark);
  }
  return covers(mark, message);
}

/** The newest one handed over leaves the mailbox: the mark takes its place. */
function forgetHanded(cell: Cell, sender: string, message: Message): void {
  const newest = cell.handed.get(sender);
  if (newest?.revision === message.fromRevision && newest.index === message.fromIndex) cell.handed.delete(sender);
}

function consume(draft: Draft, message: Message): void {
  draft.consumed.push(message);
  draft.cell.marks.set(formatAddress(message.from), markOf(message));
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

/**
 * Answers an entry that will not be folded. A message is consumed all the same, so that it is not sent forever, and
 * whoever waits for what would have come of it is told.
 */
export function refuse(
  draft: Draft,
  entry: Entry,
  error: AppError,
  world: Pick<TurnWorld, 'now' | 'parked'>,
  reason?: DeadLetter['reason'],
): void {
  const { cell } = draft;
  const { origin } = entry;
  const why = reason ?? (error.code === 'NOT_FOUND' ? 'orphaned' : 'refused');
  if (origin.from === 'call') {
    draft.refused.push({ call: origin.call, error });
    // A caller was told; only what it could not know is worth a letter.
    if (why === 'refused' || why === 'orphaned') return;
  }
  endOrigin(draft, entry);
  // Without an event no replay would know that this promise is over, and it would run again after every restart.
  if (origin.from === 'invocation') draft.wholeState = true;
  if (origin.from === 'message') {
    const { replyTo } = origin.message;
    if (replyTo?.to === 'actor') draft.messages.push(regret(origin.message, replyTo, error));
    const call = replyTo?.to === 'call' ? world.parked(replyTo.call) : undefined;
    if (call) draft.refused.push({ call, error });
  }
  draft.letters.push({
    at: world.now(),
    address: cell.address,
    type: entry.event.type,
    reason: why,
    detail: error.message,
    from: origin.from === 'message' ? origin.message.from : null,
  });
}
