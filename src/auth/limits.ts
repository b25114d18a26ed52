/**
 * Rate limits: a token bucket per subject, and one per session where its limit is tighter.
 *
 * A bucket is one number, the time at which it will be full again (the generic cell rate algorithm, ITU-T I.371): its
 * tokens follow from that time, the rate and the clock, so an idle bucket needs no refilling and a full one no entry.
 */
import type { Clock } from '../../actors/ports.ts';
import type { Tier } from './token.ts';
import type { Identity } from './verify.ts';

export interface RateLimit {
  /** Requests per second, sustained. */
  readonly perSecond: number;
  /** Requests at once after a pause. */
  readonly burst: number;
}

export type TierLimits = Readonly<Record<Tier, RateLimit | null>>;

/** As published; `null` is no limit. */
export const TIER_LIMITS: TierLimits = {
  community: { perSecond: 5, burst: 50 },
  pro: { perSecond: 200, burst: 2_000 },
  enterprise: null,
};

/** Of the environment (`sel`), published by the minute: 100 and 1,000, beyond that by agreement. */
export const ENVIRONMENT_LIMITS: TierLimits = {
  community: { perSecond: 100 / 60, burst: 100 },
  pro: { perSecond: 1_000 / 60, burst: 1_000 },
  enterprise: null,
};

/** What became of one request. */
export interface RateDecision {
  readonly allowed: boolean;
  /** The limit nearest to its end: the subject's (`default`) or the session's. */
  readonly policy: 'default' | 'session';
  /** Requests per window; Infinity when there is no limit. */
  readonly limit: number;
  /** Time in which an empty bucket fills. */
  readonly windowSeconds: number;
  /** Whole requests left. */
  readonly remaining: number;
  /** Until all of `limit` is there again. */
  readonly resetSeconds: number;
  /** Until a request is allowed again: whole, at least 1 on a refusal; 0 when allowed. */
  readonly retryAfterSeconds: number;
}

export interface RateLimiter {
  /**
   * Takes one request from the subject's bucket and, when a session is named, from that session's, or from neither. The
   * session's bucket belongs to the subject too: naming somebody else's session does not cost its owner anything.
   */
  take(caller: Pick<Identity, 'tenant' | 'tier'>, sessionId?: string): RateDecision;
  /** Buckets in memory. */
  readonly size: number;
}

export interface RateLimiterOptions {
  readonly clock: Pick<Clock, 'monotonic'>;
  /** Default: {@link TIER_LIMITS}. */
  readonly subjects?: TierLimits;
  /**
   * Default: {@link TIER_LIMITS}. A session is used by one subject only, so with equal limits the subject's bucket is
   * never fuller than the session's and the latter is left out; it counts once this is tighter.
   */
  readonly sessions?: TierLimits;
  /** Per sort, default 100,000. Beyond it the bucket unused for longest is forgotten, which only favours its owner. */
  readonly maxBuckets?: number;
}

const UNLIMITED: RateDecision = {
  allowed: true,
  policy: 'default',
  limit: Infinity,
  windowSeconds: 0,
  remaining: Infinity,
  resetSeconds: 0,
  retryAfterSeconds: 0,
};
/** Far below a request's worth and far above what adding floats loses. */
const TOLERANCE_MS = 1e-6;

/** Makes a rate limiter whose memory is bounded whoever calls. */
export function createRateLimiter(options: RateLimiterOptions): RateLimiter {
  const { clock, subjects = TIER_LIMITS, sessions = TIER_LIMITS, maxBuckets = 100_000 } = options;
  // Two maps: invented session ids must not push out what is known about subjects.
  const bySubject = new Buckets(maxBuckets);
  const bySession = new Buckets(maxBuckets);

  return {
    take({ tenant, tier }, sessionId) {
      const now = clock.monotonic();
      const draws: Draw[] = [];
      const subjectLimit = subjects[tier];
      const sessionLimit = sessions[tier];
      if (subjectLimit !== null) draws.push(bySubject.draw('default', tenant, subjectLimit, now));
      if (sessionId !== undefined && sessionLimit !== null && isTighter(sessionLimit, subjectLimit)) {
        // No subject holds a NUL, so two pairs never share a key.
        draws.push(bySession.draw('session', `${tenant}\0${sessionId}`, sessionLimit, now));
      }
      const allowed = draws.every((draw) => draw.decision.allowed);
      for (const draw of draws) draw.settle(allowed);
      // A refusal is reported with the longest wait, an approval with the least left.
      const [nearest] = draws
        .map((draw) => draw.decision)
        .sort((a, b) => b.retryAfterSeconds - a.retryAfterSeconds || a.remaining - b.remaining);
      return nearest ?? UNLIMITED;
    },
    get size() {
      return bySubject.size + bySession.size;
    },
  };
}

/**
 * Puts a decision into headers: `RateLimit-Policy` and `RateLimit` as of draft-ietf-httpapi-ratelimit-headers-10, the
 * older `RateLimit-Limit`, `-Remaining` and `-Reset` that many clients still read, and `Retry-After` on a refusal.
 */
export function rateLimitHeaders(decision: RateDecision): Record<string, string> {
  const { allowed, policy, limit, windowSeconds, remaining, resetSeconds, retryAfterSeconds } = decision;
  if (limit === Infinity) return {};
  return {
    'RateLimit-Policy': `"${policy}";q=${limit};w=${windowSeconds}`,
    RateLimit: `"${policy}";r=${remaining};t=${resetSeconds}`,
    'RateLimit-Limit': String(limit),
    'RateLimit-Remaining': String(remaining),
    'RateLimit-Reset': String(resetSeconds),
    ...(allowed ? {} : { 'Retry-After': String(retryAfterSeconds) }),
  };
}

/** The names under which clients of the environment look for them; beside those of {@link rateLimitHeaders}. */
export function environmentLimitHeaders({ limit, remaining, resetSeconds }: RateDecision): Record<string, string> {
  if (limit === Infinity) return {};
  return {
    'X-RateLimit-Limit': String(limit),
    'X-RateLimit-Remaining': String(remaining),
    'X-RateLimit-Reset': String(resetSeconds),
  };
}

/** A request's claim on one bucket: nothing is taken before `settle(true)`. */
interface Draw {
  readonly decision: RateDecision;
  settle(taken: boolean): void;
}

class Buckets {
  /** When each bucket will be full, in monotonic ms; the one unused for longest first. */
  readonly #fullAt = new Map<string, number>();
  readonly #capacity: number;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  get size(): number {
    return this.#fullAt.size;
  }

  draw(policy: RateDecision['policy'], key: string, { perSecond, burst }: RateLimit, now: number): Draw {
    const tokenMs = 1000 / perSecond;
    const windowMs = burst * tokenMs;
    // Never beyond an empty bucket: after a change of tier the old debt could exceed the new window.
    const before = Math.min(Math.max(this.#fullAt.get(key) ?? now, now), now + windowMs);
    const after = before + tokenMs;
    const allowed = after - now <= windowMs + TOLERANCE_MS;
    const fullAt = allowed ? after : before;
    return {
      decision: {
        allowed,
        policy,
        limit: burst,
        windowSeconds: Math.ceil(windowMs / 1000),
        remaining: Math.floor((windowMs - (fullAt - now) + TOLERANCE_MS) / tokenMs),
        resetSeconds: Math.ceil((fullAt - now - TOLERANCE_MS) / 1000),
        retryAfterSeconds: allowed ? 0 : Math.max(1, Math.ceil((after - now - windowMs - TOLERANCE_MS) / 1000)),
      },
      settle: (taken) => this.#put(key, taken ? fullAt : before, now),
    };
  }

  #put(key: string, fullAt: number, now: number): void {
    this.#fullAt.delete(key);
    if (fullAt > now) this.#fullAt.set(key, fullAt);
    // A full bucket is the same as none. One goes in at a time, so looking at two keeps the map shrinking when idle.
    for (let looked = 0; looked < 2; looked++) {
      const oldest = this.#fullAt.entries().next().value;
      if (oldest === undefined || (oldest[1] > now && this.#fullAt.size <= this.#capacity)) return;
      this.#fullAt.delete(oldest[0]);
    }
  }
}

function isTighter(session: RateLimit, subject: RateLimit | null): boolean {
  return subject === null || session.perSecond < subject.perSecond || session.burst < subject.burst;
}
