/** What the two teams of `synod demo` know and are told. Written for Synod. */
import type { Exchange } from './conversation.ts';

export interface Teammate {
  readonly name: string;
  /** What it learned before the teams were made. */
  readonly knows: readonly Required<Exchange>[];
}

export interface Team {
  readonly name: string;
  readonly members: readonly [Teammate, Teammate];
  /** What its first member asks at the end, out of nowhere. */
  readonly surprise: string;
}

export const TEAMS: readonly [Team, Team] = [
  {
    name: 'hardware',
    members: [
      {
        name: 'Ana',
        knows: [
          { question: 'Which pump waters the plants?', answer: 'A peristaltic pump waters the plants from the tank.' },
          {
            question: 'How fast does the pump water the plants?',
            answer: 'The pump waters ten plants in two minutes.',
          },
          { question: 'What protects the pump of the plants?', answer: 'A float switch in the tank stops the pump.' },
          { question: 'When does the pump water the plants?', answer: 'The pump waters the plants at six o’clock.' },
        ],
      },
      {
        name: 'Ben',
        knows: [
          { question: 'Which sensor reads the soil?', answer: 'A capacitive sensor reads the soil of each pot.' },
          { question: 'How often does the sensor read the soil?', answer: 'The sensor reads the soil every hour.' },
          { question: 'What drives the sensor in the soil?', answer: 'Four cells drive each soil sensor for months.' },
          {
            question: 'Where does the sensor sit in the soil?',
            answer: 'The sensor sits five centimetres in the soil.',
          },
        ],
      },
    ],
    surprise: 'Who signs the rent contract for our new office in Lisbon?',
  },
  {
    name: 'sales',
    members: [
      {
        name: 'Cleo',
        knows: [
          { question: 'Which price do customers accept?', answer: 'Most customers accept a price of 149 euros.' },
          { question: 'Above which price do customers leave?', answer: 'Above 180 euros half of the customers leave.' },
          { question: 'Which price do early customers pay?', answer: 'Early customers pay a price of 127 euros.' },
          {
            question: 'Which price do customers pay monthly?',
            answer: 'Some customers pay a monthly price of 12 euros.',
          },
        ],
      },
      {
        name: 'Dov',
        knows: [
          { question: 'Where do orders come from?', answer: 'Orders come from garden newsletters and from shops.' },
          { question: 'What does an order from a shop cost?', answer: 'An order from online shops costs 31 euros.' },
          { question: 'How many orders come before the fair?', answer: 'About 340 orders come before the fair.' },
          { question: 'Which orders come from newsletters?', answer: 'Orders from newsletters cost nine euros each.' },
        ],
      },
    ],
    surprise: 'Which vaccination does the office dog still need?',
  },
];
