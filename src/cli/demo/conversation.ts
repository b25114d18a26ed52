/** The conversation `synod demo` plays: a researcher and an engineer plan a small product. Written for Synod. */

export interface Exchange {
  /** What the researcher asks. */
  readonly question: string;
  /** What the engineer answers; absent where memory is expected to know the answer. */
  readonly answer?: string;
}

export const RESEARCHER = 'Mara';
export const ENGINEER = 'Theo';

/** With the ninth question the topic changes; the thirteenth repeats the third in other words. */
export const CONVERSATION: readonly Exchange[] = [
  {
    question: 'Which problem should our balcony watering box solve first?',
    answer:
      'Holidays. Tomatoes and herbs die while their owners travel, so the watering box has to keep ten pots of plants ' +
      'alive for three weeks without anybody at home.',
  },
  {
    question: 'How does the watering box notice that a plant needs water?',
    answer:
      'With a capacitive moisture sensor in the soil of each pot. Resistive sensors are cheaper, but they corrode within ' +
      'one summer.',
  },
  {
    question: 'Which pump should bring the plants their water from the tank of the box?',
    answer:
      'A peristaltic pump. It doses to the millilitre, never touches the water, and nothing siphons out of the tank when ' +
      'it stops.',
  },
  {
    question: 'How large must the water tank of the box be for ten plants?',
    answer: 'Twenty litres. A tomato in July drinks 90 ml a day, so ten plants empty such a tank in 22 days.',
  },
  {
    question: 'What protects the box when the tank is empty?',
    answer:
      'A float switch. It stops the pump and the box sends a message, because running dry ruins the hose in an hour.',
  },
  {
    question: 'Does the box need a sensor of its own for every plant?',
    answer: 'No. Herbs in equal soil and equal sun can share a sensor; only each tomato plant gets its own.',
  },
  {
    question: 'How long do the batteries drive the pump of the watering box?',
    answer:
      'Five months on four AA cells. The pump runs two minutes a day, and each sensor sleeps between two readings of the ' +
      'soil.',
  },
  {
    question: 'At what hour should the box water the plants?',
    answer: 'At six in the morning. The soil is cool then, and the plants lose the least water before the sun comes.',
  },
  {
    question: 'Now to money: what would customers in the survey pay?',
    answer:
      'Most customers accept a price of 149 euros. Above 180 euros half of the people in the survey walk away from the ' +
      'offer.',
  },
  {
    question: 'What did the survey say about customers who refuse that price?',
    answer:
      'They rent their homes and move often. Such customers would rather pay 12 euros a month than a price up front.',
  },
  {
    question: 'Where do we find customers at a low price per order?',
    answer: 'In garden newsletters. An order costs us 9 euros there, against 31 euros per order in online shops.',
  },
  {
    question: 'Do customers get a lower price when they order before the fair?',
    answer: 'Yes, 15 percent off. An early order then costs customers 127 euros, and our own cost stays at 83 euros.',
  },
  {
    question: 'Remind me which pump brings water from the tank of the box to the plants?',
  },
  {
    question: 'How many early orders at that price pay for the tools?',
    answer: 'About 340 orders. The tools cost 15,000 euros, and each early order leaves 44 euros.',
  },
  {
    question: 'And how many days does the tank last ten plants?',
    answer: 'Twenty-two days with its twenty litres, one day more than the three weeks we promise.',
  },
  {
    question: 'Which price do early customers read on our poster for the fair?',
    answer:
      'The price of 149 euros, with 15 percent off for every early order, under a promise: three weeks of holiday.',
  },
];
