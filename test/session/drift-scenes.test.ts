/**
 * Drift on scripted sessions. Every scene is one topic throughout; `same` goes on with it, each of `other` leaves it.
 * Texts under the hash embedder; and synthetic vectors like those of a dense embedder.
 */
import { describe, expect, it } from 'vitest';
import { chunkText } from '../../actors/kinds/session/store.ts';
import { createHashEmbedder } from '../../src/embedding/hash.ts';
import { unit } from '../../workers/vector.ts';
import { Driven } from './drive.ts';

const embedder = createHashEmbedder();
const embed = async (text: string) => (await embedder.embed([text], 'document'))[0]!;

interface Scene {
  readonly about: string;
  readonly turns: readonly (readonly [message: string, answer: string])[];
  readonly same: readonly string[];
  readonly other: readonly string[];
}

const scenes: readonly Scene[] = [
  {
    about: 'a deployment, in questions',
    turns: [
      [
        'How do I deploy the web service to production?',
        'Build the container image and roll it out to the cluster with a deployment manifest.',
      ],
      ['Which port does the web service listen on?', 'The service listens on port 8080 behind the load balancer.'],
      [
        'Deploy the service to the staging cluster first.',
        'The staging deployment is rolled out, two replicas of the service are running.',
      ],
      [
        'Can we roll back the deployment if the service fails?',
        'Yes, kubectl rollout undo brings the last deployment of the service back.',
      ],
      ['Scale the deployment to five replicas.', 'The service now runs with five replicas in the cluster.'],
      [
        'Is the load balancer healthy after the deployment?',
        'All five replicas pass the health check of the load balancer.',
      ],
    ],
    same: [
      'Please restart the web service in the production cluster.',
      'How many replicas of the deployment are running in the cluster?',
      'Does the production deployment use the same container image?',
    ],
    other: [
      'My grandmother bakes a wonderful cherry cake.',
      'What is the capital of Australia?',
      'Can you recommend a novel for my holidays?',
    ],
  },
  {
    about: 'a deployment, in statements',
    turns: [
      ['We are going to deploy the web service today.', 'Fine, I prepare the deployment of the web service.'],
      ['The web service runs in a container on port 8080.', 'I will set port 8080 in the deployment of the container.'],
      ['Deployment to staging went well.', 'Then the web service can be deployed to production.'],
      ['The deployment to production needs a new certificate.', 'I will request the certificate for the web service.'],
      ['The certificate for the web service is installed.', 'The deployment to production can start.'],
      ['Start the deployment of the web service.', 'The web service is deployed to production.'],
    ],
    same: [
      'The deployment of the web service is finished.',
      'Check that the web service answers on port 8080.',
      'Is the certificate of the web service valid in production?',
    ],
    other: [
      'My grandmother bakes a wonderful cherry cake.',
      'Who won the football match last night?',
      'I feel tired and my back hurts.',
    ],
  },
  {
    about: 'a journey, in German',
    turns: [
      ['Ich plane eine Reise nach Portugal im Mai.', 'Portugal ist im Mai warm, Lissabon und Porto lohnen die Reise.'],
      ['Wie komme ich von Lissabon nach Porto?', 'Mit dem Zug dauert die Fahrt von Lissabon nach Porto drei Stunden.'],
      ['Was kostet der Zug nach Porto?', 'Die Fahrkarte für den Zug kostet etwa 30 Euro.'],
      ['Ich möchte drei Nächte in Porto bleiben.', 'Für drei Nächte in Porto gibt es gute Hotels am Fluss.'],
      ['Welches Hotel in Porto liegt am Fluss?', 'Das Hotel Ribeira liegt direkt am Fluss in Porto.'],
      [
        'Buche das Hotel Ribeira für drei Nächte im Mai.',
        'Das Hotel Ribeira in Porto ist für drei Nächte im Mai gebucht.',
      ],
    ],
    same: ['Wann fährt der Zug von Porto zurück nach Lissabon?', 'Das Hotel am Fluss in Porto gefällt mir.'],
    other: ['Mein Computer startet seit gestern nicht mehr.', 'Wie schreibt man eine Bewerbung als Lehrer?'],
  },
  {
    about: 'an error in a script',
    turns: [
      [
        'My python script raises a KeyError when it reads the config file.',
        'The key is missing in the config dictionary, use config.get with a default.',
      ],
      [
        'The KeyError comes from the line that reads the database url.',
        'Then the database url is missing in the config file.',
      ],
      [
        'I added the database url to the config, now the connection times out.',
        'Check that the database host in the url is reachable from the script.',
      ],
      [
        'The database host is reachable, but the connection is refused.',
        'Then the database does not listen on that port; check the port in the url.',
      ],
      [
        'You were right, the port in the url was wrong.',
        'Good, with the right port the script connects to the database.',
      ],
      ['The script connects now, but the query is slow.', 'Add an index on the column the query filters by.'],
    ],
    same: [
      'Which column of the database should I index for the query?',
      'The query in the script is fast now with the index.',
      'Should the script close the connection to the database?',
    ],
    other: [
      'What should I cook for dinner tonight?',
      'My daughter starts school next week.',
      'Tell me about the history of Rome.',
    ],
  },
  {
    about: 'one and the same message',
    turns: Array.from(
      { length: 6 },
      () => ['Tell me about the weather in Berlin.', 'It is sunny in Berlin, 21 degrees.'] as const,
    ),
    same: ['Tell me about the weather in Berlin.', 'How is the weather in Berlin?'],
    other: ['Please transpose this matrix.'],
  },
];

async function told(turns: readonly (readonly [string, string])[]): Promise<{ session: Driven; alarms: string[] }> {
  const session = new Driven({ config: { dimension: 384 } });
  const alarms: string[] = [];
  for (const [message, response] of turns) {
    const { drift, pendingId } = session.send('run', { message, embedding: await embed(message) });
    if (drift.detected) alarms.push(message);
    session.send('store', { response, embedding: await embed(chunkText(message, response)), pendingId });
  }
  return { session, alarms };
}

describe.each(scenes)('a session about $about', ({ turns, same, other }) => {
  it('stays quiet while it is', async () => {
    const { alarms } = await told(turns);
    expect(alarms).toEqual([]);
    for (const message of same) {
      const { session } = await told(turns);
      const { drift } = session.send('run', { message, embedding: await embed(message) });
      expect({ message, detected: drift.detected }).toEqual({ message, detected: false });
    }
  });

  it('notices at once when it is no longer', async () => {
    for (const message of other) {
      const { session } = await told(turns);
      const { drift } = session.send('run', { message, embedding: await embed(message) });
      expect({ message, detected: drift.detected }).toEqual({ message, detected: true });
    }
  });
});

describe('a clear change', () => {
  const [deployment] = scenes;
  const baking = [
    'My grandmother bakes a wonderful cherry cake.',
    'She takes sour cherries from her own garden.',
    'Her sister prefers plums.',
  ] as const;

  it('is confirmed within two messages, and once', async () => {
    const { session } = await told(deployment!.turns);
    const confirmed: boolean[] = [];
    for (const message of baking) {
      const { drift, pendingId } = session.send('run', { message, embedding: await embed(message) });
      confirmed.push(drift.confirmed);
      session.send('store', { response: 'ok', embedding: await embed(chunkText(message, 'ok')), pendingId });
    }
    expect(confirmed).toEqual([false, true, false]);
  });

  it('is noticed even as the answer to a question', async () => {
    const { session } = await told([
      ...deployment!.turns,
      ['Scale it down.', 'Shall I scale the service to one replica?'],
    ]);
    expect(session.send('run', { message: baking[0], embedding: await embed(baking[0]) }).drift.detected).toBe(true);
  });
});

describe('with a dense embedder', () => {
  /** Park-Miller numbers in [-1, 1). */
  function lottery(seed: number): () => number {
    let state = seed;
    return () => {
      state = (state * 48_271) % 2_147_483_647;
      return (state / 2_147_483_647) * 2 - 1;
    };
  }

  /**
   * Messages a·all + b·topic + c·own, unit parts that are all but orthogonal: cosine a² within nothing in common,
   * a² + b² within a topic.
   */
  function voice(seed: number, unrelated: number, related: number) {
    const draw = lottery(seed);
    const direction = () => unit(Float64Array.from({ length: 384 }, draw));
    const all = direction();
    const weights = [unrelated, related - unrelated, 1 - related].map(Math.sqrt);
    return () => {
      const topic = direction();
      return () => {
        const own = direction();
        const mixed = all.map((x, i) => weights[0]! * x + weights[1]! * topic[i]! + weights[2]! * own[i]!);
        return Float32Array.from(mixed);
      };
    };
  }

  it.each([
    { unrelated: 0.3, related: 0.6 },
    { unrelated: 0.45, related: 0.75 },
    { unrelated: 0.6, related: 0.85 },
  ])('a change of topic is found where cosine $unrelated is none and $related is one', ({ unrelated, related }) => {
    for (let seed = 1; seed <= 20; seed++) {
      const newTopic = voice(seed, unrelated, related);
      const session = new Driven({ config: { dimension: 384 } });
      for (const changed of [false, true]) {
        const speak = newTopic();
        for (let turn = 0; turn < 6; turn++) {
          const message = turn % 2 === 0 ? 'go on with that' : 'and how does that go on?';
          const { drift, pendingId } = session.send('run', { message, embedding: speak() });
          expect({ seed, turn, detected: drift.detected }).toEqual({ seed, turn, detected: changed && turn === 0 });
          expect(drift.confirmed).toBe(changed && turn === 1);
          session.send('store', { response: 'it does go on', embedding: speak(), pendingId });
        }
      }
    }
  });
});
