/**
 * `WS /ws` and `/api/ws`: the events of the shared environment, as they happen.
 *
 * A client that sends nothing is sent `{"type":"event","data":…}` for every event of its tenant and nothing else. One that
 * sends `{"type":"subscribe","scopes":["ui.*"],"types":["reward"],"trace_id":…,"agent_id":…,"since":<event id>,
 * "signals":true}` is sent `{"type":"subscribed","cursor":n}`, then the events since, then what comes, of what it asked
 * for; with `signals` also `{"type":"signal","data":…}`. A later subscription replaces the earlier. `lagged` says how many
 * were held back while it did not read; they follow. `{"type":"ping"}` is answered with `pong`.
 */
import type { Logger } from '../http/ports.ts';
import type { Services } from '../operations/services.ts';
import { SOCKETS } from '../operations/sockets.ts';
import { Hub } from './semp-hub.ts';
import { Subscriber, type SubscriberOptions } from './semp-subscriber.ts';
import { Sweep } from './sweep.ts';
import type { WebSocketFront } from './upgrade.ts';

export interface SempOptions {
  readonly services: Pick<Services, 'environment' | 'system'>;
  readonly logger: Logger;
  /** Between two pings of a connection. Default 30,000. */
  readonly pingMs?: number;
}

interface Room {
  readonly options: SubscriberOptions;
  /** Listens to the feed no more. */
  readonly stop: () => void;
}

export function sempFront({ services, logger, pingMs }: SempOptions): WebSocketFront {
  const sweep = new Sweep(pingMs);
  /** By tenant, while somebody is in it. */
  const rooms = new Map<string, Room>();
  const roomOf = (tenant: string): Room => {
    const known = rooms.get(tenant);
    if (known) return known;
    const hub = new Hub(services.system.head(tenant));
    const options = { services, logger, tenant, hub };
    const room = { options, stop: services.environment.feed.listen(tenant, (items) => hub.publish(items)) };
    rooms.set(tenant, room);
    return room;
  };
  return {
    paths: SOCKETS.events.paths,
    dialect: 'sel',
    options: { autoPong: false },
    admit:
      ({ tenant, socket }) =>
      (ws) => {
        const { options, stop } = roomOf(tenant);
        const { hub } = options;
        const subscriber = new Subscriber(ws, socket, options);
        hub.add(subscriber);
        const rest = sweep.add(subscriber);
        ws.on('close', () => {
          rest();
          hub.delete(subscriber);
          if (hub.size > 0) return;
          stop();
          rooms.delete(tenant);
        });
      },
    close: () => sweep.stop(),
  };
}
