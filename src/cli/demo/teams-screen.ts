/** Lays the second act of the demo out on a terminal of 80 columns. */
import { INDENT, type Paint, wrap } from './screen.ts';
import { COUPLING, type Drifted, type Nearness, type Reported } from './teams.ts';
import { TEAMS } from './teams-script.ts';

const BAR = 30;

export function teamsIntro(paint: Paint): string {
  const [first, second] = TEAMS.map(
    ({ name, members }) => `${members.map((member) => member.name).join(' and ')} (${name})`,
  );
  const text =
    `${first} and ${second} are clusters of one region. Each of the four agents has learned about another thing. ` +
    `Feedback moves every agent ${COUPLING} of the way to what its team is about: shown is how near the two of a team are ` +
    'to each other, from 0 (nothing in common) to 1.';
  return `\n${paint('bold', 'two teams')}\n\n${wrap(text, 0)}\n`;
}

export function nearnessText(round: number, nearness: Nearness, paint: Paint): string {
  const head = round === 0 ? 'before' : `feedback ${round}`;
  const lines = nearness.map((cosine, place) => {
    const bar = '█'.repeat(Math.round(Math.max(0, cosine) * BAR)).padEnd(BAR, '·');
    return `    ${TEAMS[place]!.name.padEnd(10)}${paint('green', bar)} ${cosine.toFixed(2)}`;
  });
  return [`\n${paint('bold', head)}`, ...lines].join('\n');
}

export function driftText({ team, name, question, score, votes, realigned }: Drifted, paint: Paint): string {
  const line = (left: string, text: string) => left.padEnd(INDENT) + wrap(text, INDENT);
  const voted = `${votes} of ${TEAMS.length} clusters have voted`;
  return [
    '',
    paint('bold', line(name, question)),
    paint('yellow', line('    drift', `${score.toFixed(2)}, told to cluster ${team}, and by it to the region`)),
    line('    region', realigned ? `${voted}: it realigns to where its clusters stand` : voted),
  ].join('\n');
}

export function anomalyText({ type, severity, description }: Reported, paint: Paint): string {
  const line = (left: string, text: string) => left.padEnd(INDENT) + wrap(text, INDENT);
  return `\n${paint('yellow', line('observer', `${type}, severity ${severity.toFixed(2)}: ${description}`))}`;
}
