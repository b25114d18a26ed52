/** A turn as rows: what one commit of an actor writes, and how an actor is read back. */
import type { Address } from '../../actors/address.ts';
import { AppError } from '../../actors/errors.ts';
import { RUNTIME_KIND } from '../../actors/kind.ts';
import type { Activation, FoldedEvent, Message, StoredSnapshot, TimerSet, Turn } from '../../actors/ports.ts';
import type { Key, Op, Store } from '../store/store.ts';
import { decodeRow, encode, seal, unseal } from './codec.ts';
import { type ActorRow, readActor, readEvent } from './log.ts';

export function actorKey({ tenant, kind, id }: Address): Key {
  return [tenant, kind, id];
}

export function outboxKey({ to, from, fromRevision, fromIndex }: Message): Key {
  return [to.tenant, to.kind, to.id, from.kind, from.id, fromRevision, fromIndex];
}

/** The revision belongs to it: a timer set anew for the same moment is another row, which the old one's end spares. */
export function timerKey(address: Address, timer: TimerSet): Key {
  return [timer.due, address.tenant, address.kind, address.id, timer.id, timer.revision];
}

export function markKey(receiver: Address, sender: Address): Key {
  return [receiver.tenant, receiver.kind, receiver.id, sender.kind, sender.id];
}

export function replyKey(tenant: string, key: string): Key {
  return [tenant, 'turn', key];
}

/** Everything of a turn but its log records. */
export function turnOps(turn: Turn, at: number): Op[] {
  const ops: Op[] = [];
  const { address } = turn;
  const key = actorKey(address);
  const last = turn.baseRevision + turn.events.length;
  if (turn.created && !turn.removed) {
    const row: ActorRow = { revision: last, removed: false, born: turn.baseRevision + 1 };
    ops.push({ op: 'put', table: 'actor', key, value: encode(row) });
  }
  if (turn.snapshot) ops.push({ op: 'put', table: 'snapshot', key, value: seal(turn.snapshot) });
  for (const { op, timer } of turn.timers) {
    if (op === 'cancel') ops.push({ op: 'del', table: 'timer', key: timerKey(address, timer) });
    else ops.push({ op: 'put', table: 'timer', key: timerKey(address, timer), value: encode(timer) });
  }
  for (const message of turn.consumed) {
    ops.push({ op: 'del', table: 'outbox', key: outboxKey(message) });
    // The runtime's own messages have a sender each, so a mark would stay for ever and be of no use.
    if (message.from.kind === RUNTIME_KIND) continue;
    const mark = encode([message.fromRevision, message.fromIndex]);
    ops.push({ op: 'put', table: 'dedup', key: markKey(address, message.from), value: mark });
  }
  for (const message of turn.messages) {
    ops.push({ op: 'put', table: 'outbox', key: outboxKey(message), value: encode(message) });
  }
  for (const { key: name, ...remembered } of turn.replies) {
    const value = encode({ at, ...remembered });
    ops.push({ op: 'put', table: 'replay', key: replyKey(address.tenant, name), value });
  }
  if (turn.removed) {
    const row: ActorRow = { revision: last, removed: true, born: last + 1 };
    ops.push(
      { op: 'clear', table: 'event', prefix: key },
      // Whatever it consumed left the outbox in the same commit, so nothing can come twice.
      { op: 'clear', table: 'dedup', prefix: key },
      { op: 'del', table: 'snapshot', key },
      { op: 'put', table: 'actor', key, value: encode(row) },
    );
  }
  return ops;
}

/** @throws AppError CORRUPTED when events are missing or a checksum does not fit */
export function readActivation(store: Store, address: Address): Activation | undefined {
  const row = readActor(store, address);
  if (!row) return undefined;
  if (row.removed) return { revision: row.revision, snapshot: null, tail: [] };
  const key = actorKey(address);
  const name = `${address.kind} "${address.id}"`;
  const sealed = store.get('snapshot', key);
  const snapshot = sealed ? unseal<StoredSnapshot>(sealed, `snapshot of ${name}`) : null;
  let revision = snapshot?.revision ?? row.born - 1;
  const tail: FoldedEvent[] = [];
  for (const { key: at, value } of store.range('event', { prefix: key, from: [...key, revision + 1] })) {
    const found = at[3] as number;
    if (found !== ++revision) {
      throw new AppError('CORRUPTED', `${name}: event ${revision} is missing, found ${found}`);
    }
    tail.push(readEvent(found, value));
  }
  return { revision, snapshot, tail };
}

/**
 * Messages that wait, by receiver and then in each sender's order.
 *
 * @param skip asked before each message; the rest of a receiver it names is not even read
 */
export function* readMessages(store: Store, prefix: Key, skip: (to: Address) => boolean): Generator<Message> {
  let from: Key | undefined;
  for (;;) {
    let skipped: Key | undefined;
    for (const { key, value } of store.range('outbox', { prefix, ...(from ? { from } : {}) })) {
      const [tenant, kind, id] = key as [string, string, string];
      if (skip({ tenant, kind, id })) {
        // No id holds a NUL, so nothing lies between.
        skipped = [tenant, kind, `${id}\0`];
        break;
      }
      yield decodeRow<Message>('outbox', key, value);
    }
    if (!skipped) return;
    from = skipped;
  }
}
