/** The kinds that ship with the runtime. */
import type { Kind } from '../kind.ts';
import { cluster } from './cluster.ts';
import { consensus } from './consensus.ts';
import { observer } from './observer.ts';
import { partition } from './partition.ts';
import { region } from './region.ts';
import { session } from './session.ts';
import { signal } from './signal.ts';
import { webhook } from './webhook.ts';

export const KINDS = [session, cluster, region, observer, partition, consensus, signal, webhook] as readonly Kind[];
