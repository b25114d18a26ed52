/** The root fields. Each asks the one environment, and checks its arguments as the REST operations do. */
import { setImmediate as breathe } from 'node:timers/promises';
import { z } from 'zod';
import type { EventPage, EventQuery } from '../environment/events.ts';
import type { Poster } from '../environment/post.ts';
import { compileScopeGlobs, isScopeGlob } from '../environment/scope-glob.ts';
import { createIds } from '../http/idempotency.ts';
import { validate } from '../http/validation.ts';
import { eventDraft, scopeName, traceName } from '../operations/environment/shapes.ts';
import type { Context } from '../operations/operation.ts';
import { name } from '../operations/schemas.ts';
import { Budget } from './budget.ts';
import { changesOf, eventsOf } from './changes.ts';
import { DEFAULT_EVENTS, MAX_EVENTS, MAX_SIGNALS } from './sdl.ts';

const budgets = new WeakMap<Context, Budget>();

function budgetOf(context: Context): Budget {
  const budget = budgets.get(context) ?? new Budget();
  budgets.set(context, budget);
  return budget;
}

/** What the resolvers take of the library's. */
interface Info {
  readonly path: { readonly key: string | number };
}

const eventsArgs = z.object({
  limit: z.int().min(1).max(MAX_EVENTS).nullish(),
  scope: scopeName.nullish(),
  trace_id: traceName.nullish(),
});
const eventArgs = z.object({ id: name(512) });
const signalsArgs = z.object({ scope: scopeName.nullish(), min_strength: z.number().min(0).max(1).nullish() });
const signalArgs = z.object({ scope: scopeName, pattern: name(512) });
const changeArgs = z.object({ scope: scopeName.nullish() });

export const root = {
  events: field(eventsArgs, ({ limit, scope, trace_id }, context) => {
    const { caller, services } = context;
    const budget = budgetOf(context);
    const wanted = limit ?? DEFAULT_EVENTS;
    const query = { ...inScope(scope), ...(trace_id ? { trace: trace_id } : {}), onRows: rowsOf(budget) };
    return budget.inTurn(async () => {
      const found: object[] = [];
      let before: number | undefined;
      for (;;) {
        const missing = { before, limit: wanted - found.length };
        const page: EventPage = await services.environment.events(caller.tenant, { ...query, ...missing });
        budget.takeBytes(page.bytes);
        found.push(...page.events.map(({ event }) => event));
        if (page.next === null || found.length >= wanted) return found;
        before = page.next;
        await breathe();
      }
    });
  }),

  event: field(eventArgs, async ({ id }, { caller, services }) => services.environment.event(caller.tenant, id)?.event),

  signals: field(signalsArgs, ({ scope, min_strength }, context) => {
    const { caller, services } = context;
    const budget = budgetOf(context);
    const query = { ...inScope(scope), minStrength: min_strength ?? undefined, limit: MAX_SIGNALS };
    const onRows = rowsOf(budget);
    return budget.inTurn(() => services.environment.signals(caller.tenant, { ...query, onRows }));
  }),

  signal: field(signalArgs, (wanted, { caller, services }) => services.environment.signal(caller.tenant, wanted)),

  createEvent: field(z.object({ input: z.unknown() }), async ({ input }, { caller, services }, { path }) => {
    const draft = validDraft(input);
    return (await services.environment.post(posterOf(caller, path.key), draft)).event;
  }),

  eventCreated: field(changeArgs, async ({ scope }, { caller, services }) =>
    eventsOf(services, caller.tenant, scopeTest(scope)),
  ),

  signalChanged: field(changeArgs, async ({ scope }, { caller, services }) =>
    changesOf(services, caller.tenant, scopeTest(scope)),
  ),
};

/** A root field that is called with checked arguments, or throws AppError INVALID with the sentence REST has for it. */
function field<S extends z.ZodType, T>(schema: S, run: (args: z.output<S>, context: Context, info: Info) => T) {
  return (args: unknown, context: Context, info: Info): T => run(validate(schema, args, 'sel'), context, info);
}

function rowsOf(budget: Budget): (rows: number) => void {
  return (rows) => budget.takeRows(rows);
}

function validDraft(input: unknown): z.output<typeof eventDraft> {
  const { parent_ids, ...rest } = input as Record<string, unknown>;
  // To GraphQL null is as good as absent.
  return validate(eventDraft, parent_ids === null || parent_ids === undefined ? rest : { ...rest, parent_ids }, 'sel');
}

/**
 * Under an idempotency key each field of a mutation has ids of its own, whatever the fields before it needed: when the
 * request comes again, some of them may have taken effect and need none.
 */
function posterOf(caller: Context['caller'], field: string | number): Poster {
  const { tenant, idempotencyKey: key } = caller;
  if (key === undefined) return caller;
  // Keys have no spaces, and no name of GraphQL is a number: nothing else spells this text.
  const idempotencyKey = `${key} ${field}`;
  return { ...caller, idempotencyKey, newId: createIds(tenant, idempotencyKey) };
}

function inScope(scope: string | null | undefined): Pick<EventQuery, 'scope' | 'inScope'> {
  if (scope === null || scope === undefined) return {};
  return isScopeGlob(scope) ? { inScope: compileScopeGlobs([scope]) } : { scope };
}

function scopeTest(scope: string | null | undefined): (scope: string) => boolean {
  return compileScopeGlobs(scope === null || scope === undefined ? [] : [scope]);
}
