/**
 * What the client knows of the server: a type and a route for every operation, had from the operations list.
 *
 * This file is what tests and the house itself use. An application gets it worked out: the build (`src/contract/write.ts`)
 * replaces it in `dist` by the plain table and the plain types it comes to, because a browser must not load zod and the
 * server to learn sixty paths, and because types that are inferred through the list cost an application's compiler 150
 * more files, 170 MB and over a second, and show no descriptions.
 */
import { routesOf } from '../contract/routes.ts';
import { OPERATIONS } from '../operations/index.ts';

export type { Methods, OperationName, Operations } from '../contract/inferred.ts';

export const ROUTES = routesOf(OPERATIONS);
