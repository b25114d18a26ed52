import { expect, it } from 'vitest';
import { type CommandName, schemas } from '../../actors/kinds/session/events.ts';
import { session as kind } from '../../actors/kinds/session.ts';
import { Driven, v } from './drive.ts';

it('has an example life that works', () => {
  const { input, events } = kind.example;
  const session = new Driven(input as ConstructorParameters<typeof Driven>[0]);
  for (const { type, ...payload } of events) session.send(type as CommandName, payload);
  expect(session.context).toMatchObject({ turns: 1, entities: [{ key: 'PORT' }] });
  expect(session.context.memories[0]?.text).toBe('Q: Which port does the server use? A: Port 8080.');
});

it('documents every command it accepts, and accepts every command it documents', () => {
  const session = new Driven();
  expect(new Set(kind.machine.events)).toEqual(new Set(Object.keys(kind.commands)));
  for (const name of Object.keys(schemas) as CommandName[]) expect(session.can(name), name).toBe(true);
});

it('answers a failure as data, keeping the state', () => {
  const session = new Driven();
  const reply = session.try('anchor.add', { embedding: v(1) });
  expect(reply).toEqual({ error: { code: 'INVALID', message: 'the anchor has 1 numbers, the session wants 2' } });
  expect(session.context.outcome).toBe(reply);
});
