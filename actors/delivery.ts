/** Messages and timers on their way from the host into mailboxes. What is not taken stays with the host. */
import { type Address, formatAddress } from './address.ts';
import type { Cell, Entry, KindRuntime } from './cell.ts';
import type { Host, Message, TimerSet } from './ports.ts';
import type { Residence } from './residence.ts';
import type { Scheduler } from './scheduler.ts';
import { estimateBytes } from './size.ts';
import { causedByTimer } from './snapshots.ts';
import { covers, markOf } from './turn.ts';

export interface DeliveryOptions {
  readonly host: Host;
  readonly kinds: ReadonlyMap<string, KindRuntime>;
  readonly residence: Residence;
  readonly scheduler: Scheduler;
  readonly accepting: () => boolean;
  readonly budgetBytes: number;
  readonly maxLive: number;
  readonly warn: (facts: object, message: string) => void;
}

export class Delivery {
  readonly #options: DeliveryOptions;
  /** Receivers that were turned away for want of memory. */
  readonly #starved = new Map<string, Address>();
  readonly #unknownKinds = new Set<string>();

  constructor(options: DeliveryOptions) {
    this.#options = options;
    options.host.onMessage((message) => this.#message(message));
    options.host.onTimer((address, timer) => this.#timer(address, timer));
  }

  /** After a turn: whoever was turned away is served once there is room again. */
  afterTurn(cell: Cell): void {
    if (cell.turnedAway && cell.mailbox.length * 2 < cell.mailbox.capacity) {
      cell.turnedAway = false;
      this.#options.host.redeliver(cell.address);
    }
    if (this.#starved.size > 0) this.relieve();
  }

  /** Serves those who were turned away for want of memory, as far as there is some now. */
  relieve(): void {
    const { host, scheduler, budgetBytes } = this.#options;
    if (scheduler.queuedBytes * 2 > budgetBytes) return;
    for (const [key, address] of this.#starved) {
      this.#starved.delete(key);
      host.redeliver(address);
      // Turned away again: it went to the back of the line.
      if (this.#starved.has(key)) break;
    }
  }

  #message(message: Message): boolean {
    const cell = this.#receiver(message.to);
    if (!cell) return false;
    const sender = formatAddress(message.from);
    // Its mailbox holds it already: the host hands over again whatever is not consumed.
    if (covers(cell.handed.get(sender), message)) return true;
    const entry: Entry = {
      event: message.event,
      origin: { from: 'message', message },
      bytes: estimateBytes(message.event),
      correlationId: message.correlationId,
      causationId: message.id,
      crashes: 0,
    };
    if (!this.#options.scheduler.push(cell, entry, 'user')) {
      cell.turnedAway = true;
      return false;
    }
    cell.handed.set(sender, markOf(message));
    return true;
  }

  #timer(address: Address, timer: TimerSet): boolean {
    const cell = this.#receiver(address);
    if (!cell) return false;
    const event = { ...timer.event, timerId: timer.id };
    const entry: Entry = {
      event,
      origin: { from: 'timer', timer },
      bytes: estimateBytes(event),
      correlationId: null,
      causationId: causedByTimer(timer.id),
      crashes: 0,
    };
    return this.#options.scheduler.push(cell, entry, 'system');
  }

  /** The cell, if it can take something now. */
  #receiver(address: Address): Cell | null {
    const { kinds, residence, accepting } = this.#options;
    if (!accepting()) return null;
    if (!kinds.has(address.kind)) {
      // An application's kind may be defined later; until then its messages and timers wait where they are.
      this.#warnOnce(address.kind);
      return null;
    }
    if (this.#noRoom(address)) {
      this.#starved.set(formatAddress(address), address);
      return null;
    }
    const cell = residence.cellOf(address);
    // What it is owed comes first, or a sender's messages would change their order.
    return cell.status === 'quarantined' || cell.owed ? null : cell;
  }

  #noRoom(address: Address): boolean {
    const { scheduler, residence, budgetBytes, maxLive } = this.#options;
    if (scheduler.queuedBytes > budgetBytes) return true;
    // Cells with mail cannot leave; twice the wanted number is where new ones have to wait.
    return residence.size >= 2 * maxLive && scheduler.queued > 0 && !residence.present(address);
  }

  #warnOnce(kind: string): void {
    if (this.#unknownKinds.has(kind)) return;
    this.#unknownKinds.add(kind);
    this.#options.warn({ kind }, 'messages or timers wait for a kind that is not defined here');
  }
}
