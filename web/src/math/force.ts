// The waterfall on one line: what pushes up ends at F(x), what pushes down begins there.
import { waterfall, type Part, type Step } from './waterfall.ts';

// From the left to the right. The strongest touch F(x); the gap stands at an end. `from` < `to`.
export function forceLine(baseline: number, score: number, parts: Part[], limit = Infinity): Step[] {
  const up: Step[] = [];
  const down: Step[] = [];
  let [low, high] = [score, score];
  for (const step of waterfall(baseline, score, parts, limit).steps.reverse()) {
    if (step.total > 0) up.push({ ...step, from: low - step.total, to: low });
    if (step.total < 0) down.push({ ...step, from: high, to: high - step.total });
    low -= Math.max(0, step.total);
    high -= Math.min(0, step.total);
  }
  return [...up.reverse(), ...down];
}
