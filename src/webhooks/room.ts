/**
 * How many attempts are under way at once: in all, and for one tenant, so that nobody's hanging receivers take
 * everybody's places. Whoever finds no room waits; the first in line whose tenant has a place is next.
 */
interface Waiting {
  readonly tenant: string;
  readonly enter: () => void;
}

export interface RoomOptions {
  readonly total: number;
  readonly perTenant: number;
}

export class Room {
  readonly #options: RoomOptions;
  readonly #inside = new Map<string, number>();
  #taken = 0;
  #waiting: Waiting[] = [];

  constructor(options: RoomOptions) {
    this.#options = options;
  }

  /** Runs `work` as soon as there is a place for it. */
  async run<T>(tenant: string, work: () => Promise<T>): Promise<T> {
    if (this.#isFree(tenant)) this.#take(tenant);
    else await new Promise<void>((enter) => this.#waiting.push({ tenant, enter }));
    try {
      return await work();
    } finally {
      this.#leave(tenant);
    }
  }

  get taken(): number {
    return this.#taken;
  }

  #isFree(tenant: string): boolean {
    const { total, perTenant } = this.#options;
    return this.#taken < total && (this.#inside.get(tenant) ?? 0) < perTenant;
  }

  #take(tenant: string): void {
    this.#taken++;
    this.#inside.set(tenant, (this.#inside.get(tenant) ?? 0) + 1);
  }

  #leave(tenant: string): void {
    this.#taken--;
    const left = this.#inside.get(tenant)! - 1;
    if (left === 0) this.#inside.delete(tenant);
    else this.#inside.set(tenant, left);
    const next = this.#waiting.findIndex((waiting) => this.#isFree(waiting.tenant));
    if (next < 0) return;
    const [waiting] = this.#waiting.splice(next, 1) as [Waiting];
    // Taken here and not when it wakes: nobody else may slip in between.
    this.#take(waiting.tenant);
    waiting.enter();
  }
}
