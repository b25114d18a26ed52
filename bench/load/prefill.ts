/** Full sessions on somebody's running server, over HTTP alone: one is filled turn by turn, the others import it. */
import type { Answer, Client } from './client.ts';
import { createRandom, messageOf } from './words.ts';

/** Imports under way at once: each is about a megabyte. */
const AT_ONCE = 4;
const ATTEMPTS = 20;
const WAIT_MS = 250;

/** Tries again what was refused for now. @throws Error for what is refused for good */
async function insist(call: () => Promise<Answer>): Promise<Answer> {
  for (let attempt = 1; ; attempt++) {
    const answer = await call();
    if (answer.ok) return answer;
    if (attempt === ATTEMPTS || !/^(429|503)$/.test(answer.status)) {
      throw new Error(
        `the target answered ${answer.status} while its sessions were made ready: ${answer.text.slice(0, 200)}`,
      );
    }
    await new Promise((resolve) => setTimeout(resolve, Math.min(answer.retryMs ?? WAIT_MS, 10_000)));
  }
}

async function create(client: Client): Promise<string> {
  const { text } = await insist(() => client.call('POST', '/v1/session/create', '{}'));
  return (JSON.parse(text) as { session_id: string }).session_id;
}

/**
 * @param made collects the ids as sessions come into being, so that they can be removed whatever happens
 * @param fill memories of each
 */
export async function prefill(
  client: Client,
  count: number,
  fill: number,
  made: string[],
  progress: (line: string) => void = () => {},
): Promise<void> {
  const random = createRandom(count);
  const first = await create(client);
  made.push(first);
  for (let turn = 0; turn < fill; turn++) {
    if (turn % 20 === 0) progress(`filling one session, ${turn} of ${fill} memories`);
    const body = { session_id: first, message: messageOf(random), response: messageOf(random) };
    await insist(() => client.call('POST', '/v1/store', JSON.stringify(body)));
  }
  const { text } = await insist(() => client.call('GET', `/v1/session/${encodeURIComponent(first)}/export`));
  const { state_dict } = JSON.parse(text) as { state_dict: unknown };
  const document = JSON.stringify({ state_dict });
  const worker = async () => {
    while (made.length < count) {
      // Its place is taken before the first await, so that no two workers make the same one.
      const place = made.push('') - 1;
      made[place] = await create(client);
      const path = `/v1/session/${encodeURIComponent(made[place]!)}/import`;
      await insist(() => client.call('POST', path, document));
      if (place % 10 === 0) progress(`filling sessions, ${place} of ${count}`);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
}

/** One run in each session, so that none has to be brought from disk when the clock runs. */
export async function warm(client: Client, sessions: readonly string[]): Promise<void> {
  const rest = [...new Set(sessions)];
  const worker = async () => {
    for (let id = rest.pop(); id !== undefined; id = rest.pop()) {
      const body = JSON.stringify({ session_id: id, message: 'Are you awake?' });
      await insist(() => client.call('POST', '/v1/run', body));
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
}

/** Removes what {@link prefill} made, as far as the server lets it. */
export async function clear(client: Client, made: readonly string[]): Promise<void> {
  const rest = made.filter((id) => id !== '');
  const worker = async () => {
    for (let id = rest.pop(); id !== undefined; id = rest.pop()) {
      const path = `/v1/session/${encodeURIComponent(id)}`;
      await insist(() => client.call('DELETE', path)).catch(() => {});
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
}
