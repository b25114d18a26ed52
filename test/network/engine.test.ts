/** Proposals inside one process. */
import { describe, expect, it } from 'vitest';
import { ConsensusEngine } from '../../src/index.ts';

const target = [1, 0];
let now = 0;

function team() {
  now = 1_000;
  const engine = new ConsensusEngine('a', 'net', () => now);
  engine.registerInstance('b');
  engine.registerInstance('c', 1.5);
  return engine;
}

describe('the engine', () => {
  it('accepts at two thirds of the weight: yes, no, yes of 1, 1, 1.5', () => {
    const engine = team();
    const proposal = engine.createProposal('direction', target, 'because');
    const { proposalId } = proposal;
    engine.voteOnProposal(proposalId, true);
    expect([proposal.status, proposal.calculateConsensus().accepted]).toEqual(['pending', true]);
    engine.voteOnProposal(proposalId, false, { votingInstance: 'b' });
    expect(proposal.status).toBe('pending');
    engine.voteOnProposal(proposalId, true, { votingInstance: 'c' });
    expect(proposal.status).toBe('accepted');
    expect(proposal.calculateConsensus().ratio).toBeCloseTo(2.5 / 3.5, 12);
    expect(proposal.votes).toEqual({ a: true, b: false, c: true });
    expect(engine.getStatistics()).toEqual({ network_id: 'net', known_instances: 3, proposals: 1, accepted: 1 });
    expect(engine.consensusId).toBe('net:a');
  });

  it('leaves a failed unanimous vote pending, and lets votes change', () => {
    const engine = team();
    const proposal = engine.createProposal('direction', target, 'because', { consensusLevel: 'unanimous' });
    engine.voteOnProposal(proposal.proposalId, true);
    engine.voteOnProposal(proposal.proposalId, false, { votingInstance: 'b' });
    engine.voteOnProposal(proposal.proposalId, true, { votingInstance: 'c' });
    expect(proposal.status).toBe('pending');
    engine.voteOnProposal(proposal.proposalId, true, { votingInstance: 'b' });
    expect(proposal.status).toBe('accepted');
  });

  it('asks for more where the voters differ', () => {
    for (const [b, accepted] of [
      [[1, 0], 'accepted'],
      [[-1, 0], 'pending'],
    ] as const) {
      const engine = new ConsensusEngine('a', 'net', () => now);
      engine.registerInstance('a', 3);
      engine.registerInstance('b', 1.5);
      const proposal = engine.createProposal('d', target, 'r', { consensusLevel: 'adaptive_threshold' });
      engine.voteOnProposal(proposal.proposalId, true, { state: [1, 0] });
      // 3/4.5 = 0.67: enough for one half, not for all.
      engine.voteOnProposal(proposal.proposalId, false, { votingInstance: 'b', state: [...b] });
      expect(proposal.status).toBe(accepted);
    }
  });

  it('takes votes until 300 seconds are over, from whom it knows', () => {
    const engine = team();
    const { proposalId, votingDeadline } = engine.createProposal('direction', target, 'because');
    expect(votingDeadline).toBe(301_000);
    expect(() => engine.voteOnProposal('p', true)).toThrow('there is no proposal "p"');
    expect(() => engine.voteOnProposal(proposalId, true, { votingInstance: 'z' })).toThrow('"z" is not registered');
    expect(() => engine.voteOnProposal(proposalId, true, { state: [1] })).toThrow('has 1 numbers');
    now = 301_001;
    expect(() => engine.voteOnProposal(proposalId, true)).toThrow('the voting time is over');
    expect(() => engine.registerInstance('x', -1)).toThrow(TypeError);
    expect(() => engine.createProposal('d', target, 'r', { votingTimeout: 0 })).toThrow(TypeError);
  });
});
