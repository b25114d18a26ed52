/** Who belongs to a cluster: the session decides, and nobody is left counting on somebody who is gone. */
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type Team, team, theCluster, theSession } from './drive.ts';

let those: Awaited<ReturnType<typeof team>>;
const tell: Team['tell'] = (...args) => those.tell(...args);

beforeEach(async () => {
  those = await team();
  for (const id of ['a', 'b', 'c']) await those.make(id);
  await those.found('one');
  await those.found('two');
});
afterEach(() => those.stop());

it('lists a session on its yes, in order, once', async () => {
  for (const id of ['b', 'c', 'a']) expect(await those.add('one', id)).toEqual({ added: true });
  expect(await those.add('one', 'b')).toEqual({ added: false });
  expect(await those.cluster('one')).toMatchObject({ members: ['a', 'b', 'c'], joining: [] });
  expect((await those.session('a')).cluster).toBe('one');
});

it('takes nobody who is in another cluster, does not exist, or is its own session', async () => {
  await those.add('one', 'a');
  expect(await those.add('two', 'a')).toMatchObject({ added: false, error: { code: 'CONFLICT' } });
  expect(await those.add('two', 'nobody')).toMatchObject({ added: false, error: { code: 'NOT_FOUND' } });
  await expect(those.add('two', 'two')).rejects.toMatchObject({ code: 'CONFLICT' });
  // Another cluster's own session belongs to that one.
  expect(await those.add('two', 'one')).toMatchObject({ added: false, error: { code: 'CONFLICT' } });
  expect(await those.cluster('two')).toMatchObject({ members: [], joining: [] });
});

it('gives a session asked by two clusters at once to one of them', async () => {
  const answers = await Promise.all([those.add('one', 'a'), those.add('two', 'a')]);
  expect(answers.map(({ added }) => added).sort()).toEqual([false, true]);
  const lists = await Promise.all(['one', 'two'].map(async (id) => (await those.cluster(id)).members));
  expect(lists.flat()).toEqual(['a']);
});

it('answers both of two that add the same session at once', async () => {
  const answers = await Promise.all([those.add('one', 'a'), those.add('one', 'a')]);
  expect(answers.map(({ added }) => added).sort()).toEqual([false, true]);
  expect(await those.cluster('one')).toMatchObject({ members: ['a'], joining: [] });
});

it('lets a member go, which can then join another', async () => {
  await those.add('one', 'a');
  expect(await tell('one', { type: 'member.remove', session: 'a' })).toEqual({ removed: true });
  await expect(tell('one', { type: 'member.remove', session: 'a' })).rejects.toMatchObject({ code: 'NOT_FOUND' });
  await those.settle();
  expect((await those.session('a')).cluster).toBeNull();
  expect(await those.add('two', 'a')).toEqual({ added: true });
});

it('does not remove a session that is just being added', async () => {
  const adding = those.add('one', 'a');
  await expect(tell('one', { type: 'member.remove', session: 'a' })).rejects.toMatchObject({ code: 'STALE' });
  expect(await adding).toEqual({ added: true });
  expect((await those.session('a')).cluster).toBe('one');
});

it('forgets a member that is deleted', async () => {
  await those.add('one', 'a');
  await those.add('one', 'b');
  await those.system.remove(theSession('a'));
  await those.settle();
  expect((await those.cluster('one')).members).toEqual(['b']);
});

it('forgets a session that is deleted between its yes and the listing', async () => {
  const adding = those.add('one', 'a');
  await those.system.remove(theSession('a'));
  await adding;
  await those.settle();
  expect(await those.cluster('one')).toMatchObject({ members: [], joining: [] });
});

it('lets everybody go when it is deleted, also those who are about to join', async () => {
  await those.add('one', 'a');
  const adding = expect(those.add('one', 'b')).rejects.toMatchObject({ code: 'NOT_FOUND' });
  await those.system.remove(theCluster('one'));
  await those.settle();
  await adding;
  expect((await those.session('a')).cluster).toBeNull();
  expect((await those.session('b')).cluster).toBeNull();
  expect(await those.add('two', 'b')).toEqual({ added: true });
});
