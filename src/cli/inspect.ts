/** `synod inspect`: looks into a data directory without touching it, also while a server uses it. */
import { parseAddress } from '../../actors/address.ts';
import { type ActorView, isoTime, viewActor } from './actor-view.ts';
import { DATA_OPTION, directoryOf, withData } from './data.ts';
import { type Command, UsageError } from './options.ts';
import { type Survey, survey, type TenantSurvey } from './survey.ts';
import { formatBytes, formatCount, table } from './table.ts';

/** Tenants listed for people; `--json` lists all. */
const TENANTS = 20;
/** Faults of a chain shown. */
const FAULTS = 5;

export const inspect: Command = {
  summary: 'Shows what is in a data directory; with --verify, whether its log is whole.',
  options: [
    DATA_OPTION,
    { name: 'tenant', value: 'NAME', help: 'Only this tenant.' },
    {
      name: 'verify',
      help: 'Recompute the hash chain of the log, its end included; exit code 1 when it does not hold.',
    },
    { name: 'actor', value: 'TENANT/KIND/ID', help: 'Only this actor, with its newest events.', parse: address },
    { name: 'text', help: 'With --actor: also what the events carried, messages included.' },
    { name: 'json', help: 'As JSON.' },
  ],
  run: async ({ options }) => {
    const data = directoryOf(options.data);
    const print = (value: unknown, text: () => string) =>
      process.stdout.write(`${options.json ? JSON.stringify(value, null, 2) : text()}\n`);
    if (typeof options.actor === 'string') {
      if (options.verify) throw new UsageError('--verify looks at whole tenants, not at one --actor');
      const address = parseAddress(options.actor);
      const view = await withData(data, (store) => viewActor(store, address, options.text === true));
      print(view, () => actorText(view));
      return 0;
    }
    const tenant = options.tenant as string | undefined;
    const found = await withData(data, (store) =>
      survey(store, data, { tenant, verify: options.verify === true, now: Date.now() }),
    );
    print(found, () => surveyText(found));
    return found.tenants.some(({ chain }) => chain && chain.faults.length > 0) ? 1 : 0;
  },
};

function address(value: string): void {
  try {
    parseAddress(value);
  } catch {
    throw new Error('tenant/kind/id, each part percent-encoded');
  }
}

function surveyText(found: Survey): string {
  const { timers, outbox, dead_letters: letters } = found;
  const kinds = found.kinds.map(({ kind, version, origin, actors }) => [
    kind,
    `version ${version}`,
    origin,
    `${formatCount(actors)} actors`,
  ]);
  const sections = [
    table([
      ['data', found.data],
      ['format', String(found.format)],
      ['size', formatBytes(found.size_bytes)],
      ['timers', `${formatCount(timers.set)} set, ${formatCount(timers.due)} due`],
      ['outbox', `${formatCount(outbox)} messages`],
    ]),
    section('kinds', table(kinds, '  ')),
    section('tenants', tenantsText(found.tenants)),
    section(
      'newest dead letters',
      table(
        letters.map(({ at, address: to, type, reason, detail }) => [
          isoTime(at),
          reason,
          `${to.tenant}/${to.kind}/${to.id}`,
          type,
          detail,
        ]),
        '  ',
      ),
    ),
    section(
      'rows',
      table(
        Object.entries(found.rows).map(([name, rows]) => [name, formatCount(rows)]),
        '  ',
        [1],
      ),
    ),
  ];
  return sections.join('\n\n');
}

function section(title: string, body: string): string {
  return body === '' ? `${title}: none` : `${title}\n${body}`;
}

function tenantsText(tenants: readonly TenantSurvey[]): string {
  const rows = tenants.slice(0, TENANTS).map(({ tenant, head, actors, chain }) => [
    tenant,
    `log head ${formatCount(head)}`,
    Object.entries(actors)
      .map(([kind, count]) => `${formatCount(count)} ${kind}`)
      .join(', '),
    ...(chain ? [chainText(chain)] : []),
  ]);
  const more = tenants.length - rows.length;
  const faults = tenants.flatMap(({ tenant, chain }) =>
    (chain?.faults ?? []).slice(0, FAULTS).map((fault) => `  ${tenant}: ${fault}`),
  );
  return [
    table(rows, '  '),
    ...faults,
    ...(more > 0 ? [`  … and ${formatCount(more)} more; --json lists all`] : []),
  ].join('\n');
}

function chainText({ records, erased, faults }: NonNullable<TenantSurvey['chain']>): string {
  if (faults.length > 0) return `chain BROKEN, ${formatCount(faults.length)} faults`;
  return `chain holds over ${formatCount(records)} records${erased > 0 ? `, ${formatCount(erased)} erased` : ''}`;
}

function actorText(view: ActorView): string {
  const facts = [
    ['actor', `${view.tenant}/${view.kind}/${view.id}`],
    ['revision', String(view.revision)],
    ['state', view.removed ? 'removed' : JSON.stringify(view.state)],
    ['snapshot', view.snapshot ? `revision ${view.snapshot.revision}, version ${view.snapshot.version}` : 'none'],
    ...view.timers.map(({ id, due }) => ['timer', `${id} at ${due}`]),
  ];
  const events = view.events.map(({ revision, at, type, facts: published, event }) => [
    String(revision),
    at,
    type,
    [...published.map((fact) => `+${fact}`), ...(event === undefined ? [] : [JSON.stringify(event)])].join(' '),
  ]);
  return `${table(facts)}\n\n${section('newest events', table(events, '  ', [0]))}`;
}
