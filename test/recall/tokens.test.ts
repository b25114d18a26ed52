/** What a text is found under. */
import { describe, expect, it } from 'vitest';
import { splitWords, toTerm } from '../../src/recall/tokens.ts';

describe('words', () => {
  const cases: [claim: string, text: string, words: string[]][] = [
    ['lower-cases and drops punctuation', 'Hello, World!', ['hello', 'world']],
    ['keeps repetitions in order', 'tick tock tick', ['tick', 'tock', 'tick']],
    ['cuts English contractions', "Caroline's dog won't; they’re it's", ['caroline', 'dog', 'wo', 'they', 'it']],
    ['leaves other apostrophes as borders', "l'avion O'Brien", ['l', 'avion', 'o', 'brien']],
    ['keeps numbers whole', '1,424 tokens at 0.85, v1.2.3', ['1424', 'tokens', 'at', '0.85', 'v1', '2.3']],
    ['reads a number with its unit', '768d and 3.5mm', ['768d', 'and', '3', '5mm']],
    ['splits identifiers at underscores', 'max_turns __proto__', ['max', 'turns', 'proto']],
    ['keeps single characters', 'C and R', ['c', 'and', 'r']],
    ['keeps umlauts and other scripts', 'Größe Привет', ['größe', 'привет']],
    ['sees through full-width and ligature forms', 'ＡＢＣ ﬁne', ['abc', 'fine']],
    ['takes a combining accent for its letter', 'Cafe\u0301', ['café']],
    ['pairs characters of scripts without spaces', '数据库', ['数据', '据库']],
    ['keeps a lone character of such a script', '我 go', ['我', 'go']],
    ['splits mixed scripts', '用mpnet模型', ['用', 'mpnet', '模型']],
    ['leaves Korean words whole', '안녕 세계', ['안녕', '세계']],
    ['takes a pictogram for a word', 'launch🚀🚀', ['launch', '🚀', '🚀']],
    ['finds nothing in punctuation', '… — !?', []],
    ['finds nothing in nothing', '', []],
  ];
  it.each(cases)('%s', (_, text, words) => {
    expect(splitWords(text)).toEqual(words);
  });

  it('cuts very long words instead of carrying them along', () => {
    expect(splitWords('x'.repeat(10_000))).toEqual(['x'.repeat(48)]);
  });
});

describe('terms', () => {
  const toTerms = (text: string) =>
    splitWords(text)
      .map(toTerm)
      .filter((term) => term !== '');

  it('are the same for forms of a word', () => {
    expect(toTerms('deploying deployed deploys')).toEqual(
      ['deploi', 'deploi', 'deploi'].map(() => toTerms('deploy')[0]),
    );
  });

  it('leave out grammar', () => {
    expect(toTerms('What did we do with the keys?')).toEqual(['kei']);
  });

  it('do not contain the markers of a stored turn', () => {
    expect(toTerms('Q: Which port? A: Port 8080.')).toEqual(toTerms('Which port? Port 8080.'));
  });

  it('keep May, which is a month', () => {
    expect(toTerms('in May')).toEqual(['mai']);
  });

  it('are unharmed by words JavaScript objects have', () => {
    expect(toTerms('constructor __proto__ toString hasOwnProperty')).toEqual([
      'constructor',
      'proto',
      'tostr',
      'hasownproperti',
    ]);
  });
});
