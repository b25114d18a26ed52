/** From an event to the next state of the signal, and what it wants from the world. */
import { ask, publish, refused, reply, type Step } from '../wishes.ts';
import { endOf, isAlive, strengthAt } from './decay.ts';
import {
  type CommandName,
  type Deposit,
  type Payload,
  type ShareAnswer,
  type SignalEventIn,
  schemas,
} from './events.ts';
import type { SignalContext, Touch, Touched } from './model.ts';
import { touch } from './touch.ts';

/** Handles one event. The context passed in is never changed. */
export function handle(context: SignalContext, event: SignalEventIn): Step<SignalContext> {
  const { type } = event;
  if (type !== 'post' && type !== 'share') return answered(context, event as ShareAnswer);
  const checked = schemas[type as CommandName].safeParse(event);
  if (!checked.success) {
    const [issue] = checked.error.issues;
    return refused(context, 'INVALID', `${type}: ${issue?.path.join('.')} ${issue?.message}`);
  }
  if (type === 'post') return post(context, checked.data as Payload<'post'>);
  const { at, event_id, deposit } = checked.data as Payload<'share'>;
  const { next, touched, wishes } = apply(context, event_id, deposit, at);
  return { context: next, wishes: [...wishes, reply(touched)] };
}

function post(context: SignalContext, { at, semp, deposit, others }: Payload<'post'>): Step<SignalContext> {
  const { next, touched, wishes } =
    deposit === null ? { next: context, touched: null, wishes: [] } : apply(context, semp.id, deposit, at);
  const touches = touched?.id ? [touched] : [];
  if (others.length === 0) return { context: next, wishes: [...wishes, reply({ at, touches })] };
  const shares = others.map((other, index) =>
    ask(
      'signal',
      other.actor,
      { type: 'share', event_id: semp.id, deposit: other.deposit },
      `shared.${semp.id}.${index}`,
    ),
  );
  const waiting = { ...next.waiting, [semp.id]: { at, left: others.length, touches } };
  return { context: { ...next, waiting }, wishes: [...wishes, ...shares] };
}

/** Whoever posted the event hears of it when all its signals have changed. */
function answered(context: SignalContext, { type, value }: ShareAnswer): Step<SignalContext> {
  const eventId = type.split('.')[1]!;
  const before = context.waiting[eventId];
  if (!before) return { context, wishes: [] };
  const touch = value as Touch | undefined;
  const now = { ...before, left: before.left - 1, touches: touch?.id ? [...before.touches, touch] : before.touches };
  const { [eventId]: _, ...rest } = context.waiting;
  if (now.left > 0) return { context: { ...context, waiting: { ...rest, [eventId]: now } }, wishes: [] };
  return { context: { ...context, waiting: rest }, wishes: [reply({ at: now.at, touches: now.touches })] };
}

function apply(context: SignalContext, eventId: string, deposit: Deposit, at: number) {
  const { scope, pattern, living: before } = context;
  const present = before !== null && isAlive(before, at) ? before : null;
  const living = touch(before, deposit, at);
  const id = (present ?? living)?.id ?? null;
  const from = present ? strengthAt(present, at) : 0;
  const to = living ? strengthAt(living, at) : 0;
  const touched: Touch = { scope, pattern, id, from, to };
  // A penalty on nothing is nothing to tell; that a signal is gone meanwhile everybody can work out.
  if (id === null) return { next: context, touched, wishes: [] };
  const fact: Touched = {
    scope,
    pattern,
    id,
    from,
    to,
    event_id: eventId,
    cause: deposit.type,
    signal: living,
    ends: living && endOf(living),
    ended: before && endOf(before),
  };
  return { next: { ...context, living }, touched, wishes: [publish('touched', fact)] };
}
