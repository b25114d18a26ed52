/** The log is the truth: folding it from the first event gives the very bytes the live system holds. */
import { expect, it } from 'vitest';
import type { PersistedState } from '../../actors/kind.ts';
import { session as sessionKind } from '../../actors/kinds/session.ts';
import type { View } from '../../actors/ports.ts';
import { CREATED } from '../../actors/snapshots.ts';
import { Statechart } from '../../actors/statechart.ts';
import { encode } from '../../src/host/codec.ts';
import { readActivation } from '../../src/host/rows.ts';
import type { Store } from '../../src/store/store.ts';
import { at, type Client } from '../support/client.ts';
import { serve, tempDir } from '../support/server.ts';

const TENANT = 'ada';

const bytesOf = (state: PersistedState) => Buffer.from(encode(state)).toString('base64');

function bytesOfView({ value, context, status, output }: View): string {
  return bytesOf({ value, context, status, output: output ?? null, historyValue: null });
}

/** Takes the snapshots away and folds a session's events from revision 1. */
async function replay(store: Store, id: string): Promise<{ bytes: string; events: number; types: string[] }> {
  await store.commit([{ op: 'del', table: 'snapshot', key: [TENANT, 'session', id] }]);
  const { snapshot: none, tail } = readActivation(store, { tenant: TENANT, kind: 'session', id })!;
  expect(none).toBeNull();
  const chart = new Statechart(sessionKind.machine);
  const [birth, ...life] = tail;
  expect([birth?.revision, birth?.type]).toEqual([1, CREATED]);
  let { snapshot } = chart.initial((birth!.event as { input: unknown }).input);
  for (const { event } of life) snapshot = chart.fold(snapshot, event as { type: string }).snapshot;
  return { bytes: bytesOf(chart.persist(snapshot)), events: tail.length, types: tail.map(({ type }) => type) };
}

/** Every command there is, over and over, so that snapshots are taken between. */
async function busyLife(client: Client, turns: number, tell: (id: string) => Promise<unknown>): Promise<string> {
  const embedding = await client.embed('billing');
  const id = await client.create({
    policy_vectors: [{ embedding }],
    memory: { short_term: 5, medium_term: 5, long_term: 9 },
  });
  const spam = await client.embed('buy cheap watches');
  for (let turn = 0; turn < turns; turn++) {
    await client.run({ session_id: id, message: `question ${turn} about billing and port ${turn}` });
    await client.store({ session_id: id, response: `answer ${turn}` });
    if (turn % 5 === 0) await client.ok('POST', at(id, 'entities'), { key: `k${turn}/port`, kind: 'path', value: 'v' });
    if (turn % 9 === 0) await client.ok('POST', at(id, 'trigger'), { keyword: `port ${turn + 2}` });
    if (turn % 11 === 0) await client.ok('POST', at(id, 'anchor'), { embedding });
    if (turn % 13 === 0) await client.ok('POST', at(id, 'memory'), { embedding, text: `by hand ${turn}` });
    if (turn % 17 === 0) {
      await client.ok('PUT', at(id, 'isolation'), { level: 'QUARANTINE', exclusion_embeddings: [spam] });
      await client.run({ session_id: id, message: 'buy cheap watches' });
      await client.ok('PUT', at(id, 'isolation'), { level: 'OPEN' });
      await client.ok('POST', at(id, 'isolation/release'));
    }
    if (turn === 20) await tell(id);
    if (turn % 29 === 28) {
      const { state_dict } = await client.export(id);
      await client.run({ session_id: id, message: 'again', reset_context: true });
      await client.ok('POST', at(id, 'import'), { state_dict });
    }
  }
  await client.ok('DELETE', at(id, 'entities/k0/port'));
  await client.ok('DELETE', at(id, 'trigger'));
  return id;
}

it('gives the same bytes live, after a restart from snapshots, and folded from the first event', {
  timeout: 120_000,
}, async () => {
  const data = await tempDir();
  const first = await serve({ data });
  const address = (id: string) => ({ tenant: TENANT, kind: 'session', id });
  // No operation of a session sends these; clusters, regions and transfers do.
  const tell = async (id: string) => {
    const vector = new Float64Array(384).fill(0.05);
    for (const event of [
      { type: 'vector.set', state: vector },
      { type: 'cluster.join', cluster: 'c' },
      { type: 'vector.blend', vector, share: 0.3 },
      { type: 'cluster.leave', cluster: 'c' },
    ]) {
      await first.running.runtime.system.ask(address(id), event);
    }
  };
  const ids = await Promise.all([90, 3, 1].map(async (turns) => busyLife(await first.as(TENANT), turns, tell)));
  const live = await Promise.all(
    ids.map(async (id) => bytesOfView((await first.running.runtime.system.read(address(id)))!)),
  );
  await first.close();

  const second = await serve({ data });
  const { store, system } = second.running.runtime;
  expect(store.count('snapshot')).toBeGreaterThan(0);
  const types = new Set<string>();
  for (const [i, id] of ids.entries()) {
    expect(bytesOfView((await system.read(address(id)))!) === live[i], `${id}: after the restart`).toBe(true);
    const replayed = await replay(store, id);
    expect(replayed.events).toBeGreaterThan(3);
    expect(replayed.bytes === live[i], `${id}: folded from zero`).toBe(true);
    for (const type of replayed.types) types.add(type);
  }
  // A command that is added later has to be added to the busy life.
  expect([...types].sort()).toEqual([CREATED, ...Object.keys(sessionKind.commands)].sort());
});
