/** A network of agents in one process. */
import { describe, expect, it } from 'vitest';
import { openSynod, temporaryDirectory } from './machines.ts';

async function pair() {
  const synod = await openSynod();
  const network = await synod.agents({ name: 'team', feedbackStrength: 0.5 });
  const [ada, bob] = [await network.agent('ada'), await network.agent('bob')];
  return { synod, network, ada, bob };
}

const cosine = (a: ArrayLike<number>, b: ArrayLike<number>) => {
  let [ab, aa, bb] = [0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    ab += a[i]! * b[i]!;
    aa += a[i]! ** 2;
    bb += b[i]! ** 2;
  }
  return ab / Math.sqrt(aa * bb);
};

describe('a network of agents', () => {
  it('is empty and without a direction at first', async () => {
    const { network, ada } = await pair();
    const { coherence, aggregate, agents } = await network.state();
    expect(coherence).toBe(0);
    expect(new Set(aggregate)).toEqual(new Set([0]));
    expect(agents).toEqual(['ada', 'bob'].map((id) => ({ id, turns: 0, weight: 0, alignment: null })));
    expect(await ada.feedback()).toBeNull();
    expect(await network.feedback()).toBe(0);
  });

  it('takes texts in, with an answer or without', async () => {
    const { ada, network } = await pair();
    const alone = await ada.processInput('The pump is peristaltic.');
    expect(alone).toMatchObject({ stored: true, recalled: null, metrics: { interaction_count: 1 } });
    const turn = await ada.processInput('Which pump do we have?', 'A peristaltic one.');
    expect(turn).toMatchObject({ stored: true, metrics: { interaction_count: 2 } });
    expect(turn.recalled!.context).toContain('The pump is peristaltic.');
    const { memories } = await ada.session.context('pump');
    expect(memories.map(({ text }) => text)).toContain('Q: Which pump do we have? A: A peristaltic one.');
    const { agents } = await network.state();
    expect(agents).toMatchObject([
      { id: 'ada', turns: 2, weight: 1 },
      { id: 'bob', turns: 0, weight: 0, alignment: null },
    ]);
    expect(agents[0]!.alignment).toBeCloseTo(1, 6);
  });

  it('knows how coherent it is, and feedback makes it more so, as it was foretold', async () => {
    const { ada, bob, network, synod } = await pair();
    await ada.processInput('The pump waters ten plants.');
    await bob.processInput('Customers accept a price of 149 euros.');
    const vectorOf = async (id: string) => {
      const { context } = await (await synod.get('session', id))!.getSnapshot();
      return (context as { state: Float64Array }).state;
    };
    const before = await network.state();
    // Two agents are one pair.
    expect(before.coherence).toBeCloseTo(cosine(await vectorOf('ada'), await vectorOf('bob')), 9);
    const foretold = await ada.feedback();
    expect(await network.feedback()).toBe(2);
    expect(cosine(foretold!, await vectorOf('ada'))).toBeCloseTo(1, 9);
    const after = await network.state();
    expect(after.coherence).toBeGreaterThan(before.coherence + 0.3);
    // Turning towards one direction from both sides leaves that direction.
    expect(cosine(after.aggregate, before.aggregate)).toBeCloseTo(1, 6);
  });

  it('tells the drift of an agent', async () => {
    const { ada } = await pair();
    for (let n = 0; n < 4; n++) await ada.processInput(`Which pump number ${n}?`, `The pump number ${n} is blue.`);
    const { recalled } = await ada.processInput('Who plays the cello at the summer party?', 'Nobody does.');
    expect(recalled).toMatchObject({ drift_detected: true, drift_phase: 'drifted' });
  });

  it('of one name is the same network, also after a restart; other settings are refused', async () => {
    const data = temporaryDirectory();
    const first = await openSynod({ data });
    const network = await first.agents({ name: 'team', aggregation: 'robust' });
    await (await network.agent('ada')).processInput('The pump is blue.');
    await first.agents({ name: 'other' });
    await first.close();
    const again = await openSynod({ data });
    const found = await again.agents({ name: 'team', aggregation: 'robust' });
    expect(found.cluster.id).toBe(network.cluster.id);
    expect((await found.state()).agents).toMatchObject([{ id: 'ada', turns: 1 }]);
    await expect(again.agents({ name: 'team' })).rejects.toMatchObject({ code: 'CONFLICT' });
  });

  it('lets agents go, whose sessions stay, and takes none of another network', async () => {
    const { ada, network, synod } = await pair();
    await ada.processInput('The pump is blue.');
    const other = await synod.agents({ name: 'other' });
    await expect(other.agent('ada')).rejects.toMatchObject({ code: 'CONFLICT' });
    expect(await network.drop('ada')).toBe(true);
    expect(await network.drop('ada')).toBe(false);
    await other.agent('ada');
    expect((await other.state()).agents).toMatchObject([{ id: 'ada', turns: 1 }]);
  });
});
