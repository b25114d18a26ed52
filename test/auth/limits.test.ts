/** Rate limits as published, with memory that stays bounded. */
import { beforeEach, describe, expect, it } from 'vitest';
import { createRateLimiter, type RateLimiterOptions, rateLimitHeaders } from '../../src/auth/index.ts';

let now: number;
beforeEach(() => {
  // Not a whole number of ms, as performance.now() is not.
  now = 12_345.678_9;
});
const limiterWith = (options: Partial<RateLimiterOptions> = {}) =>
  createRateLimiter({ clock: { monotonic: () => now }, ...options });
const ada = { tenant: 'ada', tier: 'community' } as const;
const pro = { tenant: 'bob', tier: 'pro' } as const;
const PER_SESSION = {
  community: { perSecond: 1, burst: 3 },
  pro: { perSecond: 1, burst: 3 },
  enterprise: { perSecond: 1, burst: 3 },
};

/** How many of `tries` requests at this moment are allowed. */
function allowed(limiter: ReturnType<typeof limiterWith>, caller: Parameters<typeof limiter.take>[0], tries: number) {
  return Array.from({ length: tries }, () => limiter.take(caller)).filter((decision) => decision.allowed).length;
}

describe('the published tiers', () => {
  it('give community a burst of 50, then 5 a second', () => {
    const limiter = limiterWith();
    expect(allowed(limiter, ada, 60)).toBe(50);
    now += 1_000;
    expect(allowed(limiter, ada, 10)).toBe(5);
    now += 3_600_000;
    expect(allowed(limiter, ada, 60)).toBe(50);
  });

  it('hold community to 5 a second over an hour of asking 100 times a second', () => {
    const limiter = limiterWith();
    let count = 0;
    for (let step = 0; step < 360_000; step++) {
      if (limiter.take(ada).allowed) count++;
      now += 10;
    }
    // 50 at the start and 5 for each of the 3,599.99 s after the first request.
    expect(count).toBe(50 + 17_999);
  });

  it('give pro a burst of 2,000, then 200 a second', () => {
    const limiter = limiterWith();
    expect(allowed(limiter, pro, 2_100)).toBe(2_000);
    now += 1_000;
    expect(allowed(limiter, pro, 300)).toBe(200);
  });

  it('never stop enterprise, and keep nothing about it', () => {
    const limiter = limiterWith();
    expect(allowed(limiter, { tenant: 'acme', tier: 'enterprise' }, 10_000)).toBe(10_000);
    expect(limiter.size).toBe(0);
    expect(rateLimitHeaders(limiter.take({ tenant: 'acme', tier: 'enterprise' }))).toEqual({});
  });

  it('do not let one subject feel another', () => {
    const limiter = limiterWith();
    allowed(limiter, ada, 60);
    expect(limiter.take({ ...ada, tenant: 'eve' }).remaining).toBe(49);
  });

  it('ease at once when a subject moves up', () => {
    const limiter = limiterWith();
    allowed(limiter, ada, 60);
    now += 5;
    expect(limiter.take({ ...ada, tier: 'pro' }).allowed).toBe(true);
  });
});

describe('a refusal', () => {
  it('names whole seconds after which a request is allowed', () => {
    const limiter = limiterWith({ subjects: { ...PER_SESSION, community: { perSecond: 0.1, burst: 1 } } });
    limiter.take(ada);
    now += 400;
    const refused = limiter.take(ada);
    expect(refused).toMatchObject({ allowed: false, remaining: 0, retryAfterSeconds: 10 });
    now += refused.retryAfterSeconds * 1_000;
    expect(limiter.take(ada).allowed).toBe(true);
  });

  it('asks for a second at least', () => {
    const limiter = limiterWith();
    allowed(limiter, ada, 50);
    expect(limiter.take(ada).retryAfterSeconds).toBe(1);
  });

  it('takes nothing: who keeps knocking is let in as early as who waits', () => {
    const limiter = limiterWith();
    allowed(limiter, ada, 1_000);
    now += 200;
    expect(limiter.take(ada).allowed).toBe(true);
  });
});

describe('the limit per session', () => {
  it('stops one session and not the next', () => {
    const limiter = limiterWith({ sessions: PER_SESSION });
    for (let n = 0; n < 3; n++) expect(limiter.take(ada, 's1').allowed).toBe(true);
    expect(limiter.take(ada, 's1')).toMatchObject({ allowed: false, policy: 'session', limit: 3 });
    expect(limiter.take(ada, 's2')).toMatchObject({ allowed: true, policy: 'session', remaining: 2 });
  });

  it('costs the subject nothing when it refuses', () => {
    const limiter = limiterWith({ sessions: PER_SESSION });
    for (let n = 0; n < 40; n++) limiter.take(ada, 's1');
    expect(limiter.take(ada).remaining).toBe(46);
  });

  it('cannot be used up by somebody who only knows the id', () => {
    const limiter = limiterWith({ sessions: PER_SESSION });
    for (let n = 0; n < 10; n++) limiter.take({ ...ada, tenant: 'eve' }, 's1');
    expect(limiter.take(ada, 's1').allowed).toBe(true);
  });

  it('holds where the subject has none', () => {
    const limiter = limiterWith({ sessions: PER_SESSION });
    const acme = { tenant: 'acme', tier: 'enterprise' } as const;
    for (let n = 0; n < 3; n++) limiter.take(acme, 's1');
    expect(limiter.take(acme, 's1').allowed).toBe(false);
    expect(limiter.take(acme).allowed).toBe(true);
  });

  it('needs no bucket of its own while it equals the subject’s', () => {
    const limiter = limiterWith();
    for (let n = 0; n < 50; n++) expect(limiter.take(ada, `s${n % 2}`).allowed).toBe(true);
    expect(limiter.take(ada, 's0').allowed).toBe(false);
    expect(limiter.size).toBe(1);
  });
});

describe('memory', () => {
  it('stays bounded in a flood of subjects and of invented session ids', () => {
    const limiter = limiterWith({ maxBuckets: 100, sessions: PER_SESSION });
    for (let n = 0; n < 10_000; n++) limiter.take({ tenant: `t${n}`, tier: 'pro' }, `s${n}`);
    expect(limiter.size).toBe(200);
  });

  it('keeps what it knows about a subject in a flood of session ids', () => {
    const limiter = limiterWith({ maxBuckets: 10, sessions: PER_SESSION });
    for (let n = 0; n < 1_000; n++) limiter.take(ada, `s${n}`);
    expect(limiter.take(ada).allowed).toBe(false);
  });

  it('is given back when buckets are full again', () => {
    const limiter = limiterWith();
    for (let n = 0; n < 1_000; n++) limiter.take({ tenant: `t${n}`, tier: 'community' });
    expect(limiter.size).toBe(1_000);
    now += 60_000;
    for (let n = 0; n < 1_000; n++) limiter.take(ada);
    expect(limiter.size).toBe(1);
  });
});

describe('the headers', () => {
  it('name policy, rest and reset in the draft-10 and in the older form', () => {
    const limiter = limiterWith();
    for (let n = 0; n < 37; n++) limiter.take(ada);
    // 38 requests: 12 of 50 left, 38 × 200 ms = 7.6 s until all are back.
    expect(rateLimitHeaders(limiter.take(ada))).toEqual({
      'RateLimit-Policy': '"default";q=50;w=10',
      RateLimit: '"default";r=12;t=8',
      'RateLimit-Limit': '50',
      'RateLimit-Remaining': '12',
      'RateLimit-Reset': '8',
    });
  });

  it('add Retry-After on a refusal', () => {
    const limiter = limiterWith();
    allowed(limiter, ada, 50);
    const headers = rateLimitHeaders(limiter.take(ada));
    expect(headers).toMatchObject({ 'Retry-After': '1', 'RateLimit-Remaining': '0', 'RateLimit-Reset': '10' });
  });
});
