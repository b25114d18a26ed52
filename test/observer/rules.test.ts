/** The three rules by hand, at and around their bounds, and the book that reports each cause once. */
import { describe, expect, it } from 'vitest';
import { book, clearBook } from '../../actors/kinds/observer/anomalies.ts';
import {
  type Finding,
  MAX_ANOMALIES,
  type ObservedCluster,
  type ObservedRegion,
} from '../../actors/kinds/observer/model.ts';
import { findingsIn } from '../../actors/kinds/observer/rules.ts';

const calm: Omit<ObservedCluster, 'id'> = { phase: 'initialization', interactions: 0, drifting: false };

const region = (id: string, ...clusters: (Partial<ObservedCluster> & { id: string })[]): ObservedRegion => ({
  id,
  clusters: clusters.map((cluster) => ({ ...calm, ...cluster })),
});

describe('systemic drift', () => {
  const drifting = (count: number, of: number) =>
    region('r', ...Array.from({ length: of }, (_, i) => ({ id: `c${i}`, drifting: i < count })));

  it.each([
    [0, 0],
    [0, 4],
    [1, 2],
    [2, 4],
  ])('is not %i of %i', (count, of) => {
    expect(findingsIn([drifting(count, of)])).toEqual([]);
  });

  it.each([
    [1, 1, 1],
    [2, 3, 2 / 3],
    [3, 5, 0.6],
    [4, 4, 1],
  ])('is %i of %i, as severe as the share of %d', (count, of, severity) => {
    expect(findingsIn([drifting(count, of)])).toEqual([
      {
        type: 'systemic_drift',
        subject: '',
        clusters: Array.from({ length: count }, (_, i) => `c${i}`),
        description: `${count} of ${of} observed clusters drift`,
        severity,
        evidence: { drifting: count, observed: of, share: severity, threshold: 0.5 },
      },
    ]);
  });

  it('counts over all regions', () => {
    const one = region('r', { id: 'a', drifting: true }, { id: 'b', drifting: true });
    expect(findingsIn([one, region('s', { id: 'c' }, { id: 'd' })])).toEqual([]);
    expect(findingsIn([one, region('s', { id: 'c' })])).toMatchObject([{ severity: 2 / 3, clusters: ['a', 'b'] }]);
  });
});

describe('convergence', () => {
  const alike = (phase: ObservedCluster['phase'], ...regions: string[][]) =>
    regions.map((ids, i) => region(`r${i}`, ...ids.map((id) => ({ id, phase }))));

  it('is three clusters of two regions in one phase', () => {
    expect(findingsIn(alike('resonance', ['b', 'c'], ['a']))).toEqual([
      {
        type: 'cross_cluster_convergence',
        subject: 'resonance',
        clusters: ['a', 'b', 'c'],
        description: '3 clusters in 2 regions are in the phase "resonance"',
        severity: 0.8,
        evidence: { phase: 'resonance', clusters: 3, min_clusters: 3, regions: 2, min_regions: 2 },
      },
    ]);
  });

  it('is not two clusters, nor one region, nor the phase all begin with, nor different phases', () => {
    expect(findingsIn(alike('stability', ['a'], ['b']))).toEqual([]);
    expect(findingsIn(alike('stability', ['a', 'b', 'c', 'd'], []))).toEqual([]);
    expect(findingsIn(alike('initialization', ['a', 'b'], ['c', 'd']))).toEqual([]);
    expect(findingsIn([...alike('stability', ['a', 'b']), ...alike('resonance', ['c'])])).toEqual([]);
  });

  it('is found for every phase by itself', () => {
    const all = [...alike('stability', ['a', 'b'], ['c']), ...alike('exploration', ['d', 'e'], ['f'])];
    const named = all.map((one, i) => ({ ...one, id: `r${i}` }));
    expect(findingsIn(named).map(({ subject }) => subject)).toEqual(['exploration', 'stability']);
  });
});

describe('divergence', () => {
  const turns = (...interactions: number[]) =>
    region('r', ...interactions.map((n, i) => ({ id: `c${i}`, interactions: n })));

  it.each([
    [[0, 0, 0, 0]],
    [[9]],
    [[1, 100]],
    [[0, 0, 100]],
    // The average is 3, and 9 is three times that, not more.
    [[1, 1, 1, 9]],
  ])('is not in %j', (interactions) => {
    expect(findingsIn([turns(...interactions)])).toEqual([]);
  });

  it('is more than three times the average of the region, itself included', () => {
    expect(findingsIn([turns(1, 1, 1, 10)])).toEqual([
      {
        type: 'cluster_divergence',
        subject: 'c3',
        clusters: ['c3'],
        description: 'cluster "c3" has 10 turns where its region has 3.25 on average',
        severity: 0.3,
        evidence: { region_id: 'r', interaction_count: 10, region_average: 3.25, ratio: 10 / 3.25, factor: 3 },
      },
    ]);
  });

  it('goes by the own region alone', () => {
    const quiet = { ...turns(1, 1, 1), id: 's' };
    expect(findingsIn([turns(30, 30, 30), quiet])).toEqual([]);
  });
});

const finding = (subject: string, severity = 0.3): Finding => ({
  type: 'cluster_divergence',
  subject,
  clusters: [subject],
  description: subject,
  severity,
  evidence: { severity },
});
const EMPTY = { anomalies: [], nextAnomaly: 1 };

describe('the book', () => {
  const facts = ({ wishes }: ReturnType<typeof book>) =>
    wishes.map(({ params }) => {
      const { type, payload } = params as { type: string; payload: { anomaly: string; reason?: string } };
      return [type, payload.anomaly, ...(payload.reason ? [payload.reason] : [])];
    });

  it('reports a finding once, keeps it up to date, and closes it when it is gone', () => {
    const first = book(EMPTY, [finding('a')], 100);
    expect(facts(first)).toEqual([['anomaly.opened', 'anomaly-1']]);
    const second = book(first, [finding('a', 0.4)], 200);
    expect([second.opened, second.closed, facts(second)]).toEqual([0, 0, []]);
    expect(second.anomalies).toMatchObject([{ id: 'anomaly-1', at: 100, seenAt: 200, severity: 0.4, closedAt: null }]);
    const third = book(second, [], 300);
    expect([third.opened, third.closed, facts(third)]).toEqual([0, 1, [['anomaly.closed', 'anomaly-1', 'gone']]]);
    expect(third.anomalies).toMatchObject([{ seenAt: 200, closedAt: 300 }]);
  });

  it('reports a cause that comes back as another anomaly', () => {
    const gone = book(book(EMPTY, [finding('a')], 100), [], 200);
    const back = book(gone, [finding('a')], 300);
    expect(back.anomalies.map(({ id, closedAt }) => [id, closedAt])).toEqual([
      ['anomaly-1', 200],
      ['anomaly-2', null],
    ]);
  });

  it('tells causes apart', () => {
    const first = book(EMPTY, [finding('a'), finding('b')], 100);
    const second = book(first, [finding('b'), finding('c')], 200);
    expect(facts(second)).toEqual([
      ['anomaly.closed', 'anomaly-1', 'gone'],
      ['anomaly.opened', 'anomaly-3'],
    ]);
  });

  it('says what is closed when it is cleared', () => {
    const some = book(book(EMPTY, [finding('a'), finding('b')], 100), [finding('b')], 200);
    const { cleared, wishes } = clearBook(some);
    expect(cleared).toBe(2);
    expect(facts({ ...some, wishes })).toEqual([['anomaly.closed', 'anomaly-2', 'cleared']]);
  });

  it('has room for the newest, and never forgets an open one while there are closed ones', () => {
    let state: Parameters<typeof book>[0] = book(EMPTY, [finding('old')], 0);
    for (let i = 1; i <= MAX_ANOMALIES + 10; i++) state = book(state, [finding('old'), finding(`c${i}`)], i);
    expect(state.anomalies).toHaveLength(MAX_ANOMALIES);
    expect(state.anomalies[0]).toMatchObject({ subject: 'old', closedAt: null });
    expect(state.anomalies.at(-1)).toMatchObject({ subject: `c${MAX_ANOMALIES + 10}` });
    expect(book(state, [finding('old')], 1_000).opened).toBe(0);
  });
});
