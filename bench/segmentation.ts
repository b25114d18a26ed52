/**
 * How good a segmentation is, as the TIAGE and DialSeg711 papers score it. A segmentation of n utterances is the set of
 * its boundaries: i is one when a new topic begins with utterance i, 1 ≤ i < n.
 */

export interface Segmented {
  /** Utterances. */
  readonly length: number;
  readonly boundaries: ReadonlySet<number>;
}

export interface Quality {
  /** 0.5 F1 + 0.25 (1 − Pk) + 0.25 (1 − WD). */
  readonly score: number;
  readonly f1: number;
  readonly pk: number;
  readonly wd: number;
  /** Over all dialogues taken together; NaN when nothing was predicted. */
  readonly precision: number;
  readonly recall: number;
  /** Predicted boundaries per true one: above 1 the detector over-fires. */
  readonly density: number;
}

/** Half the mean length of the true segments, rounded, at least 2. */
export function windowOf({ length, boundaries }: Segmented): number {
  return Math.max(2, Math.round(length / (boundaries.size + 1) / 2));
}

const hits = (truth: Segmented, predicted: ReadonlySet<number>): number =>
  [...predicted].filter((i) => truth.boundaries.has(i)).length;

/** F1 of the boundaries; 0 without a hit, also where there is nothing to hit (as scikit-learn has it). */
export function f1Of(truth: Segmented, predicted: ReadonlySet<number>): number {
  const found = hits(truth, predicted);
  return found === 0 ? 0 : (2 * found) / (predicted.size + truth.boundaries.size);
}

/**
 * Pk and WindowDiff over the n − k windows from utterance i to i + k: the share where truth and prediction disagree
 * about whether (Pk), or about how many (WindowDiff), boundaries lie within.
 *
 * @param k below the number of utterances
 * @see Beeferman, Berger, Lafferty 1999, Statistical Models for Text Segmentation
 * @see Pevzner, Hearst 2002, A Critique and Improvement of an Evaluation Metric for Text Segmentation
 */
export function windowErrors(truth: Segmented, predicted: ReadonlySet<number>, k: number): { pk: number; wd: number } {
  let pk = 0;
  let wd = 0;
  const windows = truth.length - k;
  for (let i = 0; i < windows; i++) {
    let wanted = 0;
    let found = 0;
    for (let j = i + 1; j <= i + k; j++) {
      if (truth.boundaries.has(j)) wanted++;
      if (predicted.has(j)) found++;
    }
    if (wanted > 0 !== found > 0) pk++;
    if (wanted !== found) wd++;
  }
  return { pk: pk / windows, wd: wd / windows };
}

/** F1, Pk and WD as means over dialogues; precision, recall and density over all boundaries. */
export function qualityOf(truths: readonly Segmented[], predictions: readonly ReadonlySet<number>[]): Quality {
  let [f1, pk, wd, found, predicted, wanted] = [0, 0, 0, 0, 0, 0];
  truths.forEach((truth, i) => {
    const prediction = predictions[i]!;
    const errors = windowErrors(truth, prediction, windowOf(truth));
    f1 += f1Of(truth, prediction) / truths.length;
    pk += errors.pk / truths.length;
    wd += errors.wd / truths.length;
    found += hits(truth, prediction);
    predicted += prediction.size;
    wanted += truth.boundaries.size;
  });
  const score = 0.5 * f1 + 0.25 * (1 - pk) + 0.25 * (1 - wd);
  return { score, f1, pk, wd, precision: found / predicted, recall: found / wanted, density: predicted / wanted };
}
