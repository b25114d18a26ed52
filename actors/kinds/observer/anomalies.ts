/** The book of anomalies: a finding is reported once, kept up to date while it lasts, and closed when it is gone. */
import { publish, type Wish } from '../wishes.ts';
import { type Anomaly, type Finding, MAX_ANOMALIES, type ObserverContext } from './model.ts';

/** Why an anomaly is over: its cause is gone, or somebody emptied the book. */
type Reason = 'gone' | 'cleared';

const sameCause = (a: Finding, b: Finding) => a.type === b.type && a.subject === b.subject;

const closing = ({ id, type, clusters }: Anomaly, reason: Reason): Wish =>
  publish('anomaly.closed', { anomaly: id, anomaly_type: type, clusters, reason });

interface Booked {
  readonly anomalies: readonly Anomaly[];
  readonly nextAnomaly: number;
  readonly opened: number;
  readonly closed: number;
  readonly wishes: readonly Wish[];
}

type Book = Pick<ObserverContext, 'anomalies' | 'nextAnomaly'>;

/** Compares what a sample shows with what is open. */
export function book({ anomalies, nextAnomaly }: Book, findings: readonly Finding[], at: number): Booked {
  const wishes: Wish[] = [];
  let closed = 0;
  const known = anomalies.map((anomaly) => {
    if (anomaly.closedAt !== null) return anomaly;
    const again = findings.find((finding) => sameCause(finding, anomaly));
    if (again) return { ...anomaly, ...again, seenAt: at };
    closed++;
    wishes.push(closing(anomaly, 'gone'));
    return { ...anomaly, closedAt: at };
  });
  const fresh = findings.filter((finding) => !known.some((a) => a.closedAt === null && sameCause(a, finding)));
  const opened = fresh.map((finding, i): Anomaly => {
    const id = `anomaly-${nextAnomaly + i}`;
    const { type, clusters, severity, description, evidence } = finding;
    wishes.push(
      publish('anomaly.opened', { anomaly: id, anomaly_type: type, clusters, severity, description, evidence }),
    );
    return { ...finding, id, at, seenAt: at, closedAt: null };
  });
  return {
    anomalies: bounded([...known, ...opened]),
    nextAnomaly: nextAnomaly + opened.length,
    opened: opened.length,
    closed,
    wishes,
  };
}

/** Closed ones make room first: an open one that was forgotten would be reported again. */
function bounded(anomalies: readonly Anomaly[]): readonly Anomaly[] {
  let surplus = anomalies.length - MAX_ANOMALIES;
  if (surplus <= 0) return anomalies;
  const kept = anomalies.filter(({ closedAt }) => closedAt === null || surplus-- <= 0);
  return kept.slice(-MAX_ANOMALIES);
}

/** Empties the book. What still has its cause is reported anew by the next sample. */
export function clearBook({ anomalies }: Book): { readonly cleared: number; readonly wishes: readonly Wish[] } {
  const open = anomalies.filter(({ closedAt }) => closedAt === null);
  return { cleared: anomalies.length, wishes: open.map((anomaly) => closing(anomaly, 'cleared')) };
}
