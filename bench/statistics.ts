export function median(numbers: readonly number[]): number {
  const sorted = [...numbers].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  const upper = sorted[middle] ?? Number.NaN
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2
}

/** Each round's rate over the other's of the same round: what slows the machine down slows both. */
export function ratios(rates: readonly number[], baseline: readonly number[]): number[] {
  return rates.map((rate, round) => rate / (baseline[round] ?? Number.NaN))
}
