/**
 * User partitions: one tenant, several users, one of them active. Sessions of the others are set aside: they are not
 * found by any operation, and come back as they were when their user is active again.
 *
 * Anonymous callers share one tenant, and so one active user: partitions work for them too, for trying things out on one's
 * own machine.
 */
import { setImmediate as breathe } from 'node:timers/promises';
import { z } from 'zod';
import { AppError } from '../../../actors/errors.ts';
import { DEFAULT_USER, type Switched } from '../../../actors/kinds/partition.ts';
import { checksumOf } from '../../../actors/kinds/session/canonical.ts';
import { exportState } from '../../../actors/kinds/session/export.ts';
import type { SessionContext } from '../../../actors/kinds/session/model.ts';
import type { StateDict } from '../../../actors/kinds/session/state-dict.ts';
import { keyed } from '../keyed.ts';
import { type Context, operation } from '../operation.ts';
import { id, whole } from '../schemas.ts';
import { activeUser, partitionAddress, readPartition } from './active-user.ts';

const userId = id.describe('Any name for a user of yours.');

export const switchUser = operation({
  name: 'network.users.switch',
  dialect: 'cortex',
  summary: 'Switch the active user',
  description:
    'Sessions made from now on belong to this user; sessions of the one before are set aside and come back with a switch ' +
    'back. A request that is under way during the switch may still reach the sessions of the user before. Everybody ' +
    'begins as "default". Session ids are unique among all users of a tenant. ' +
    'Clusters, regions and the observer are the tenant’s: a member that is set aside stays one and takes its feedback.',
  http: { method: 'POST', path: '/v1/network/users/switch', status: 200 },
  input: { body: z.object({ user_id: userId }) },
  output: z.object({ active_user: z.string(), previous_user: z.string() }),
  access: 'tenant',
  mutates: true,
  errors: [409],
  example: { body: { user_id: 'user_42' } },
  owned: [],
  run: async (context, { body }) => {
    const { reply } = await context.services.system.ask(
      partitionAddress(context),
      { type: 'switch', user: body.user_id },
      { ...keyed(context, 'switch'), create: {} },
    );
    return reply as Switched;
  },
});

export const getActiveUser = operation({
  name: 'network.users.active',
  dialect: 'cortex',
  summary: 'Read which user is active',
  http: { method: 'GET', path: '/v1/network/users/active', status: 200 },
  input: {},
  output: z.object({ active_user: z.string() }),
  access: 'tenant',
  mutates: false,
  example: {},
  owned: [],
  run: async (context) => ({ active_user: await activeUser(context) }),
});

/** Sessions of one answer; a full one has about half a megabyte of JSON. */
const MAX_SESSIONS = 100;
/** Sessions looked at before others get the thread. */
const LOOKS = 16;
/** Ids of one look into the list of sessions. */
const PAGE = 256;

const partitionState = z.object({
  schema_version: z.int(),
  user_id: z.string(),
  sessions: z.array(z.record(z.string(), z.unknown())).describe('Each as GET /v1/session/{id}/export gives it, by id.'),
  next: z.string().nullable().describe('Goes on from here: the `after` of the next call. Null: that was all.'),
  checksum: z
    .string()
    .describe('SHA-256, hex, of the canonical JSON of the rest, with the checksum of each session in its place.'),
});

export const serializeUser = operation({
  name: 'network.users.serialize',
  dialect: 'cortex',
  summary: "Serialize a user's sessions",
  description:
    'Everything of every session of the user, active or not, with a checksum. Sessions are durable at all times: nothing ' +
    'has to be serialized in order not to be lost.',
  http: { method: 'POST', path: '/v1/network/users/{id}/serialize', status: 200 },
  input: {
    path: z.object({ id: userId }),
    query: z.object({
      limit: whole(1, MAX_SESSIONS).default(MAX_SESSIONS).describe('Sessions in one answer.'),
      after: id.optional().describe('The `next` of the answer before.'),
    }),
  },
  output: z.object({ user_id: z.string(), state: partitionState }),
  access: 'tenant',
  mutates: false,
  heavy: true,
  example: { path: { id: '$user' } },
  owned: ['path.id'],
  run: async (context, { path, query }) => {
    const users = (await readPartition(context))?.users ?? [DEFAULT_USER];
    if (!users.includes(path.id)) throw new AppError('NOT_FOUND', 'User not found');
    const sessions: StateDict[] = [];
    let next: string | null = null;
    for await (const session of sessionsOf(context, path.id, query.after)) {
      if (sessions.length === query.limit) {
        next = sessions.at(-1)!.session_id;
        break;
      }
      sessions.push(exportState(session));
      // A full session is milliseconds of work.
      await breathe();
    }
    const head = { schema_version: 1, user_id: path.id, next };
    const checksum = checksumOf({ ...head, sessions: sessions.map((session) => session.checksum) });
    return { user_id: path.id, state: { ...head, sessions, checksum } };
  },
});

/** The sessions of a user, ascending by id. */
export async function* sessionsOf(context: Context, user: string, after?: string): AsyncGenerator<SessionContext> {
  const { system } = context.services;
  const { tenant } = context.caller;
  let last = after;
  for (let looks = 0; ; ) {
    const ids = system.list({ tenant, kind: 'session', limit: PAGE, ...(last === undefined ? {} : { after: last }) });
    for (const id of ids) {
      if (++looks % LOOKS === 0) await breathe();
      const view = await system.read<SessionContext>({ tenant, kind: 'session', id });
      if (view && view.context.user === user) yield view.context;
    }
    if (ids.length < PAGE) return;
    last = ids.at(-1)!;
  }
}
