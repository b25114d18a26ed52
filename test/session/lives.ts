/** Long lives of a session that touch everything: used where a property must hold whatever happens. */
import { ISOLATION_LEVELS, TIERS } from '../../actors/kinds/session/model.ts';
import { Driven, MINUTE, v } from './drive.ts';

/** Numbers in [0, 1) that look random and are always the same. */
export function lottery(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

/** Sends one command picked by the lottery. All commands but `import`; some of them fail, which is part of it. */
export function anything(session: Driven, draw: () => number): unknown {
  const whole = (n: number) => Math.floor(draw() * n);
  const embedding = () => (draw() < 0.05 ? v(0, 0, 0) : v(draw() - 0.3, draw() - 0.3, draw() - 0.3));
  const pendingId = session.context.pending?.id ?? null;
  const text = () => `${['alpha', 'beta', 'urgent', 'beta  GAMMA'][whole(4)]} ${whole(30)}`;
  const timestamp = draw() < 0.2 ? whole(1_000) * MINUTE : null;
  const episode = draw() < 0.05 ? `e${whole(3)}` : null;
  const pick = draw();
  if (pick < 0.3) {
    const response = draw() < 0.5 ? { text: text(), embedding: embedding(), pendingId } : null;
    const recalled = session.context.memories.slice(0, 3).map((m) => m.hash);
    return session.try('run', { message: text(), embedding: embedding(), response, recalled, timestamp, episode });
  }
  if (pick < 0.6)
    return session.try('store', { response: text(), embedding: embedding(), pendingId, timestamp, episode });
  if (pick < 0.68) {
    const own = { message: text(), messageEmbedding: embedding() };
    const extra = [{ text: text(), embedding: embedding() }];
    return session.try('store', { ...own, response: text(), embedding: embedding(), extra });
  }
  if (pick < 0.7) return session.try('trigger.add', { trigger: { keyword: 'urgent', threshold: 0.8, weight: 1 } });
  if (pick < 0.71)
    return session.try('trigger.add', { trigger: { embedding: embedding(), threshold: 0.9, weight: 2 } });
  if (pick < 0.72) return session.try('trigger.clear');
  if (pick < 0.75) return session.try('anchor.add', { embedding: embedding() });
  if (pick < 0.79) {
    const lists = { exclusions: [embedding()], allowlist: draw() < 0.3 ? [embedding()] : [] };
    return session.try('isolate', { level: ISOLATION_LEVELS[whole(4)]!, ...lists, threshold: 0.9 });
  }
  if (pick < 0.82) return session.can('release') ? session.try('release') : null;
  if (pick < 0.86) {
    return session.try('memory.inject', {
      text: text(),
      embedding: embedding(),
      tier: TIERS[whole(3)]!,
      importance: draw(),
    });
  }
  if (pick < 0.92) return session.try('entity.put', { key: `k${whole(9)}`, importance: draw() });
  if (pick < 0.94) return session.try('entity.remove', { key: `k${whole(9)}` });
  if (pick < 0.96) return session.try('entity.touch', { keys: [`k${whole(9)}`] });
  if (pick < 0.99) return session.try('vector.set', { state: Float64Array.from(embedding()) });
  return session.try('run', { reset: true, embedding: embedding() });
}

export function livedSession(seed: number, commands: number): Driven {
  const session = new Driven({
    config: { dimension: 3, memory: { short_term: 3, medium_term: 5, long_term: 8 } },
    policies: [{ embedding: v(1, 1, 0), weight: 1.5, promote: true }],
  });
  const draw = lottery(seed);
  for (let i = 0; i < commands; i++) anything(session, draw);
  return session;
}
