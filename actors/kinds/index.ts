/** The kinds that ship with the runtime. */
import type { Kind } from '../kind.ts';
import { cluster } from './cluster.ts';
import { observer } from './observer.ts';
import { region } from './region.ts';
import { session } from './session.ts';

export const KINDS: readonly Kind[] = [session as Kind, cluster as Kind, region as Kind, observer as Kind];
