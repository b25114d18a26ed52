/** Posting events: one, or many at once. */
import { z } from 'zod';
import { AppError } from '../../../actors/errors.ts';
import type { Touch } from '../../../actors/kinds/signal/model.ts';
import type { EventDraft } from '../../environment/event.ts';
import type { Posted } from '../../environment/post.ts';
import { describeError } from '../../http/errors.ts';
import { kindOf } from '../../http/issues.ts';
import { validate } from '../../http/validation.ts';
import { type Context, operation } from '../operation.ts';
import { eventDraft, MAX_EVENT_BYTES, sempEvent, touch } from './shapes.ts';

/** Events of one batch. */
const MAX_BATCH = 1_000;
const MAX_BATCH_BYTES = 8 * 2 ** 20;

const includeQuery = z.object({
  include: z
    .array(z.enum(['signals', 'warnings']))
    .max(10)
    .optional()
    .describe('`signals`: what it did to each signal; `warnings`: parents that are no known events.'),
});
type Include = z.output<typeof includeQuery>['include'];

/** The event as it is stored and, for who asks, what came of it. */
const postedEvent = sempEvent.extend({ signals: z.array(touch).optional(), warnings: z.array(z.string()).optional() });

export const createEvent = operation({
  name: 'events.create',
  dialect: 'sel',
  summary: 'Post an event',
  description:
    'The event and what it does to signals are one commit: both are on the disk, and visible, when this answers. Which ' +
    'signals it touches, the first of these that finds any: `payload.targetSignalId`; `payload.pattern` or ' +
    '`payload.action` in its scope; those its parents touched; those the last event of its trace and scope touched; ' +
    'the only one alive in its scope; `default`. Proposals, ready and test bring a signal up, rewards strengthen it by ' +
    '`payload.value` (1 when absent) times α, penalties take `payload.value` away.',
  http: { method: 'POST', path: '/api/events', aliases: ['/events'], status: 201, maxBodyBytes: MAX_EVENT_BYTES },
  input: { query: includeQuery, body: eventDraft },
  output: postedEvent,
  access: 'tenant',
  mutates: true,
  heavy: true,
  example: {
    body: {
      type: 'proposal',
      scope: 'ui.login',
      trace_id: 'trace-001',
      agent_id: 'my-agent',
      payload: { action: 'improve_ux' },
    },
  },
  owned: [],
  run: async (context, { query, body }) => {
    const warnings = warningsFor(context, body, query.include);
    return described(await context.services.environment.post(context.caller, body), query.include, warnings);
  },
});

/** The shape of an item, for readers only: a wrong one must not spoil the others, so each is checked by itself. */
const item = z
  .unknown()
  .meta(z.toJSONSchema(eventDraft, { io: 'input', unrepresentable: 'any' }) as Record<string, unknown>) as z.ZodType<
  unknown,
  z.input<typeof eventDraft>
>;

export const createEvents = operation({
  name: 'events.batch',
  dialect: 'sel',
  summary: 'Post many events at once',
  description:
    'As if they were posted one after the other: `results` has one entry for each, in order. One that is wrong does not ' +
    'stop the others. With `ordered: false` those that name their signal may stand in the log in another order, which ' +
    'is faster when there are many signals. Under an `Idempotency-Key` a batch that could not be finished is answered ' +
    'with an error, and with the same key the next attempt records only what is missing.',
  http: {
    method: 'POST',
    path: '/api/events/batch',
    aliases: ['/events/batch'],
    status: 200,
    maxBodyBytes: MAX_BATCH_BYTES,
  },
  input: {
    query: includeQuery,
    body: z.object(
      {
        events: z.array(item).max(MAX_BATCH),
        ordered: z.boolean().default(true).describe('Whether the log has them in the order given.'),
      },
      // Most who get it wrong send the bare list.
      {
        error: ({ code, input }) =>
          code === 'invalid_type' && input !== undefined
            ? `The body should be an object {"events": […]}, found ${kindOf(input)}`
            : undefined,
      },
    ),
  },
  output: z.object({
    results: z.array(
      z.object({
        status: z.int().describe('201, or what the event alone would have been answered with.'),
        event: postedEvent.optional(),
        message: z.string().optional(),
        code: z.string().optional(),
      }),
    ),
  }),
  access: 'tenant',
  mutates: true,
  heavy: true,
  example: {
    body: {
      events: [
        { type: 'reward', scope: 'ui', trace_id: 'trace-001', agent_id: 'my-agent', payload: { pattern: 'dark_mode' } },
        { type: 'reward', scope: 'ui', trace_id: 'trace-001', agent_id: 'my-agent', payload: { pattern: 'big_type' } },
      ],
    },
  },
  owned: [],
  run: async (context, { query, body }) => {
    const { caller, services } = context;
    const drafts = body.events.map(readDraft);
    const warnings: Warnings[] = [];
    for (const draft of drafts) {
      if (draft instanceof AppError) warnings.push({});
      else warnings.push(warningsFor(context, draft, query.include));
      // A thousand events of 256 parents each: others get the thread in between.
      if (warnings.length % 16 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    const posted = await services.environment.postBatch(caller, drafts, { ordered: body.ordered });
    return {
      results: posted.map((result, place) => {
        if (!(result instanceof AppError)) {
          return { status: 201, event: described(result, query.include, warnings[place]!) };
        }
        const { status, body } = describeError(result, 'sel', caller.requestId);
        const { message } = body as { message: string };
        return { status, message, code: result.code };
      }),
    };
  },
});

function readDraft(given: unknown): EventDraft | AppError {
  try {
    return validate(eventDraft, given, 'sel');
  } catch (error) {
    return error as AppError;
  }
}

/** What is said of parents that are no events: to who asks, and in the strict mode to everybody who has any. */
function warningsFor({ caller, services }: Context, draft: EventDraft, include: Include): Warnings {
  const isAsked = include?.includes('warnings') === true;
  if (!isAsked && !services.config.signals.strict) return {};
  const unknown = (draft.parent_ids ?? []).filter((id) => services.environment.seqOf(caller.tenant, id) === undefined);
  if (!isAsked && unknown.length === 0) return {};
  return { warnings: unknown.map((id) => `parent_ids: event "${id}" is not known`) };
}

interface Warnings {
  readonly warnings?: readonly string[];
}

function described({ event, touches }: Posted, include: Include, warnings: Warnings) {
  return { ...event, ...(include?.includes('signals') ? { signals: touches.map(asTouch) } : {}), ...warnings };
}

/** The fact in the log says more. */
export function asTouch({ id, scope, pattern, from, to }: Touch): Touch {
  return { id, scope, pattern, from, to };
}
